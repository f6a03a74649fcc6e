"""The servers that are compared: keepwarm itself and its measures, each a process of its own with its own database."""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from bot import settings
from bot.imports.run import ImportJob, run
from bot.platform import clock
from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.db.setup import open_store
from bot.store.tables import candidates, inbound
from fakes import company

TOKEN = "bench-token"
_ROOT = Path(__file__).parent.parent
_DATA_KEY = base64.b64encode(bytes(range(32))).decode()
_BOUND = 100  # candidates who have WeChat
_STARTS_WITHIN = 60  # seconds
_QUESTIONS = (
    *("培训什么时候开始", "请问培训是哪天啊", "在哪里培训？", "培训地点在哪", "培训要带什么东西", "培训都学什么呀"),
    *("要培训几天", "我现在到哪一步了", "下一步是什么", "我分到哪家门店", "我的门店地址在哪", "你好", "谢谢！"),
    *("when is the training", "Where is the training?", "what do i need to bring", "what will we learn in training"),
    *("what is my status", "What happens next?", "which store will i work at", "hello", "thanks a lot"),
)


@dataclass(frozen=True)
class Server:
    """One contender: where it listens, its processes, and the database in which its answers must be found again."""

    name: str
    ports: tuple[int, ...]
    pids: tuple[int, ...]
    database: str = ""

    def megabytes(self) -> int:
        """The resident memory of its largest process."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.pids)
        return max(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20

    def stored(self) -> int:
        """How many messages its database holds."""
        engine = sa.create_engine(self.database)
        try:
            with engine.connect() as connection:
                return int(connection.execute(sa.select(sa.func.count()).select_from(inbound)).scalar_one())
        finally:
            engine.dispose()


def prepare(url: str, folder: Path) -> None:
    """A database with the sample company, its candidates on WeChat, and nothing said yet."""
    environment = _keepwarm_environment(url, folder)
    loaded = settings.load(Path(environment["KEEPWARM_CONFIG"]), environment)
    database, cipher = open_store(loaded.database_url, loaded.data_key, migrate=True)
    now = clock.now()
    company.write(folder / "company", now)
    for what in ("staff", "stores", "cohorts", "candidates"):
        report = run(ImportJob(what, folder / "company" / f"{what}.csv", loaded, database, cipher, now, "cli:bench"))
        assert not report.bad, f"{what}.csv does not import"
    database.write(lambda connection: _bind(connection, cipher, now))
    database.close()


def write_requests(path: Path) -> None:
    """Every question by every person: signed XML pushes, each cut where its message id belongs."""
    stamp = str(int(clock.now().timestamp()))
    signature = hashlib.sha1("".join(sorted((TOKEN, stamp, "nonce"))).encode()).hexdigest()
    target = f"/wechat?signature={signature}&timestamp={stamp}&nonce=nonce"
    pairs = [_request(target, stamp, openid, text) for openid in _openids() for text in _QUESTIONS]
    path.write_text(json.dumps(pairs))


@contextmanager
def keepwarm(name: str, url: str, folder: Path, processes: int = 1) -> Iterator[Server]:
    environment = _keepwarm_environment(url, folder)
    with ExitStack() as stack:
        ports = tuple(free_port() for _ in range(processes))
        commands = [("bot", "serve", "--port", str(port)) for port in ports]
        pids = [
            stack.enter_context(process(command, port, environment))
            for command, port in zip(commands, ports, strict=True)
        ]
        yield Server(name, ports, tuple(pids), url)


@contextmanager
def bare(name: str, database: Path, samples: Path, *options: str) -> Iterator[Server]:
    port = free_port()
    line = ("bench.bare", str(database), "--samples", str(samples), "--port", str(port), "--token", TOKEN, *options)
    with process(line, port) as pid:
        yield Server(name, (port,), (pid,), f"sqlite:///{database}")


@contextmanager
def fixed_text(name: str, session: Path) -> Iterator[Server]:
    port = free_port()
    with process(("bench.fixed_text", str(session), "--port", str(port), "--token", TOKEN), port) as pid:
        yield Server(name, (port,), (pid,))


def _keepwarm_environment(url: str, folder: Path) -> dict[str, str]:
    """The shipped configuration in a folder of its own."""
    config = folder / "config.yaml"
    if not config.exists():
        shutil.copy(_ROOT / "config.yaml", config)
    return {
        **os.environ,
        "KEEPWARM_CONFIG": str(config),
        "KEEPWARM_DATABASE_URL": url,
        "KEEPWARM_DATA_KEY": _DATA_KEY,
        "KEEPWARM_SECRET_KEY": "bench",
        "WECHAT_APP_ID": "wx0123456789abcdef",
        "WECHAT_APP_SECRET": "bench",
        "WECHAT_TOKEN": TOKEN,
        "WECHAT_AES_KEY": "",
    }


def _openids() -> list[str]:
    return [f"oBench{number:022}" for number in range(_BOUND)]


def _bind(connection: sa.Connection, cipher: Cipher, now: datetime) -> None:
    found = connection.execute(sa.select(candidates.c.id).order_by(candidates.c.id).limit(_BOUND)).scalars().all()
    for openid, candidate in zip(_openids(), found, strict=True):
        person = people.get_or_create(connection, cipher, "wechat", openid, now)
        people.bind(connection, person.id, candidate, "wechat", "scan", "bench", now)


def _request(target: str, stamp: str, openid: str, text: str) -> tuple[str, str]:
    before = (
        f"<xml><ToUserName><![CDATA[gh_bench]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{stamp}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>"
    )
    after = "</MsgId></xml>"
    length = len(before.encode()) + len(str(time.time_ns())) + len(after)
    head = f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n"
    return head + before, after


@contextmanager
def process(command: Sequence[str], port: int | None, environment: Mapping[str, str] = os.environ) -> Iterator[int]:
    """Runs `python -m command` until the end of the block; gives its process id once it listens, if it does."""
    line = [sys.executable, "-m", *command]
    with subprocess.Popen(line, cwd=_ROOT, env=dict(environment), stdout=subprocess.DEVNULL) as running:
        try:
            if port is not None:
                _wait_for(port, running)
            yield running.pid
        finally:
            running.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(15)
            running.kill()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"does not listen: {process.args}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
