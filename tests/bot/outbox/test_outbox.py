"""The outbox sends what waits once, and writes down what became of it."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.channels.twilio import inbound as twilio_inbound
from bot.conversation import Runtime
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.outbox import Outbox, keep_receipt
from bot.outbox.fallback import Terms
from bot.outbox.results import SendOutcome
from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.messages import STAFF, Draft, enqueue
from bot.store.tables import addresses, candidates, outbound
from bot.values.message import ChannelMessage, SendResult
from tests import postgres
from tests.bot.outbox.conftest import Clock, Sender, states

Queue = Callable[..., list[int]]


def test_what_is_queued_goes_out_once_and_in_order(
    outbox: Outbox, database: Database, queue: Queue, now: datetime, sender: Sender
) -> None:
    queue("一", "二", "三")
    assert outbox.deliver() == 3
    assert outbox.deliver() == 0
    assert sender.sent == ["一", "二", "三"]
    assert states(database) == ["sent"] * 3


def test_only_the_named_rows_go(
    outbox: Outbox, database: Database, queue: Queue, now: datetime, sender: Sender
) -> None:
    _, second = queue("一", "二")
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
    queue: Queue,
    clock: Clock,
    sender: Sender,
    error: DeliveryError,
    state: str,
    again: bool,
) -> None:
    queue("一")
    sender.fails = error
    outbox.deliver()
    assert states(database) == [state]
    sender.fails = None
    assert outbox.deliver() == 0
    clock.now += timedelta(minutes=10)
    assert (outbox.deliver(), sender.sent) == ((1, ["一"]) if again else (0, []))


def test_a_road_that_stays_blocked_is_given_up(
    outbox: Outbox, database: Database, queue: Queue, clock: Clock, sender: Sender
) -> None:
    queue("一")
    sender.fails = TryLater("45009")
    for _ in range(20):
        outbox.deliver()
        clock.now += timedelta(minutes=10)
    assert states(database) == ["failed"]


def test_a_channel_without_an_account_fails_clearly(
    outbox: Outbox, database: Database, queue: Queue, now: datetime
) -> None:
    queue("一", channel="email", who="w@example.com")
    outbox.deliver()
    code = sa.select(outbound.c.state, outbound.c.error_code)
    assert database.read(lambda c: tuple(c.execute(code).one())) == ("failed", "off")


def test_what_nobody_finished_is_unknown_and_never_resent(
    outbox: Outbox, database: Database, queue: Queue, clock: Clock, sender: Sender
) -> None:
    queue("一")
    lease = {"state": "sending", "lease_until": clock.now + timedelta(minutes=2)}
    database.write(lambda connection: connection.execute(sa.update(outbound).values(lease)))
    outbox.settle()
    assert states(database) == ["sending"]
    clock.now += timedelta(minutes=3)
    outbox.settle()
    outbox.deliver()
    assert (states(database), sender.sent) == (["unknown"], [])


@pytest.mark.parametrize(("said", "state"), [(STAFF, "sent"), ("welcome.pack", "cancelled")])
def test_what_a_person_writes_goes_out_also_to_who_has_left_the_road(
    said: str, state: str, house: Runtime, outbox: Outbox, database: Database, cipher: Cipher, clock: Clock
) -> None:
    def queued(connection: sa.Connection) -> None:
        person = people.get_or_create(connection, cipher, "sms", "+8613800000001", clock.now)
        number = people.by_code(connection, "PUB")
        people.change(connection, person.id, candidate_id=number)
        connection.execute(sa.update(candidates).where(candidates.c.id == number).values(stage="withdrawn"))
        spoken = Draft("我在，给你打电话好吗？", said, "notice", pushed=True)
        enqueue(connection, cipher, person.id, number, None, [spoken], clock.now)

    database.write(queued)
    outbox.deliver()
    assert states(database) == [state]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    ("refusal", "state"), [(None, "sent"), (TryLater("45009"), "queued"), (Unknown("-1"), "unknown")]
)
def test_what_became_of_a_message_is_kept_although_the_database_went_away_meanwhile(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, refusal: DeliveryError | None, state: str
) -> None:
    away = ExitStack()

    class Slow(Sender):
        def send(self, letter: ChannelMessage) -> SendResult:
            away.enter_context(postgres.refusing(database.url))
            return super().send(letter)

    queue("一")
    slow = Slow(fails=refusal)
    with away:
        Outbox(database, cipher, {"sms": slow}, clock, Terms(), sleep=lambda _: away.close()).deliver()
    assert (states(database), len(slow.sent)) == ([state], refusal is None)


def test_who_dies_in_a_batch_leaves_one_row_in_doubt_and_the_rest_for_the_next(
    outbox: Outbox, database: Database, queue: Queue, clock: Clock, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue("一", "二", "三")

    def die(letter: ChannelMessage) -> SendResult:
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
    outbox: Outbox, database: Database, queue: Queue, clock: Clock, sender: Sender
) -> None:
    queue("一")
    parcels = database.write(lambda connection: outbox._reserve(connection, None))
    clock.now += timedelta(minutes=3)
    assert outbox.deliver() == 1
    assert database.write(lambda connection: outbox._begin(connection, parcels[0])) == SendOutcome("held")
    assert sender.sent == ["一"]


def test_what_comes_too_late_expires(
    outbox: Outbox, database: Database, queue: Queue, clock: Clock, sender: Sender
) -> None:
    queue("一", expires_at=clock.now + timedelta(minutes=5))
    clock.now += timedelta(minutes=6)
    outbox.deliver()
    outbox.settle()
    assert (states(database), sender.sent) == (["expired"], [])


def test_a_number_that_opted_out_at_twilio_is_remembered(
    outbox: Outbox, database: Database, queue: Queue, now: datetime, sender: Sender
) -> None:
    queue("一")
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
    outbox: Outbox,
    database: Database,
    cipher: Cipher,
    queue: Queue,
    now: datetime,
    statuses: list[str],
    state: str,
    first: bool,
) -> None:
    queue("一")
    if not first:
        outbox.deliver()
    for status in statuses:
        code = "30003" if status in ("undelivered", "failed") else None
        one = twilio_inbound.Status("SM1", status, code)
        database.write(lambda c, one=one: keep_receipt(c, cipher, Terms(), one, now))
    if first:
        outbox.deliver()
    assert states(database) == [state]
    code = database.read(lambda c: c.execute(sa.select(outbound.c.error_code)).scalar())
    assert code == ("30003" if state == "failed" else None)
