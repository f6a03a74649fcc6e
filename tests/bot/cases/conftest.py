"""HR as a small company has it: two recruiters under a manager, an administrator; and channels that take everything
unless told to fail, with a clock that only moves by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.alerts import digest, follow_up
from bot.alerts.dispatch import send_due
from bot.conversation import Runtime
from bot.errors import DeliveryError
from bot.outbox import Outbox
from bot.store import cases, people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import alerts, staff
from bot.values.message import ChannelMessage, SendResult
from tests.bot.cases import desk

CHANNELS = ("wecom", "wecom_robot", "dingtalk", "feishu", "sms", "email")
ACCOUNTS: dict[str, dict[str, Any]] = {
    "wecom": {"corp_id": "ww1", "agent_id": 1000002, "secret": "s", "token": "t", "aes_key": "a" * 43},
    "wecom_robot": {"url": "https://robot.example.com/wecom"},
    "dingtalk": {"url": "https://robot.example.com/dingtalk"},
    "feishu": {"url": "https://robot.example.com/feishu"},
    "email": {"url": "smtp://127.0.0.1:25", "sender": "hr@example.com"},
}
PEOPLE: dict[str, dict[str, Any]] = {
    "HR1": {"name": "钱多", "role": "recruiter", "manager": "BOSS", "wecom": "qian.duo", "phone": "+8613900000001"},
    "HR2": {"name": "孙丽", "role": "recruiter", "manager": "BOSS", "wecom": "sun.li"},
    "BOSS": {"name": "李总", "role": "manager", "wecom": "boss", "email": "boss@example.com"},
    "ADMIN": {"name": "Ann", "role": "admin", "wecom": "ann", "locale": "en"},
}
_SEALED = ("name", "email", "phone", "wecom", "dingtalk", "feishu")


@dataclass
class Sender:
    """One channel."""

    letters: list[ChannelMessage] = field(default_factory=list)
    fails: DeliveryError | None = None

    def send(self, letter: ChannelMessage) -> SendResult:
        if self.fails:
            raise self.fails
        self.letters.append(letter)
        return SendResult()


@dataclass
class Hr:
    """What tests do to HR and see of it."""

    house: Runtime
    database: Database
    channels: dict[str, Sender]
    now: datetime
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.database, self.house.cipher, self.channels, lambda: self.now, jitter=lambda: 1.0)

    def change(self, code: str, **columns: Any) -> None:
        self.database.write(lambda c: c.execute(sa.update(staff).where(staff.c.code == code).values(columns)))

    def switch(self, *on: str) -> None:
        """Only these channels have an account."""
        settings = self.house.settings
        changes: dict[str, Any] = {}
        for name in CHANNELS:
            part = getattr(settings, name)
            if name == "sms":
                changes[name] = part.model_copy(update={} if name in on else {"account_sid": ""})
            else:
                empty = {key: type(value)() for key, value in ACCOUNTS[name].items()}
                changes[name] = part.model_copy(update=ACCOUNTS[name] if name in on else empty)
        self.house = Runtime(
            settings.model_copy(update=changes), self.house.content, self.house.understanding, self.house.cipher
        )

    def case(self, who: str = "PUB", reason: str = "human", assigned: str | None = "HR1", **columns: Any) -> int:
        """Opens one, without an alert."""

        def opened(connection: sa.Connection) -> int:
            number = cases.open_case(connection, people.by_code(connection, who), None, reason, self.now)
            cases.change(connection, number, self.now, assigned=assigned, clock=None, next_at=None, **columns)
            return number

        return self.database.write(opened)

    def alert(self, case_id: int | None, to: str = "HR1", why: str = "new", urgency: int = 1, **columns: Any) -> int:
        row = {"case_id": case_id, "staff": to, "why": why, "urgency": urgency, "state": "due", "due_at": self.now}
        row |= {"tried": [], "created_at": self.now} | columns
        return self.database.write(lambda c: int(c.execute(sa.insert(alerts).values(row)).inserted_primary_key[0]))

    def tick(self, seconds: float = 0) -> None:
        """The jobs run once; then so much time passes, and they run again."""
        for step in (0.0, seconds) if seconds else (0.0,):
            self.now += timedelta(seconds=step)
            self._run(follow_up.follow_up)
            while self._run(send_due):
                pass
            self.outbox.settle()
            self.outbox.deliver()
            self._run(follow_up.follow_up)

    def plan_digests(self) -> None:
        self._run(digest.plan)

    def rows(self, table: sa.Table = alerts) -> list[Any]:
        return self.database.read(lambda c: list(c.execute(sa.select(table).order_by(*table.primary_key))))

    def states(self) -> list[tuple[str, str, str]]:
        return [(row.staff, row.why, row.state) for row in self.rows()]

    def heard(self, channel: str, address: str | None = None) -> list[str]:
        letters = self.channels[channel].letters
        return [letter.text for letter in letters if address is None or letter.address == address]

    def _run(self, take: Callable[..., tuple[int, list[int]]]) -> int:
        return self.database.write(lambda connection: take(connection, self.house, self.now))[0]


@pytest.fixture
def hr(house: Runtime, database: Database, cipher: Cipher, now: datetime) -> Hr:
    """Monday, 10:00 in Shanghai; everything is on."""

    def enter(connection: sa.Connection) -> None:
        connection.execute(sa.delete(staff))
        for code, columns in PEOPLE.items():
            row = {
                key: cipher.seal(value, f"staff.{key}") if key in _SEALED else value for key, value in columns.items()
            }
            connection.execute(sa.insert(staff).values({"code": code, "updated_at": now} | row))

    database.write(enter)
    made = Hr(house, database, {name: Sender() for name in CHANNELS}, now)
    made.switch(*CHANNELS)
    return made


@pytest.fixture
def staffed(house: Runtime, database: Database, tmp_path: Path, now: datetime) -> Runtime:
    desk.hire(tmp_path, house, database, now)
    return house
