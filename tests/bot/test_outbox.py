"""The outbox sends what waits once, and writes down what became of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cascade import Terms
from bot.channels import sms
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.message import Letter, Posted
from bot.outbox import Outbox, keep_receipt
from bot.store import people
from bot.store.cipher import Cipher
from bot.store.database import Database
from bot.store.messages import Spoken, keep_outbound
from bot.store.tables import addresses, outbound


@dataclass
class Sender:
    """Takes everything, unless told to fail."""

    sent: list[str] = field(default_factory=list)
    fails: DeliveryError | None = None
    ids: bool = True

    def send(self, letter: Letter) -> Posted:
        if self.fails:
            raise self.fails
        self.sent.append(letter.text)
        return Posted(f"SM{len(self.sent)}" if self.ids else None)


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def outbox(database: Database, cipher: Cipher, sender: Sender, clock: Clock) -> Outbox:
    return Outbox(database, cipher, {"sms": sender}, clock)


def queue(
    database: Database, cipher: Cipher, now: datetime, *texts: str, channel: str = "sms", **more: datetime
) -> list[int]:
    def put(connection: sa.Connection) -> list[int]:
        person = people.meet(connection, cipher, channel, "+8613800000001", now)
        spoken = [Spoken(text, "x.y", pushed=True, expires_at=more.get("expires_at")) for text in texts]
        return keep_outbound(connection, cipher, person.id, None, None, spoken, now)

    return database.write(put)


def states(database: Database) -> list[str]:
    return database.read(lambda c: list(c.execute(sa.select(outbound.c.state).order_by(outbound.c.id)).scalars()))


def test_what_is_queued_goes_out_once_and_in_order(
    outbox: Outbox, database: Database, cipher: Cipher, now: datetime, sender: Sender
) -> None:
    queue(database, cipher, now, "一", "二", "三")
    assert outbox.deliver() == 3
    assert outbox.deliver() == 0
    assert sender.sent == ["一", "二", "三"]
    assert states(database) == ["sent"] * 3


def test_only_the_named_rows_go(
    outbox: Outbox, database: Database, cipher: Cipher, now: datetime, sender: Sender
) -> None:
    _, second = queue(database, cipher, now, "一", "二")
    outbox.deliver([second])
    assert sender.sent == ["二"]


@pytest.mark.parametrize(
    ("error", "state", "again"),
    [
        (TryLater("45009"), "queued", True),
        (Misconfigured("48001"), "queued", True),
        (Unreachable("45015"), "failed", False),
        (Unknown("-1"), "unknown", False),
    ],
)
def test_an_error_says_what_becomes_of_the_message(
    outbox: Outbox,
    database: Database,
    cipher: Cipher,
    clock: Clock,
    sender: Sender,
    error: DeliveryError,
    state: str,
    again: bool,
) -> None:
    queue(database, cipher, clock.now, "一")
    sender.fails = error
    outbox.deliver()
    assert states(database) == [state]
    sender.fails = None
    assert outbox.deliver() == 0
    clock.now += timedelta(minutes=10)
    assert (outbox.deliver(), sender.sent) == ((1, ["一"]) if again else (0, []))


def test_a_road_that_stays_blocked_is_given_up(
    outbox: Outbox, database: Database, cipher: Cipher, clock: Clock, sender: Sender
) -> None:
    queue(database, cipher, clock.now, "一")
    sender.fails = TryLater("45009")
    for _ in range(20):
        outbox.deliver()
        clock.now += timedelta(minutes=10)
    assert states(database) == ["failed"]


def test_a_channel_without_an_account_fails_clearly(
    outbox: Outbox, database: Database, cipher: Cipher, now: datetime
) -> None:
    queue(database, cipher, now, "一", channel="wechat")
    outbox.deliver()
    code = sa.select(outbound.c.state, outbound.c.error_code)
    assert database.read(lambda c: tuple(c.execute(code).one())) == ("failed", "off")


def test_what_nobody_finished_is_unknown_and_never_resent(
    outbox: Outbox, database: Database, cipher: Cipher, clock: Clock, sender: Sender
) -> None:
    queue(database, cipher, clock.now, "一")
    lease = {"state": "sending", "lease_until": clock.now + timedelta(minutes=2)}
    database.write(lambda connection: connection.execute(sa.update(outbound).values(lease)))
    outbox.settle()
    assert states(database) == ["sending"]
    clock.now += timedelta(minutes=3)
    outbox.settle()
    outbox.deliver()
    assert (states(database), sender.sent) == (["unknown"], [])


def test_who_dies_in_a_batch_leaves_one_row_in_doubt_and_the_rest_for_the_next(
    outbox: Outbox, database: Database, cipher: Cipher, clock: Clock, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(database, cipher, clock.now, "一", "二", "三")

    def die(letter: Letter) -> Posted:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(sender, "send", die)
        with pytest.raises(SystemExit):
            outbox.deliver()
    assert outbox.deliver() == 0
    clock.now += timedelta(minutes=3)
    outbox.settle()
    outbox.deliver()
    assert (states(database), sender.sent) == (["unknown", "sent", "sent"], ["二", "三"])


def test_a_batch_whose_lease_ended_is_left_to_whoever_took_it_over(
    outbox: Outbox, database: Database, cipher: Cipher, clock: Clock, sender: Sender
) -> None:
    queue(database, cipher, clock.now, "一")
    parcels = database.write(lambda connection: outbox._reserve(connection, None))
    clock.now += timedelta(minutes=3)
    assert outbox.deliver() == 1
    assert not database.write(lambda connection: outbox._begin(connection, parcels[0]))
    assert sender.sent == ["一"]


def test_what_comes_too_late_expires(
    outbox: Outbox, database: Database, cipher: Cipher, clock: Clock, sender: Sender
) -> None:
    queue(database, cipher, clock.now, "一", expires_at=clock.now + timedelta(minutes=5))
    clock.now += timedelta(minutes=6)
    outbox.deliver()
    outbox.settle()
    assert (states(database), sender.sent) == (["expired"], [])


def test_a_number_that_opted_out_at_twilio_is_remembered(
    outbox: Outbox, database: Database, cipher: Cipher, now: datetime, sender: Sender
) -> None:
    queue(database, cipher, now, "一")
    sender.fails = Unreachable("21610")
    outbox.deliver()
    assert database.read(lambda c: c.execute(sa.select(addresses.c.stopped_at)).scalar()) == now


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (["queued", "sent", "delivered"], "delivered"),
        (["delivered", "sent", "sending"], "delivered"),
        (["sent", "undelivered", "sent", "sent"], "failed"),
        (["read", "delivered"], "delivered"),
        (["failed"], "failed"),
        (["nonsense", "sending"], "sent"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_status_callbacks_may_come_in_any_order_and_before_the_answer(
    outbox: Outbox, database: Database, cipher: Cipher, now: datetime, statuses: list[str], state: str, first: bool
) -> None:
    queue(database, cipher, now, "一")
    if not first:
        outbox.deliver()
    for status in statuses:
        code = "30003" if status in ("undelivered", "failed") else None
        one = sms.Status("SM1", status, code)
        database.write(lambda c, one=one: keep_receipt(c, cipher, Terms(), one, now))
    if first:
        outbox.deliver()
    assert states(database) == [state]
    code = database.read(lambda c: c.execute(sa.select(outbound.c.error_code)).scalar())
    assert code == ("30003" if state == "failed" else None)
