"""Roads: a notice takes the first that is open, goes on when one is closed, once, and ends with HR where all are."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.twilio.inbound import Status
from bot.conversation import Runtime
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.outbox import Outbox, keep_receipt
from bot.outbox.fallback import Terms, sms_address
from bot.store import credits, people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import candidates, case_reasons, outbound
from tests.bot.outbox.conftest import TERMS, Clock, Sender, address, rows, states

Queue = Callable[..., list[int]]
PHONE = "+8613800000001"  # of PUB, in the record
OTHERS = {
    "template": {"name": "training", "values": {"place": "上海培训中心"}},
    "subscription": {"name": "training", "values": {}},
    "sms": {"text": "by phone"},
    "email": {"subject": "training", "text": "by mail"},
}


@pytest.fixture
def email(outbox: Outbox) -> Sender:
    made = Sender("EM")
    outbox._senders["email"] = made
    return made


@pytest.fixture
def notice(house: Runtime, queue: Queue, database: Database, cipher: Cipher, clock: Clock) -> Callable[..., list[int]]:
    """A notice to 王芳's chat, which may go by every road."""

    def put(others: Any = OTHERS, closed: bool = True, **columns: Any) -> list[int]:
        mailed = sa.update(candidates).where(candidates.c.code == "PUB")
        mail = cipher.seal("wang@example.com", "candidates.email")
        database.write(lambda c: c.execute(mailed.values(email=mail)))
        window = {"window_left": 0, "window_until": clock.now} if closed else {}
        more = {"channel": "wechat", "who": "o-1", "candidate": "PUB", "kind": "notice", "others": others}
        return queue("by chat", columns={**window, **columns}, touch_id=7, **more)

    return put


def deliver_all(outbox: Outbox, clock: Clock) -> None:
    """Until nothing waits any more, however often it is put off."""
    for _ in range(40):
        outbox.settle()
        while outbox.deliver():
            pass
        clock.now += timedelta(minutes=1)


def tries(database: Database) -> list[tuple[str, str]]:
    return [(row.via, row.state) for row in rows(database)]


def cases(database: Database, cipher: Cipher) -> list[Any]:
    found = database.read(lambda c: c.execute(sa.select(case_reasons.c.reason, case_reasons.c.detail)).all())
    return [(row.reason, json.loads(cipher.open(row.detail, "case_reasons.detail"))["roads"]) for row in found]


def accept(database: Database, template_id: str = "S1") -> None:
    number = address(database).id
    database.write(lambda c: credits.add(c, number, template_id))


# Where the window is not open.


def test_a_closed_window_is_not_even_asked_and_the_template_goes(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, wechat: Sender
) -> None:
    notice()
    outbox.deliver()
    outbox.deliver()
    assert tries(database) == [("service", "failed"), ("template", "sent")]
    (letter,) = wechat.letters
    assert (letter.via, letter.form["name"], letter.kind) == ("template", "training", "notice")
    first, second = rows(database)
    assert (first.error_code, first.attempts) == ("window_closed", 0)
    assert (second.after_id, second.touch_id, second.rank, second.said) == (first.id, 7, 1, "x.y")


@pytest.mark.parametrize("code", ["45015", "45047", "43019", "70000"])
def test_an_unknown_window_is_tried_and_what_wechat_says_is_remembered(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, wechat: Sender, code: str, now: datetime
) -> None:
    notice(closed=False)
    wechat.answers = [Unreachable(code)]
    outbox.deliver()
    outbox.deliver()
    assert tries(database) == [("service", "failed"), ("template", "sent")]
    known = (0, now) if code.startswith("450") else (None, None)
    assert (address(database).window_left, address(database).window_until) == known


def test_an_open_window_takes_it_and_costs_one_credit(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, clock: Clock
) -> None:
    notice(closed=False, window_left=5, window_until=clock.now + timedelta(hours=1))
    outbox.deliver()
    assert tries(database) == [("service", "sent")]
    assert address(database).window_left == 4


@pytest.mark.parametrize("error", [TryLater("45009"), Misconfigured("48001"), Unreachable("43019")])
def test_what_was_not_sent_gives_its_credit_back(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, wechat: Sender, clock: Clock,
    error: DeliveryError,
) -> None:  # fmt: skip
    notice(closed=False, window_left=5, window_until=clock.now + timedelta(hours=1))
    wechat.answers = [error]
    outbox.deliver()
    assert address(database).window_left == 5


def test_what_may_have_been_sent_costs_its_credit(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, wechat: Sender, clock: Clock
) -> None:
    notice(closed=False, window_left=5, window_until=clock.now + timedelta(hours=1))
    wechat.fails = Unknown("-1")
    outbox.deliver()
    assert address(database).window_left == 4
    assert tries(database) == [("service", "unknown")]


def test_five_messages_at_once_spend_five_and_the_sixth_finds_none(
    outbox: Outbox, queue: Queue, database: Database, clock: Clock
) -> None:
    open_ = {"window_left": 5, "window_until": clock.now + timedelta(hours=1)}
    queue(*"123456", channel="wechat", who="o-1", columns=open_)
    outbox.deliver()
    assert states(database) == ["sent"] * 5 + ["failed"]


# Road by road.


def test_each_road_that_is_closed_leads_to_the_next_and_the_last_to_hr(
    outbox: Outbox,
    notice: Callable[..., list[int]],
    database: Database,
    cipher: Cipher,
    wechat: Sender,
    sender: Sender,
    email: Sender,
    clock: Clock,
) -> None:
    notice()
    accept(database)
    wechat.fails, sender.fails, email.fails = Unreachable("43116"), Unreachable("21612"), Unreachable("550")
    deliver_all(outbox, clock)
    roads = ["service", "template", "subscription", "sms", "email"]
    assert tries(database) == [(road, "failed") for road in roads]
    codes = ["window_closed", "43116", "43116", "21612", "550"]
    trail = [{"via": via, "code": code} for via, code in zip(roads, codes, strict=True)]
    assert cases(database, cipher) == [("unreachable", trail)]


def test_a_road_says_its_own_words(
    outbox: Outbox, notice: Callable[..., list[int]], wechat: Sender, sender: Sender, email: Sender, clock: Clock
) -> None:
    notice()
    wechat.fails, sender.fails = Unreachable("43116"), Unreachable("21612")
    deliver_all(outbox, clock)
    assert (email.sent, email.letters[0].form["subject"]) == (["by mail"], "training")


def test_a_subscription_costs_its_credit_and_without_one_is_no_road(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, wechat: Sender, sender: Sender, clock: Clock
) -> None:
    others = {name: form for name, form in OTHERS.items() if name != "template"}
    notice(others)
    accept(database)
    deliver_all(outbox, clock)
    assert tries(database) == [("service", "failed"), ("subscription", "sent")]
    notice(others)
    deliver_all(outbox, clock)
    assert tries(database)[2:] == [("service", "failed"), ("sms", "sent")]


def test_a_used_up_subscription_is_known_from_then_on(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, wechat: Sender, clock: Clock
) -> None:
    notice({"subscription": OTHERS["subscription"]})
    accept(database)
    accept(database)
    wechat.fails = Unreachable("43101")
    deliver_all(outbox, clock)
    number = address(database).id
    assert database.read(lambda c: credits.left(c, number, "S1")) == 0
    assert tries(database) == [("service", "failed"), ("subscription", "failed"), ("sms", "sent")]


def test_who_does_not_follow_us_gets_no_template(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, wechat: Sender, clock: Clock
) -> None:
    notice(closed=False)
    wechat.answers = [Unreachable("43004")]
    deliver_all(outbox, clock)
    assert tries(database) == [("service", "failed"), ("sms", "sent")]
    assert address(database).unfollowed_at


def test_a_channel_without_an_account_is_a_closed_road(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, cipher: Cipher, clock: Clock
) -> None:
    outbox._senders.clear()
    notice()
    deliver_all(outbox, clock)
    ((reason, trail),) = cases(database, cipher)
    assert reason == "unreachable"
    codes = {stop["via"]: stop["code"] for stop in trail}
    assert codes == {
        "service": "window_closed",
        "template": "off",
        "subscription": "no_credit",
        "sms": "off",
        "email": "off",
    }


def test_a_notice_to_a_phone_goes_to_the_chat_where_that_is_open(
    outbox: Outbox, notice: Callable[..., list[int]], queue: Queue, database: Database, sender: Sender, clock: Clock
) -> None:
    notice(closed=False, window_left=5, window_until=clock.now + timedelta(hours=1))
    outbox.deliver()
    sender.fails = Unreachable("30003")
    queue("by phone", candidate="PUB", who=PHONE, kind="notice")
    deliver_all(outbox, clock)
    assert tries(database)[1:] == [("sms", "failed"), ("service", "sent")]


def test_nothing_but_a_notice_takes_another_road(
    house: Runtime, outbox: Outbox, queue: Queue, database: Database, cipher: Cipher, clock: Clock
) -> None:
    closed = {"window_left": 0, "window_until": clock.now}
    for kind in ("answer", "code", "rest", "story"):
        queue(kind, channel="wechat", who="o-1", candidate="PUB", kind=kind, others=OTHERS, columns=closed)
    deliver_all(outbox, clock)
    assert tries(database) == [("service", "failed")] * 4
    assert cases(database, cipher) == []


def test_a_story_waits_for_its_window_until_it_expires(
    outbox: Outbox, queue: Queue, database: Database, wechat: Sender, clock: Clock
) -> None:
    closed = {"window_left": 0, "window_until": clock.now}
    until = clock.now + timedelta(hours=3)
    queue("story", channel="wechat", who="o-1", kind="story", columns=closed, expires_at=until)
    queue("stale", channel="wechat", who="o-1", kind="story", expires_at=clock.now + timedelta(minutes=30))
    deliver_all(outbox, clock)
    assert states(database) == ["queued", "expired"]
    opened = {"window_left": 5, "window_until": clock.now + timedelta(hours=48)}
    database.write(lambda c: people.change(c, rows(database)[0].address_id, **opened))
    clock.now += timedelta(hours=1)
    deliver_all(outbox, clock)
    assert wechat.sent == ["story"]


def test_a_story_goes_by_no_other_road_also_where_somebody_wrote_it_so(
    outbox: Outbox, queue: Queue, database: Database, sender: Sender
) -> None:
    queue("story", kind="story")
    outbox.deliver()
    assert (states(database), sender.sent) == (["cancelled"], [])


# Who wants nothing, and whom nothing reaches.


@pytest.mark.parametrize("kind", ["notice", "story"])
@pytest.mark.parametrize("how", ["stopped", "wrong number", "no pushes", "withdrawn"])
def test_who_stopped_us_since_it_was_written_does_not_get_it(
    house: Runtime, outbox: Outbox, queue: Queue, database: Database, wechat: Sender, now: datetime, kind: str, how: str
) -> None:
    column = {"stopped": "stopped_at", "wrong number": "wrong_number_at"}.get(how)
    queue("x", channel="wechat", who="o-1", candidate="PUB", kind=kind, columns={column: now} if column else {})
    theirs = {"no pushes": {"pushes_stopped_at": now}, "withdrawn": {"stage": "withdrawn"}}.get(how)
    if theirs:
        database.write(lambda c: c.execute(sa.update(candidates).values(**theirs)))
    outbox.deliver()
    assert (states(database), wechat.sent) == (["cancelled"], [])


def test_a_dead_number_is_no_road_until_somebody_writes_from_it(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, cipher: Cipher, sender: Sender, clock: Clock
) -> None:
    notice({})
    sender.fails = Unreachable("21614")
    deliver_all(outbox, clock)
    assert (address(database, "sms").unreachable_code, len(cases(database, cipher))) == ("21614", 1)
    sender.fails = None
    notice({})
    deliver_all(outbox, clock)
    assert sender.sent == []
    assert cases(database, cipher)[1][1][3] == {"via": "sms", "code": "dead"}
    person = database.write(lambda c: people.get_or_create(c, cipher, "sms", PHONE, clock.now))
    assert person.unreachable
    assert database.write(lambda c: sms_address(c, cipher, rows(database)[0].candidate_id, "", clock.now)) is None
    database.write(lambda c: people.save_turn(c, cipher, person, "", clock.now, None))
    notice({})
    deliver_all(outbox, clock)
    assert sender.sent == ["by chat"]


def test_a_text_with_a_link_does_not_go_to_china_by_sms(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, cipher: Cipher, clock: Clock
) -> None:
    notice({"sms": {"text": "see https://example.com"}})
    deliver_all(outbox, clock)
    assert tries(database) == [("service", "failed")]
    assert {"via": "sms", "code": "china_url"} in cases(database, cipher)[0][1]


# What providers say afterwards.


def told(database: Database, cipher: Cipher, now: datetime, *status: Any) -> None:
    database.write(lambda c: keep_receipt(c, cipher, TERMS, Status(*status), now))


def test_a_template_that_failed_goes_on_by_sms_once(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, cipher: Cipher, sender: Sender, clock: Clock
) -> None:
    notice()
    outbox.deliver()
    outbox.deliver()
    for _ in range(3):
        told(database, cipher, clock.now, "WX1", "failed", "failed:user block")
        told(database, cipher, clock.now, "WX1", "delivered")
        deliver_all(outbox, clock)
    assert tries(database) == [("service", "failed"), ("template", "failed"), ("sms", "sent")]


def test_an_sms_that_never_arrived_goes_on_and_its_fact_lasts(
    outbox: Outbox, notice: Callable[..., list[int]], database: Database, cipher: Cipher, clock: Clock, email: Sender
) -> None:
    notice({"email": OTHERS["email"]})
    deliver_all(outbox, clock)
    for status in ("sent", "undelivered", "sending", "undelivered", "failed"):
        told(database, cipher, clock.now, "SM1", status, "30005" if status == "undelivered" else None)
    deliver_all(outbox, clock)
    assert tries(database) == [("service", "failed"), ("sms", "failed"), ("email", "sent")]
    assert address(database, "sms").unreachable_code == "30005"


def test_an_opt_out_that_twilio_tells_afterwards_is_remembered(
    outbox: Outbox, queue: Queue, database: Database, cipher: Cipher, now: datetime
) -> None:
    queue("x")
    outbox.deliver()
    told(database, cipher, now, "SM1", "failed", "21610")
    assert address(database, "sms").stopped_at == now


# What it costs.


def test_every_message_has_its_road_parts_and_cost(
    outbox: Outbox, queue: Queue, database: Database, sender: Sender
) -> None:
    queue("x", who="+8613800000001")
    queue("x", who="+12025550123")
    queue("x", who="+447700900123")
    queue("x", channel="wechat", who="o-1")
    outbox.deliver()
    paid = [(row.via, row.parts, row.cost) for row in rows(database)]
    assert paid == [("sms", 1, 350_000), ("sms", 1, 60_000), ("sms", 1, None), ("service", 1, 0)]


def test_what_the_version_before_queued_finds_its_road(
    outbox: Outbox, queue: Queue, database: Database, wechat: Sender
) -> None:
    queue("x", channel="wechat", who="o-1")
    database.write(lambda c: c.execute(sa.update(outbound).values(via=None)))
    assert outbox.deliver() == 0
    outbox.settle()
    outbox.deliver()
    assert (wechat.sent, rows(database)[0].via) == (["x"], "service")


def test_the_terms_are_those_of_the_settings(house: Runtime) -> None:
    assert Terms.of(house.settings).closed == house.settings.stages.closed
