"""A company of any size whose candidates wait: rows written in bulk, sealed by the real cipher, as an import and a scan
of each one's card would leave them."""

import base64
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot import settings as deployment
from bot.settings import Settings
from bot.store.db import bulk, schema
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from bot.store.tables import addresses, bindings, candidates, cohorts, outbound, stage_times, stores
from tests import postgres

DATA_KEY = base64.b64encode(bytes(range(32))).decode()
ACCOUNT_SID, AUTH_TOKEN, NUMBER = "AC" + "0" * 32, "bench", "+12025550100"
SAID = "bench"  # of every message that is queued here
_ROOT = Path(__file__).parent.parent
_COHORTS, _STORES = 40, 500
_CHUNK = 2_000
_HEARD = timedelta(hours=3)  # so long ago each wrote last
_WINDOW = timedelta(hours=48)
Row = dict[str, Any]


@dataclass(frozen=True)
class Databases:
    """Where a benchmark may have its databases: a folder for SQLite, and PostgreSQL's URL where there is one."""

    folder: Path
    server: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("sqlite", "postgres") if self.server else ("sqlite",)

    def fresh(self, kind: str, name: str) -> str:
        """The URL of an empty one with this version's schema."""
        file = self.folder / f"{name}.db"
        url = f"sqlite:///{file}" if kind == "sqlite" else postgres.fresh(self.server, name)
        database = Database(url)
        schema.migrate(database)
        database.close()
        return url

    def drop(self, kind: str, name: str) -> None:
        if kind == "postgres":
            postgres.drop(self.server, name)
            return
        for file in self.folder.glob(f"{name}.db*"):
            file.unlink()


def environment(folder: Path, url: str = "", **more: str) -> dict[str, str]:
    """What a command needs to find this deployment: the shipped configuration, with accounts that exist nowhere."""
    config = folder / "config.yaml"
    if not config.exists():
        shutil.copy(_ROOT / "config.yaml", config)
        shutil.copy(_ROOT / "fakes" / "company" / "employee_stories.yaml", folder / "stories.yaml")
    return {
        **os.environ,
        "KEEPWARM_CONFIG": str(config),
        "KEEPWARM_DATABASE_URL": url,
        "KEEPWARM_DATA_KEY": DATA_KEY,
        "KEEPWARM_SECRET_KEY": "bench",
        "KEEPWARM_PUBLIC_URL": "https://keepwarm.example.com",
        "WECHAT_APP_ID": "wx0123456789abcdef",
        "WECHAT_APP_SECRET": "bench",
        "WECHAT_TOKEN": "bench",
        "WECHAT_AES_KEY": "",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM": NUMBER,
        **more,
    }


def settings(folder: Path, url: str = "") -> Settings:
    found = environment(folder, url)
    return deployment.load(Path(found["KEEPWARM_CONFIG"]), found)


def enter(url: str, size: int, now: datetime, texters: int = 0) -> None:
    """So many candidates, released and to be planned now, each in an open chat; the first `texters` by SMS."""
    database, cipher = open_store(url, DATA_KEY)
    database.write(lambda connection: _house(connection, now))
    for first in range(0, size, _CHUNK):
        rows = _Rows(cipher, range(first, min(first + _CHUNK, size)), now, texters)
        database.write(rows.insert)
    settle(database)
    database.close()


def settle(database: Database) -> None:
    """The statistics of a database that has lived for a while."""
    if not database.sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def openid(number: int) -> str:
    return f"oWaits{number:022}"


def phone(number: int) -> str:
    """Not Chinese: an SMS may go there with a link."""
    return f"+1202{5_000_000 + number}"


def _house(connection: sa.Connection, now: datetime) -> None:
    bulk.insert(connection, stores, [_store(number, now) for number in range(1, _STORES + 1)])
    bulk.insert(connection, cohorts, [_cohort(number, now) for number in range(1, _COHORTS + 1)])


def _store(number: int, now: datetime) -> Row:
    return {"id": number, "code": f"S{number}", "name": f"{number}号店", "city": "上海", "updated_at": now}


def _cohort(number: int, now: datetime) -> Row:
    """Ten to thirty days ahead; one in four has no date yet."""
    starts_at = now + timedelta(days=10 + number % 20)
    return {
        "id": number,
        "code": f"C{number}",
        "name": f"{number}期",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(days=3),
        "place": "上海培训中心",
        "address": "静安区江场三路76号",
        "outline": ["公司介绍", "食品安全"],
        "bring": ["身份证", "健康证"],
        "date_state": "unknown" if number % 4 == 0 else "published",
        "updated_at": now,
    }


@dataclass(frozen=True)
class _Rows:
    """Those of some candidates. Who has passed just now has nothing due yet."""

    cipher: Cipher
    numbers: Sequence[int]
    now: datetime
    texters: int

    def insert(self, connection: sa.Connection) -> None:
        for table, row in (
            (candidates, self._candidate),
            (stage_times, self._stage_time),
            (addresses, self._address),
            (bindings, self._binding),
            (outbound, self._said),
        ):
            bulk.insert(connection, table, [row(number) for number in self.numbers])

    def _passed(self, number: int) -> datetime:
        return self.now - timedelta(minutes=number % 20)

    def _candidate(self, number: int) -> Row:
        seal, index = self.cipher.seal, self.cipher.index
        return {
            "id": number + 1,
            "code": f"K{number}",
            "name": seal("王小明", "candidates.name"),
            "phone": seal(phone(number), "candidates.phone"),
            "phone_index": index(phone(number), "phone"),
            "stage": "interview_passed",
            "stage_at": self._passed(number),
            "stage_by": "import",
            "cohort_id": number % _COHORTS + 1,
            "store_id": number % _STORES + 1,
            "invite": seal(f"INV{number}", "candidates.invite"),
            "invite_index": index(f"INV{number}", "candidates.invite"),
            "released_at": self._passed(number),
            "plan_at": self.now,
            "created_at": self.now,
            "updated_at": self.now,
        }

    def _stage_time(self, number: int) -> Row:
        return {"candidate_id": number + 1, "stage": "interview_passed", "at": self._passed(number)}

    def _address(self, number: int) -> Row:
        channel = "sms" if number < self.texters else "wechat"
        address = to(number, self.texters)
        in_chat = channel == "wechat"
        return {
            "id": number + 1,
            "channel": channel,
            "address": self.cipher.seal(address, "addresses.address"),
            "address_index": self.cipher.index(address, f"addresses.{channel}"),
            "candidate_id": number + 1,
            "turn": 1,
            "last_inbound_at": self.now - _HEARD,
            "window_left": 5 if in_chat else None,
            "window_until": self.now - _HEARD + _WINDOW if in_chat else None,
            "created_at": self.now,
        }

    def _binding(self, number: int) -> Row:
        ours = {"address_id": number + 1, "candidate_id": number + 1}
        return ours | {"how": "scan", "notice_version": "1", "at": self._passed(number)}

    def _said(self, number: int) -> Row:
        """What each has been told before: the outbox is never empty."""
        return {
            "address_id": number + 1,
            "candidate_id": number + 1,
            "kind": "answer",
            "said": "binding.done",
            "text": self.cipher.seal("绑定好了。", "outbound.text"),
            "road": "reply",
            "state": "sent",
            "created_at": self.now,
            "sent_at": self.now,
        }


def to(number: int, texters: int) -> str:
    """Where this one is written to."""
    return phone(number) if number < texters else openid(number)


def queued(cipher: Cipher, numbers: Sequence[int], texters: int, text: str, now: datetime) -> Iterator[Row]:
    """A text to each of these people that waits to be sent."""
    for number in numbers:
        yield {
            "address_id": number + 1,
            "candidate_id": number + 1,
            "kind": "notice",
            "said": SAID,
            "text": cipher.seal(text, "outbound.text"),
            "road": "push",
            "via": "sms" if number < texters else "service",
            "state": "queued",
            "rank": 1,
            "due_at": now,
            "created_at": now,
        }
