"""An outbox whose channels take everything, unless told to fail, and whose clock only moves by hand."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from bot.errors import DeliveryError
from bot.outbox import Outbox
from bot.outbox.fallback import Terms
from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.messages import Draft, enqueue
from bot.store.tables import addresses, outbound
from bot.values.message import ChannelMessage, SendResult
from tests.bot.channels.conftest import _twilio, sms_api, sms_settings, twilio

__all__ = ["_twilio", "sms_api", "sms_settings", "twilio"]

TERMS = Terms({"training": "T1"}, {"training": "S1"}, {"+1": Decimal("0.06"), "+86": Decimal("0.35")}, ("withdrawn",))


@dataclass
class Sender:
    """Takes everything, unless told to fail: always, or once for each of `answers`."""

    name: str = "SM"
    sent: list[str] = field(default_factory=list)
    letters: list[ChannelMessage] = field(default_factory=list)
    fails: DeliveryError | None = None
    answers: list[DeliveryError | None] = field(default_factory=list)
    has: SendResult | DeliveryError | None = None
    asked: list[tuple[datetime, Collection[str]]] = field(default_factory=list)

    def send(self, letter: ChannelMessage) -> SendResult:
        failure = self.answers.pop(0) if self.answers else self.fails
        if failure:
            raise failure
        self.sent.append(letter.text)
        self.letters.append(letter)
        return SendResult(f"{self.name}{len(self.sent)}")

    def find(self, letter: ChannelMessage, since: datetime, known: Collection[str]) -> SendResult | None:
        self.asked.append((since, known))
        if isinstance(self.has, DeliveryError):
            raise self.has
        return self.has


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def wechat() -> Sender:
    return Sender("WX")


@pytest.fixture
def outbox(database: Database, cipher: Cipher, sender: Sender, wechat: Sender, clock: Clock) -> Outbox:
    return Outbox(database, cipher, {"sms": sender, "wechat": wechat}, clock, TERMS, jitter=lambda: 1.0)


@pytest.fixture
def queue(database: Database, cipher: Cipher, clock: Clock) -> Callable[..., list[int]]:
    """Queues texts for an address; `window` are columns of the address."""

    def put(*texts: str, channel: str = "sms", who: str = "+8613800000001", candidate: str = "", **more: Any) -> Any:
        columns = more.pop("columns", {})

        def queued(connection: sa.Connection) -> list[int]:
            person = people.get_or_create(connection, cipher, channel, who, clock.now)
            number = people.by_code(connection, candidate) if candidate else None
            if number:
                people.change(connection, person.id, candidate_id=number)
            if columns:
                people.change(connection, person.id, **columns)
            spoken = [Draft(text, "x.y", pushed=True, **more) for text in texts]
            return enqueue(connection, cipher, person.id, number, None, spoken, clock.now)

        return database.write(queued)

    return put


def rows(database: Database) -> Sequence[Any]:
    return database.read(lambda c: c.execute(sa.select(outbound).order_by(outbound.c.id)).all())


def states(database: Database) -> list[str]:
    return [row.state for row in rows(database)]


def address(database: Database, channel: str = "wechat") -> Any:
    return database.read(lambda c: c.execute(sa.select(addresses).where(addresses.c.channel == channel)).one())
