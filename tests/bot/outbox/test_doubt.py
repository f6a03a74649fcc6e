"""What may have gone out is asked for, where anybody can be asked; it is never sent twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.twilio.inbound import Status
from bot.conversation import Runtime
from bot.errors import TryLater, Unknown, Unreachable
from bot.outbox import Outbox, keep_receipt
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import case_reasons, outbound
from bot.values.message import SendResult
from tests.bot.outbox.conftest import TERMS, Clock, Sender, rows, states

Queue = Callable[..., list[int]]
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
OTHERS = {"template": {"name": "training", "values": {}}}


@pytest.fixture
def doubtful(outbox: Outbox, queue: Queue, sender: Sender) -> None:
    """An SMS that Twilio may have, and one before it that it has."""
    queue("before")
    outbox.deliver()
    queue("x")
    sender.answers = [Unknown("20500")]
    outbox.deliver()


def passed(clock: Clock, outbox: Outbox, time: timedelta) -> int:
    clock.now += time
    return outbox.reconcile()


def test_nobody_is_asked_before_two_minutes_are_over(
    doubtful: None, outbox: Outbox, clock: Clock, sender: Sender, database: Database
) -> None:
    assert passed(clock, outbox, 2 * MINUTE - SECOND) == 0
    assert (sender.asked, states(database)) == ([], ["sent", "unknown"])


def test_what_the_provider_has_is_sent_with_all_that_was_told_of_it(
    doubtful: None, outbox: Outbox, clock: Clock, sender: Sender, database: Database, cipher: Cipher
) -> None:
    database.write(lambda c: keep_receipt(c, cipher, TERMS, Status("SM77", "delivered"), clock.now))
    sender.has = SendResult("SM77", 2, "sent")
    began = clock.now
    assert passed(clock, outbox, 2 * MINUTE) == 1
    assert sender.asked == [(began - MINUTE, ("SM1",))]
    row = rows(database)[1]
    assert (row.state, row.provider_id, row.parts, row.cost) == ("delivered", "SM77", 2, 700_000)
    assert passed(clock, outbox, 10 * MINUTE) == 0


def test_what_the_provider_does_not_have_is_sent_again_by_the_same_row(
    doubtful: None, outbox: Outbox, clock: Clock, sender: Sender, database: Database
) -> None:
    passed(clock, outbox, 2 * MINUTE)
    assert states(database) == ["sent", "queued"]
    outbox.deliver()
    assert (states(database), sender.sent) == (["sent", "sent"], ["before", "x"])
    assert rows(database)[1].attempts == 2


def test_what_expired_meanwhile_is_not_sent_again(
    outbox: Outbox, queue: Queue, clock: Clock, sender: Sender, database: Database
) -> None:
    queue("x", expires_at=clock.now + MINUTE)
    sender.answers = [Unknown("20500")]
    outbox.deliver()
    passed(clock, outbox, 2 * MINUTE)
    outbox.deliver()
    outbox.settle()
    assert (states(database), sender.sent) == (["expired"], [])


def test_who_cannot_be_asked_now_is_asked_later(
    doubtful: None, outbox: Outbox, clock: Clock, sender: Sender, database: Database
) -> None:
    sender.has = TryLater("cannot_ask")
    assert passed(clock, outbox, 2 * MINUTE) == 1
    assert passed(clock, outbox, MINUTE) == 0
    assert states(database)[1] == "unknown"
    sender.has = None
    assert passed(clock, outbox, 5 * MINUTE) == 1
    assert states(database)[1] == "queued"


def test_a_message_that_the_provider_never_takes_is_given_up_for_the_next_road(
    house: Runtime, outbox: Outbox, queue: Queue, clock: Clock, sender: Sender, database: Database
) -> None:
    queue("x", kind="notice", candidate="PUB")
    sender.fails = Unknown("20500")
    for _ in range(20):
        outbox.deliver()
        passed(clock, outbox, 3 * MINUTE)
    assert states(database) == ["failed"]
    assert database.read(lambda c: c.execute(sa.select(case_reasons.c.reason)).scalars().all()) == ["unreachable"]


def test_what_its_sender_died_over_is_asked_for_too(
    outbox: Outbox, queue: Queue, clock: Clock, sender: Sender, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue("x")

    def die(_: Any) -> SendResult:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(sender, "send", die)
        with pytest.raises(SystemExit):
            outbox.deliver()
    clock.now += 3 * MINUTE
    outbox.settle()
    sender.has = SendResult("SM9")
    passed(clock, outbox, 2 * MINUTE)
    assert (states(database), sender.sent) == (["sent"], [])


def test_who_comes_back_late_with_the_truth_is_believed(
    doubtful: None, outbox: Outbox, clock: Clock, database: Database, queue: Queue
) -> None:
    """A sender was held up for longer than its lease."""
    (number,) = queue("y")
    (parcel,) = database.write(lambda c: outbox._reserve(c, [number]))
    begun = database.write(lambda c: outbox._begin(c, parcel))
    clock.now += 3 * MINUTE
    outbox.settle()
    assert states(database)[2] == "unknown"
    outbox._send(begun)  # type: ignore[arg-type]
    assert states(database)[2] == "sent"


# Templates: the same row may be told again for nine minutes.


@pytest.fixture
def template(house: Runtime, outbox: Outbox, queue: Queue, wechat: Sender) -> None:
    queue("x", channel="wechat", who="o-1", kind="notice", candidate="PUB", via="template", others=OTHERS)
    wechat.answers = [Unknown("-1")]
    outbox.deliver()


def test_a_template_in_doubt_is_told_again_with_the_same_key(
    template: None, outbox: Outbox, clock: Clock, wechat: Sender, database: Database
) -> None:
    assert passed(clock, outbox, MINUTE) == 1
    outbox.deliver()
    assert states(database) == ["sent"]
    assert wechat.letters[0].id == rows(database)[0].id


def test_a_template_is_not_told_again_when_wechat_has_forgotten_it(
    template: None, outbox: Outbox, clock: Clock, wechat: Sender, database: Database
) -> None:
    passed(clock, outbox, 9 * MINUTE)
    outbox.deliver()
    assert (states(database), wechat.sent) == (["unknown"], [])
    assert passed(clock, outbox, 60 * MINUTE) == 0


def test_a_template_that_waited_too_long_to_be_told_again_stays_unknown(
    template: None, outbox: Outbox, clock: Clock, wechat: Sender, database: Database
) -> None:
    passed(clock, outbox, 8 * MINUTE)
    clock.now += MINUTE
    outbox.deliver()
    assert (states(database), wechat.sent) == (["unknown"], [])
    assert passed(clock, outbox, 60 * MINUTE) == 0


def test_a_refusal_of_the_second_telling_does_not_send_the_notice_elsewhere(
    template: None, outbox: Outbox, clock: Clock, wechat: Sender, database: Database
) -> None:
    """The first may have arrived."""
    passed(clock, outbox, MINUTE)
    wechat.answers = [Unreachable("43116")]
    outbox.deliver()
    assert states(database) == ["unknown"]


@pytest.mark.parametrize(("channel", "via"), [("wechat", "service"), ("wechat", "subscription"), ("email", "email")])
def test_roads_that_nobody_can_ask_about_stay_unknown(
    outbox: Outbox, queue: Queue, clock: Clock, wechat: Sender, database: Database, channel: str, via: str
) -> None:
    outbox._senders["email"] = wechat
    queue("x", channel=channel, who="somebody", via=via)
    wechat.fails = Unknown("-1")
    outbox.deliver()
    assert passed(clock, outbox, 60 * MINUTE) == 0
    outbox.deliver()
    assert states(database) == ["unknown"]


# Final statuses that never came.


def test_an_sms_without_a_final_status_is_asked_for_after_an_hour_and_every_hour_for_a_day(
    outbox: Outbox, queue: Queue, clock: Clock, sender: Sender, database: Database
) -> None:
    queue("x")
    outbox.deliver()
    sender.has = SendResult("SM1", 1, "sent")
    assert passed(clock, outbox, 59 * MINUTE) == 0
    for _ in range(23):
        assert passed(clock, outbox, 61 * MINUTE) == 1
    assert passed(clock, outbox, 61 * MINUTE) == 0
    assert states(database) == ["sent"]


def test_a_status_that_twilio_has_is_applied_and_ends_the_asking(
    outbox: Outbox, queue: Queue, clock: Clock, sender: Sender, database: Database
) -> None:
    queue("x")
    outbox.deliver()
    sender.has = SendResult("SM1", 1, "delivered")
    passed(clock, outbox, 60 * MINUTE)
    assert states(database) == ["delivered"]
    assert passed(clock, outbox, 61 * MINUTE) == 0


def test_another_message_with_the_same_words_says_nothing_of_this_one(
    outbox: Outbox, queue: Queue, clock: Clock, sender: Sender, database: Database
) -> None:
    queue("x")
    outbox.deliver()
    sender.has = SendResult("SM999", 1, "failed")
    passed(clock, outbox, 60 * MINUTE)
    assert states(database) == ["sent"]


def test_two_processes_do_not_ask_for_the_same_message(
    doubtful: None, outbox: Outbox, clock: Clock, sender: Sender, database: Database
) -> None:
    sender.has = TryLater("cannot_ask")
    assert [passed(clock, outbox, 2 * MINUTE), outbox.reconcile()] == [1, 0]


def test_the_job_takes_batch_after_batch(
    house: Runtime, outbox: Outbox, database: Database, cipher: Cipher, queue: Queue, sender: Sender, clock: Clock
) -> None:
    from jobs import reconcile
    from jobs.context import JobContext

    queue(*[f"{n}" for n in range(130)])
    in_doubt = sa.update(outbound).values(state="unknown", attempts=1, due_at=clock.now)
    database.write(lambda c: c.execute(in_doubt))
    assert reconcile.run(JobContext(house.settings, database, cipher, outbox, house, clock)) == 130
    assert states(database) == ["queued"] * 130
