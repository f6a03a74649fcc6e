"""Whatever providers answer, tell afterwards and repeat, in whatever order: a notice is taken by at most one road, and
ends delivered, sent, unknown, expired or with a case."""

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.channels.twilio.inbound import Status
from bot.conversation import Runtime
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.outbox import Outbox, keep_receipt
from bot.store import credits, people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.messages import Draft, enqueue
from bot.store.tables import addresses, candidates, case_reasons, cases, outbound, receipts, stopped_channels
from bot.store.tables import credits as credit_table
from bot.values.message import ChannelMessage, SendResult
from tests.bot.outbox.conftest import TERMS, Clock, rows

OTHERS = {
    "template": {"name": "training", "values": {}},
    "subscription": {"name": "training", "values": {}},
    "email": {"subject": "s", "text": "t"},
}
ANSWERS = ["taken", "taken", "lost", "taken and lost", "later", "never", "closed", "left", "account", "dead"]
TAKEN_THEN_REFUSED = ["taken and lost", "never", "taken"]
STEPS = [
    "deliver",
    "deliver",
    "settle",
    "reconcile",
    "wait",
    "wait long",
    "die",
    "delivered",
    "failed",
    "sent",
    "writes",
]
_numbers = itertools.count()


class World:
    """A provider of all roads that answers as told, and remembers what it took."""

    def __init__(self, answers: list[str]) -> None:
        self.answers, self.taken, self.arrived = answers, {}, []  # type: ignore[var-annotated]

    def send(self, letter: ChannelMessage) -> SendResult:
        answer = self.answers.pop(0) if self.answers else "taken"
        errors: dict[str, DeliveryError] = {
            "later": TryLater("45009"),
            "never": Unreachable("43116"),
            "closed": Unreachable("45015"),
            "left": Unreachable("43004"),
            "dead": Unreachable("21614"),
            "account": Misconfigured("20003"),
        }
        if answer in errors:
            raise errors[answer]
        if answer != "lost" and not (letter.via == "template" and letter.id in self.taken):
            self.taken[letter.id] = f"{letter.via}-{next(_numbers)}"
            self.arrived.append(letter.via)
        if answer == "taken":
            return SendResult(self.taken[letter.id] if letter.via in ("sms", "template") else None)
        raise Unknown("no_answer")

    def find(self, letter: ChannelMessage, since: datetime, known: Any) -> SendResult | None:
        sid = self.taken.get(letter.id)
        return SendResult(sid) if sid and sid not in known else None


class Died(Exception):
    """The process ends between one line and the next."""


@pytest.fixture
def empty(house: Runtime, database: Database) -> Any:
    def clear() -> None:
        for table in (case_reasons, cases, receipts, stopped_channels, credit_table, outbound, addresses):
            database.write(lambda c, table=table: c.execute(sa.delete(table)))

    return clear


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(
    answers=st.lists(st.sampled_from(ANSWERS), max_size=12),
    steps=st.lists(st.sampled_from(STEPS), max_size=30),
    window=st.sampled_from(["open", "closed", "unknown"]),
    credit=st.booleans(),
    expires=st.sampled_from([None, 20]),
)
@example(TAKEN_THEN_REFUSED, ["deliver", "deliver", "wait", "reconcile", "deliver", "wait"], "closed", False, None)
@example(["never", "never"], ["deliver"] * 4 + ["failed", "delivered", "failed", "deliver"], "open", False, None)
@example(["taken and lost"], ["die", "settle", "wait long", "settle", "reconcile"], "closed", True, 20)
@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_notice_is_taken_by_at_most_one_road_and_never_forgotten(
    house: Runtime,
    database: Database,
    cipher: Cipher,
    now: datetime,
    empty: Any,
    answers: list[str],
    steps: list[str],
    window: str,
    credit: bool,
    expires: int | None,
) -> None:
    empty()
    clock, world = Clock(now), World(list(answers))
    senders = {"wechat": world, "sms": world, "email": world}
    outbox = Outbox(database, cipher, senders, clock, TERMS)
    begin(database, cipher, clock, window, credit, expires)
    for step in steps:
        act(step, outbox, database, cipher, clock, world)
    for _ in range(60):
        if all(row.state not in ("queued", "sending") and row.due_at is None for row in rows(database)):
            break
        outbox.settle()
        outbox.reconcile()
        outbox.deliver()
        clock.now += timedelta(minutes=2)
    told_failed = database.read(
        lambda c: set(c.execute(sa.select(receipts.c.provider_id).where(receipts.c.status == "failed")).scalars())
    )
    kept = rows(database)
    arrived = [row for row in kept if row.id in world.taken and world.taken[row.id] not in told_failed]
    assert len(arrived) <= 1, [(row.via, row.state) for row in kept]
    assert len(world.arrived) == len(world.taken), "no row is taken twice"
    assert [row.after_id for row in kept] == [None, *(row.id for row in kept[:-1])], "one road after the other"
    assert all(row.state == "failed" for row in kept[:-1])
    last = kept[-1]
    has_case = bool(database.read(lambda c: c.execute(sa.select(case_reasons.c.id)).first()))
    assert last.state in ("sent", "delivered", "unknown", "expired", "failed"), last.state
    assert has_case == (last.state in ("failed", "expired"))
    assert (last.id in world.taken) or last.state not in ("sent", "delivered")


def begin(database: Database, cipher: Cipher, clock: Clock, window: str, credit: bool, expires: int | None) -> None:
    """王芳's chat, phone and mailbox, and a notice to her chat."""
    columns: dict[str, dict[str, Any]] = {
        "open": {"window_left": 2, "window_until": clock.now + timedelta(hours=1)},
        "closed": {"window_left": 0, "window_until": clock.now},
        "unknown": {},
    }

    def put(connection: sa.Connection) -> None:
        mail = cipher.seal("wang@example.com", "candidates.email")
        connection.execute(sa.update(candidates).where(candidates.c.code == "PUB").values(email=mail))
        person = people.get_or_create(connection, cipher, "wechat", "o-1", clock.now)
        number = people.by_code(connection, "PUB")
        people.change(connection, person.id, candidate_id=number, **columns[window])
        if credit:
            credits.add(connection, person.id, "S1")
        until = clock.now + timedelta(minutes=expires) if expires else None
        spoken = Draft("x", "x.y", "notice", True, until, OTHERS)
        enqueue(connection, cipher, person.id, number, None, [spoken], clock.now)

    database.write(put)


def act(step: str, outbox: Outbox, database: Database, cipher: Cipher, clock: Clock, world: World) -> None:
    if step in ("deliver", "settle", "reconcile"):
        getattr(outbox, step)()
    elif step.startswith("wait"):
        clock.now += timedelta(minutes=10 if step == "wait long" else 1)
    elif step == "die":
        for parcel in database.write(lambda c: outbox._reserve(c)):
            database.write(lambda c, parcel=parcel: outbox._begin(c, parcel))
    elif step == "writes":
        opened = {"window_left": 5, "window_until": clock.now + timedelta(hours=48), "unfollowed_at": None}
        database.write(lambda c: c.execute(sa.update(addresses).where(addresses.c.channel == "wechat").values(opened)))
    else:
        for sid in [sid for sid in world.taken.values() if sid.startswith(("sms", "template"))][-1:]:
            code = "30003" if step == "failed" else None
            database.write(
                lambda c, sid=sid, code=code: keep_receipt(c, cipher, TERMS, Status(sid, step, code), clock.now)
            )
