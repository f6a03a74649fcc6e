"""How many messages a second go out through RQ to a provider that answers in 50 ms, beside what users write first.

Two `keepwarm work` and one `keepwarm schedule`, half WeChat and half SMS, each message to somebody else. Beside it the
peer: an RQ job a message, two `rq worker` as RQ's page starts them (and as its page on performance advises); and the
limit: as many as that many connections can carry. Rates are the provider's: from the first call to the last.
`python -m bench.delivery [--databases sqlite,postgres]`; SCALE=small for a few messages. Exit 1 if a goal is missed.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import requests
import rq
import sqlalchemy as sa

from bench import one_job, waiting
from bench.servers import free_port, process
from bench.waiting import Databases
from bot.content import load
from bot.outbox.dispatcher import AT_ONCE
from bot.platform import clock, embedded_redis
from bot.runtime import understanding
from bot.store.db import bulk
from bot.store.db.setup import open_store
from bot.store.tables import outbound
from tests import postgres

WORKERS = 2
MESSAGES = {"small": (40, 4), "": (3_000, 300)}  # ours, the peer's
LEAST_TIMES = 10.0
TEXT = "你好，下周一上午九点在上海培训中心开始培训，请带身份证和健康证。"
_ANSWERS_IN = 0.05  # seconds
_ENDS_WITHIN = 300
_PEERS = {"rq worker": ("rq.cli", "worker"), "rq worker, all imported": ("bench.one_job",)}


@dataclass(frozen=True)
class Rate:
    """Messages a second, and how many the provider had at once."""

    of: str
    rate: float
    most_at_once: int


@dataclass(frozen=True)
class Bench:
    """Where everything is: this kind of database, the provider's address, a Redis."""

    databases: Databases
    kind: str
    api: str
    environment: dict[str, str]

    @property
    def folder(self) -> Path:
        return self.databases.folder

    @property
    def socket(self) -> str:
        return f"unix://{embedded_redis.socket_of(self.folder / 'var')}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.delivery", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--trained", type=Path, help="a folder with what keepwarm has learned, to save that time")
    options = parser.parse_args()
    wanted, small = options.databases.split(","), os.environ.get("SCALE") == "small"
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before")
    with tempfile.TemporaryDirectory(prefix="kwbench") as name, ExitStack() as stack:
        has_postgres = "postgres" in wanted and postgres.binaries() is not None
        databases = Databases(Path(name), stack.enter_context(postgres.cluster()) if has_postgres else "")
        api = stack.enter_context(_provider())
        environment = _environment(databases.folder, api, options.trained)
        stack.callback(embedded_redis.stop, embedded_redis.start(databases.folder / "var"))
        benches = [Bench(databases, kind, api, environment) for kind in databases.kinds if kind in wanted]
        found = [judge(_compared(bench, *MESSAGES["small" if small else ""])) for bench in benches]
        sys.exit(0 if small else max(found, default=1))  # so few are no measure


@contextmanager
def _provider() -> Iterator[str]:
    port = free_port()
    line = ("bench.provider", "--port", str(port), "--milliseconds", str(_ANSWERS_IN * 1000))
    with process(line, port):
        yield f"http://127.0.0.1:{port}"


def _environment(folder: Path, api: str, trained: Path | None) -> dict[str, str]:
    """The shipped configuration without limits of its own."""
    environment = waiting.environment(folder, WECHAT_API_URL=api, TWILIO_API_URL=api, KEEPWARM_REDIS_URL="")
    config = folder / "config.yaml"
    config.write_text(re.sub(r"a_second: \d+", "a_second: 100000", config.read_text(encoding="utf-8")), "utf-8")
    if trained:
        shutil.copytree(trained, folder / "var" / "understanding")
    settings = waiting.settings(folder)
    understanding(settings, load(settings))  # so that no worker needs to learn first
    return environment


def _compared(bench: Bench, messages: int, peers: int) -> list[Rate]:
    print(f"\n{bench.kind}: {messages:,} messages, half WeChat and half SMS, to as many people; {peers:,} by the peer")
    found = [_ours(bench, messages), *(_peer(bench, name, peers) for name in _PEERS)]
    limit = Rate(f"limit: {WORKERS * AT_ONCE} connections", WORKERS * AT_ONCE / _ANSWERS_IN, WORKERS * AT_ONCE)
    print(f"{'':>28}{'messages/s':>12}{'keepwarm / it':>15}{'most at once':>14}")
    for each in (*found, limit):
        print(f"{each.of:>28}{each.rate:>12,.1f}{found[0].rate / each.rate:>14.2f}x{each.most_at_once:>14}")
    return found


def _ours(bench: Bench, messages: int) -> Rate:
    with _people(bench, "ours", messages) as url, ExitStack() as stack:
        environment = bench.environment | {"KEEPWARM_DATABASE_URL": url}
        for command in (*["work"] * WORKERS, "schedule"):
            stack.enter_context(process(("bot", command), None, environment))
        connection = embedded_redis.connect("", bench.folder / "var")
        _wait_for(lambda: _all_have_worked(connection))
        return _measured(bench, "keepwarm", url, messages, lambda _: None)


def _all_have_worked(connection: "redis.Redis") -> bool:
    workers = rq.Worker.all(connection=connection)
    return len(workers) == WORKERS and all(worker.successful_job_count for worker in workers)


def _peer(bench: Bench, name: str, messages: int) -> Rate:
    with _people(bench, "peer", messages) as url, ExitStack() as stack:
        connection = redis.Redis.from_url(bench.socket)
        queue = rq.Queue("peer", connection=connection)
        plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        database = plain if bench.kind == "postgres" else str(sa.make_url(url).database)

        def enqueue(rows: Sequence[Any]) -> None:
            for row in rows:
                queue.enqueue(one_job.send, bench.api, database, row.id, row.to, TEXT, result_ttl=0)

        work = _PEERS[name]
        line = (*work, "-q", "-u", bench.socket, "peer") if work[0] == "rq.cli" else (*work, "peer", bench.socket)
        for _ in range(WORKERS):
            stack.enter_context(process(line, None, bench.environment))
        _wait_for(lambda: len(rq.Worker.all(queue=queue)) == WORKERS)
        return _measured(bench, name, url, messages, enqueue)


@dataclass(frozen=True)
class _Waits:
    """A message that waits, and for whom."""

    id: int
    to: str


@contextmanager
def _people(bench: Bench, name: str, count: int) -> Iterator[str]:
    """A database in which so many wait, half of them reached by SMS; and a Redis with nothing in it."""
    url = bench.databases.fresh(bench.kind, name)
    waiting.enter(url, count, clock.now(), texters=count // 2)
    database, _ = open_store(url, waiting.DATA_KEY)
    database.write(lambda connection: connection.execute(sa.text("UPDATE candidates SET plan_at = NULL")))
    database.close()
    redis.Redis.from_url(bench.socket).flushdb()
    yield url
    bench.databases.drop(bench.kind, name)


def _measured(bench: Bench, name: str, url: str, messages: int, enqueue: Callable[[Sequence[_Waits]], None]) -> Rate:
    """Raises RuntimeError where a message was lost or doubled."""
    database, cipher = open_store(url, waiting.DATA_KEY)
    requests.post(f"{bench.api}/reset", timeout=10)
    rows = list(waiting.queued(cipher, range(messages), messages // 2, TEXT, clock.now()))
    database.write(lambda connection: bulk.insert(connection, outbound, rows))
    ids = sa.select(outbound.c.id).where(outbound.c.said == waiting.SAID).order_by(outbound.c.id)
    sent = sa.select(sa.func.count()).where(outbound.c.said == waiting.SAID, outbound.c.state == "sent")
    numbers = database.read(lambda connection: connection.execute(ids).scalars().all())
    people = [waiting.to(number, messages // 2) for number in range(messages)]
    enqueue([_Waits(number, to) for number, to in zip(numbers, people, strict=True)])
    _wait_for(lambda: _figures(bench)["count"] >= messages)
    _wait_for(lambda: database.read(lambda connection: connection.execute(sent).scalar_one()) == messages)
    database.close()
    figures = _figures(bench)
    if figures["count"] != messages or figures["people"] != messages:
        raise RuntimeError(f"{name}: {messages} messages, the provider has {figures}")
    return Rate(name, (messages - 1) / figures["seconds"], figures["most_at_once"])


def _figures(bench: Bench) -> Any:
    return requests.get(f"{bench.api}/figures", timeout=10).json()


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _ENDS_WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("what the benchmark waits for never happened")
        time.sleep(0.1)


def judge(found: Sequence[Rate]) -> int:
    """Prints what was reached; 1 if the goal is missed."""
    ours, peer = found[:2]
    reached = ours.rate >= LEAST_TIMES * peer.rate
    print(f"{'PASS' if reached else 'FAIL'}  {ours.rate / peer.rate:.1f} times {peer.of}, at least {LEAST_TIMES:g}")
    return 0 if reached else 1


if __name__ == "__main__":
    main()
