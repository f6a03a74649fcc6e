"""keepwarm speaks first: a notice arrives once, by some road or by HR's call; a story only where a chat is open."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.conversation import Runtime
from bot.errors import Unreachable
from bot.outbox import Outbox
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.store import people, touches
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, case_reasons, outbound
from bot.store.tables import touches as table
from bot.values.message import ChannelMessage, SendResult
from tests.talking import Person

HOUR = timedelta(hours=1)


def plan(database: Database, who: str, now: datetime, **changed: object) -> None:
    number = database.read(lambda c: people.by_code(c, who))
    assert number
    about = str(changed.pop("about", ""))
    wanted = {"kind": "notice", "begins": "notice.training", "at": now, **changed}
    planned = Planned(number, "training_notice", about, **wanted)  # type: ignore[arg-type]
    database.write(lambda c: touches.plan(c, [planned], "hr", now))


def states(database: Database) -> list[tuple[str, str | None]]:
    return database.read(lambda c: [tuple(row) for row in c.execute(sa.select(table.c.state, table.c.reason))])


def said(database: Database) -> list[str]:
    wanted = sa.select(outbound.c.said).where(outbound.c.road == "push").order_by(outbound.c.id)
    return database.read(lambda c: list(c.execute(wanted).scalars()))


def reasons(database: Database) -> list[str]:
    return database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))


def test_a_notice_is_said_once_and_its_answer_is_understood(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB")
    plan(database, "PUB", person.now)
    assert database.write(lambda c: send_due(c, house, person.now))[0] == 1
    plan(database, "PUB", person.now)
    assert database.write(lambda c: send_due(c, house, person.now + HOUR)) == (0, [])
    assert said(database) == ["notice.training"]
    assert states(database) == [("sent", None)]
    assert person.says("1").keys == ["training.confirm_done"]
    start = sa.select(candidates.c.confirmed_start).where(candidates.c.code == "PUB")
    assert database.read(lambda c: c.execute(start).scalar()) is not None


def test_a_notice_waits_for_the_morning_and_for_the_end_of_a_talk(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("你好")
    plan(database, "PUB", person.now)
    assert database.write(lambda c: send_due(c, house, person.now)) == (1, [])
    night = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    assert database.write(lambda c: send_due(c, house, night)) == (1, [])
    assert said(database) == []
    morning = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    database.write(lambda c: send_due(c, house, morning))
    assert said(database) == ["notice.training"]


def test_who_is_in_no_chat_gets_the_notice_at_the_phone_in_the_record(
    person: Person, house: Runtime, database: Database, texter: Callable[[str], Person]
) -> None:
    plan(database, "PUB", person.now)
    database.write(lambda c: send_due(c, house, person.now))
    assert said(database) == ["notice.training"]
    channel = sa.select(addresses.c.channel).join(outbound, outbound.c.address_id == addresses.c.id)
    assert database.read(lambda c: c.execute(channel).scalar()) == "sms"
    assert texter("+8613800000001").says("1").keys == ["training.confirm_done"]


def test_a_notice_that_no_road_carries_is_for_hr_to_call_about(
    person: Person, house: Runtime, database: Database
) -> None:
    plan(database, "NOPHONE", person.now)
    database.write(lambda c: send_due(c, house, person.now))
    assert states(database) == [("suppressed", "no chat and no phone")]
    assert reasons(database) == ["unreachable"]


def test_who_opted_out_or_left_gets_nothing(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says("退订")
    plan(database, "PUB", person.now)
    plan(database, "WITHDRAWN", person.now)
    Person(house, database, person.now, address="o-left").is_bound_to("WITHDRAWN")
    database.write(lambda c: send_due(c, house, person.now + HOUR))
    assert states(database) == [("suppressed", "wants no messages"), ("cancelled", "the candidate is withdrawn")]
    assert said(database) == []


def test_who_was_moved_to_another_cohort_does_not_hear_of_the_old_one(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB")
    plan(database, "PUB", person.now, about="TOM:2")
    database.write(lambda c: send_due(c, house, person.now))
    assert states(database) == [("cancelled", "the candidate is in another cohort now")]
    assert said(database) == []


def test_what_comes_too_late_expires(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB")
    plan(database, "PUB", person.now, expires_at=person.now + HOUR)
    database.write(lambda c: send_due(c, house, person.now + 2 * HOUR))
    assert states(database) == [("expired", "too late to be useful")]


def test_a_story_rides_an_open_chat_or_waits(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB")
    plan(database, "PUB", person.now, kind="story")
    database.write(lambda c: send_due(c, house, person.now))
    assert said(database) == []
    person.now += HOUR
    person.says("你好")
    database.write(lambda c: send_due(c, house, person.now + HOUR))
    assert said(database) == ["notice.training"]


class Closed:
    """A channel where the window is closed."""

    def send(self, letter: ChannelMessage) -> SendResult:
        raise Unreachable("45015", "out of the window")


class Open:
    """A channel that carries everything."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def send(self, letter: ChannelMessage) -> SendResult:
        self.sent.append((letter.address, letter.text))
        return SendResult()


def test_a_notice_that_wechat_does_not_take_goes_by_sms_once(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PUB")
    plan(database, "PUB", person.now, expires_at=person.now + HOUR)
    _, rows = database.write(lambda c: send_due(c, house, person.now))
    phone = Open()
    outbox = Outbox(database, cipher, {"wechat": Closed(), "sms": phone}, lambda: person.now)
    outbox.deliver(rows)
    outbox.deliver()
    outbox.deliver()
    ((address, text),) = phone.sent
    assert address == "+8613800000001"
    assert "12月1日" in text
    assert reasons(database) == []
    until = sa.select(outbound.c.expires_at).where(outbound.c.kind == "notice")
    assert database.read(lambda c: list(c.execute(until).scalars())) == [person.now + HOUR] * 2


def test_a_notice_that_neither_road_takes_is_for_hr_to_call_about(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PUB")
    plan(database, "PUB", person.now)
    _, rows = database.write(lambda c: send_due(c, house, person.now))
    outbox = Outbox(database, cipher, {"wechat": Closed(), "sms": Closed()}, lambda: person.now)
    outbox.deliver(rows)
    outbox.deliver()
    assert reasons(database) == ["unreachable"]
    assert outbox.deliver() == 0


def test_an_answer_that_cannot_be_pushed_takes_no_other_road(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    from bot.conversation import Ticket
    from bot.values.message import Incoming

    person.is_bound_to("PUB")
    person.does(Incoming("wechat", person.address, "m1", "text", "什么时候培训"), Ticket(late=True))
    phone = Open()
    outbox = Outbox(database, cipher, {"wechat": Closed(), "sms": phone}, lambda: person.now)
    outbox.deliver()
    outbox.deliver()
    assert phone.sent == []
