"""Real servers for the tests: keepwarm's own commands as processes on loopback, and what they have written.

Of `bot` this uses the import, to let the cast move in, and the store, to look into it; never what is under test.
"""

import contextlib
import itertools
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import requests
import sqlalchemy as sa

from bot.platform import clock
from bot.settings import load as load_settings
from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from bot.store.messages import Draft, enqueue
from bot.store.tables import addresses, inbound, outbound
from fakes.launch import Fake
from fakes.twilio.account import Settings as TwilioAccount
from fakes.wechat.account import Settings as WechatAccount
from tests import cast
from tests.conftest import DATA_KEY, NOW
from tests.nursery import nursery

T = TypeVar("T")
ROOT = Path(__file__).parent.parent.parent
PUBLIC = "https://keepwarm.example.com"  # where the platforms think that we are
WECHAT = WechatAccount(token="wechat-token-7d1c", app_secret="app-secret-55e9a0c2b7d14f3f")
TWILIO = TwilioAccount(auth_token="auth-token-c0ffee0ddba11", shared_key="shared-key-51a7", public_url=f"{PUBLIC}/sms")
SHARED_KEY = "webhooks_sharedkey_1"  # the name under which the fake signs with it
OLD_AES_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
SECRETS = (
    *(WECHAT.token, WECHAT.app_secret, WECHAT.aes_key, OLD_AES_KEY),
    *(TWILIO.auth_token, TWILIO.shared_key, DATA_KEY),
)
WECHAT_OPTIONS = ("--token", WECHAT.token, "--app-secret", WECHAT.app_secret)
TWILIO_OPTIONS = (
    *("--auth-token", TWILIO.auth_token, "--shared-key", TWILIO.shared_key, "--public-url", TWILIO.public_url),
)
_numbers = itertools.count(1)


def wait_for(condition: Callable[[], T], seconds: float = 30) -> T:
    """What the condition gives once that is true; fails if it never is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "what the test waits for never happened"
        time.sleep(0.02)
    return found


def number() -> int:
    """A number that no other test of this run gets: for openids and phones."""
    return next(_numbers)


@dataclass(frozen=True)
class Deployment:
    """A folder with a config of its own, a database in which the cast lives, and the environment that leads there."""

    folder: Path
    environment: Mapping[str, str]
    database: Database
    cipher: Cipher

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        return self.database.read(lambda connection: list(connection.execute(statement)))

    def count(self, table: sa.Table) -> int:
        return int(self.rows(sa.select(sa.func.count()).select_from(table))[0][0])

    def person(self, channel: str, who: str) -> Any:
        """The address's row, or None."""
        found = self.rows(sa.select(addresses).where(self._is(channel, who)))
        return found[0] if found else None

    def inbound(self, channel: str, who: str) -> list[Any]:
        """What this person wrote, in order of the turns."""
        theirs = sa.select(inbound).join(addresses, inbound.c.address_id == addresses.c.id)
        return self.rows(theirs.where(self._is(channel, who)).order_by(inbound.c.turn, inbound.c.id))

    def outbound(self, channel: str, who: str) -> list[Any]:
        theirs = sa.select(outbound).join(addresses, outbound.c.address_id == addresses.c.id)
        return self.rows(theirs.where(self._is(channel, who)).order_by(outbound.c.id))

    def states(self, channel: str, who: str) -> list[str]:
        return [row.state for row in self.outbound(channel, who)]

    def text(self, row: Any) -> str:
        return self.cipher.open(row.text, "inbound.text" if hasattr(row, "turn") else "outbound.text")

    def bind(self, channel: str, who: str, code: str) -> None:
        """As if they had scanned their card long ago."""

        def bound(connection: sa.Connection) -> None:
            person = people.get_or_create(connection, self.cipher, channel, who, clock.now())
            candidate = people.by_code(connection, code)
            assert candidate, code
            people.bind(connection, person.id, candidate, channel, "test", "1", clock.now())

        self.database.write(bound)

    def queue(self, channel: str, who: str, text: str) -> int:
        """A message that waits to be sent; gives its row's id."""

        def queued(connection: sa.Connection) -> int:
            now = clock.now()
            person = people.get_or_create(connection, self.cipher, channel, who, now)
            said = [Draft(text, "test", pushed=True)]
            return enqueue(connection, self.cipher, person.id, None, None, said, now)[0]

        return self.database.write(queued)

    def leases_end(self) -> None:
        """As if the time that a sender has for its message were over."""
        past = datetime(2026, 1, 1, tzinfo=UTC)
        held = sa.update(outbound).where(outbound.c.lease_until.is_not(None)).values(lease_until=past)
        self.database.write(lambda connection: connection.execute(held))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else can write while this lasts."""
        if self.database.sqlite:
            holder = sqlite3.connect(str(self.database.url.database), isolation_level=None)
            holder.execute("BEGIN IMMEDIATE")
        else:
            plain = self.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
            holder = psycopg.connect(plain)  # type: ignore[assignment]
            holder.execute("LOCK TABLE inbound, addresses IN ACCESS EXCLUSIVE MODE")
        try:
            yield
        finally:
            holder.rollback() if not self.database.sqlite else holder.execute("ROLLBACK")
            holder.close()

    def _is(self, channel: str, who: str) -> sa.ColumnElement[bool]:
        index = self.cipher.index(who, f"addresses.{channel}")
        return sa.and_(addresses.c.channel == channel, addresses.c.address_index == index)


@contextlib.contextmanager
def deployed(folder: Path, database_url: str, understanding: Path, **environment: str) -> Iterator[Deployment]:
    """`understanding`: a folder with the trained model, so that servers start in a second."""
    config = (ROOT / "config.yaml").read_text(encoding="utf-8")
    config = config.replace("a_second: 1 ", "a_second: 100 ")  # nobody here waits for a token
    sample = ROOT / "fakes" / "company"  # what the model was trained with
    config += f"\nfaq: {sample / 'faq.yaml'}\nstories: {sample / 'employee_stories.yaml'}\n"
    (folder / "config.yaml").write_text(
        config.replace("shared_keys: {}", f"shared_keys: {{{SHARED_KEY}: {TWILIO.shared_key}}}"), encoding="utf-8"
    )
    (folder / "var").mkdir()
    (folder / "var" / "understanding").symlink_to(understanding)
    own = {
        "KEEPWARM_CONFIG": str(folder / "config.yaml"),
        "KEEPWARM_DATABASE_URL": database_url,
        "KEEPWARM_REDIS_URL": "",
        "KEEPWARM_PUBLIC_URL": PUBLIC,
        "KEEPWARM_SECRET_KEY": "secret-key-93b1",
        "KEEPWARM_DATA_KEY": DATA_KEY,
        "WECHAT_APP_ID": WECHAT.app_id,
        "WECHAT_APP_SECRET": WECHAT.app_secret,
        "WECHAT_TOKEN": WECHAT.token,
        "WECHAT_AES_KEY": "",
        "TWILIO_ACCOUNT_SID": TWILIO.account_sid,
        "TWILIO_AUTH_TOKEN": TWILIO.auth_token,
        "TWILIO_MESSAGING_SERVICE_SID": "",
        "TWILIO_FROM": TWILIO.numbers[0],
        "PYTHONPATH": str(ROOT),
    } | environment
    settings = load_settings(folder / "config.yaml", own)
    database, cipher = open_store(database_url, DATA_KEY)
    try:
        cast.enter(folder, settings, database, cipher, NOW)
        yield Deployment(folder, own, database, cipher)
    finally:
        database.close()


class Program:
    """One keepwarm command as a process of its own. What it logs is in a file."""

    def __init__(self, deployment: Deployment, *command: str, **environment: str) -> None:
        self.log_file = deployment.folder / f"{next(_numbers)}.log"
        whole = os.environ | deployment.environment | environment
        self.process = nursery().start(command, whole, deployment.folder, self.log_file)

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    @property
    def dead(self) -> bool:
        return self.process.poll() is not None

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        """SIGTERM, and no other way out."""
        if not self.dead:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.process.args} does not stop:\n{self.log}") from None


class Server(Program):
    """`keepwarm serve` on a free port; `ready` waits until it answers."""

    def __init__(self, deployment: Deployment, *command: str, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(deployment, *(command or ("-m", "bot")), "serve", "--port", str(self.port), **environment)

    def ready(self) -> "Server":
        wait_for(self._answers)
        return self

    def _answers(self) -> bool:
        assert not self.dead, self.log
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False


@contextlib.contextmanager
def serving(deployment: Deployment, *command: str, **environment: str) -> Iterator[Server]:
    """A server that is ready, and stopped cleanly at the end."""
    server = Server(deployment, *command, **environment)
    try:
        yield server.ready()
    finally:
        server.stop()


def run(deployment: Deployment, *command: str, **environment: str) -> str:
    """A command of keepwarm that ends by itself; gives what it printed."""
    program = Program(deployment, "-m", "bot", *command, **environment)
    try:
        code = program.process.wait(60)
    except subprocess.TimeoutExpired:
        program.kill()
        raise
    assert code == 0, program.log
    return program.log


class Balancer:
    """Stands before servers as a load balancer does: while none is there it holds the call, and passes it on unread."""

    def __init__(self) -> None:
        self.target = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def port(self) -> int:
        """Of the server that gets the next call."""
        return self.target

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(caller,), daemon=True).start()

    def _carry(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError), self._connected() as server:
            threading.Thread(target=_copy, args=(caller, server), daemon=True).start()
            _copy(server, caller)

    def _connected(self) -> socket.socket:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError):
                server = socket.create_connection(("127.0.0.1", self.port()), timeout=30)
                if (
                    server.getsockname() != server.getpeername()
                ):  # a port that is free may be given to the caller itself
                    return server
                server.close()
            if time.monotonic() > deadline:
                raise ConnectionError("no server came")
            time.sleep(0.02)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """However the source ends, the target learns of it."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def said(fake: Fake, who: str) -> list[str]:
    """What this person has received from us, in order."""
    ours = ("passive", "custom", "twiml", "api")
    return [message["content"] for message in fake.chat(who) if message["via"] in ours]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
