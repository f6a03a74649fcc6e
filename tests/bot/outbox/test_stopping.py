"""A channel on which our account is wrong stops with one alarm, tries once a minute, and goes on where it stood."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from bot.channels.twilio.inbound import Status
from bot.conversation import Runtime
from bot.errors import Misconfigured, Unreachable
from bot.outbox import Outbox, keep_receipt
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import case_reasons, stopped_channels
from tests.bot.outbox.conftest import TERMS, Clock, Sender, rows, states

Queue = Callable[..., list[int]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def stopped(outbox: Outbox, queue: Queue, sender: Sender, clock: Clock) -> list[Any]:
    """SMS stands still: five people wait; gives the log."""
    for n in range(5):
        queue(f"{n}", who=f"+861380000000{n}")
    sender.fails = Misconfigured("20003", "Authenticate")
    with capture_logs() as lines:
        for _ in range(3):
            outbox.deliver()
    return lines


def channels(database: Database) -> list[tuple[str, str]]:
    wanted = sa.select(stopped_channels.c.channel, stopped_channels.c.code)
    return database.read(lambda c: [tuple(row) for row in c.execute(wanted)])


def test_it_stops_with_one_alarm_and_no_attempt_counted(stopped: list[Any], database: Database) -> None:
    alarms = [line for line in stopped if line["log_level"] == "error"]
    assert [(line["event"], line["channel"], line["code"]) for line in alarms] == [("channel_stopped", "sms", "20003")]
    assert channels(database) == [("sms", "20003")]
    assert [(row.state, row.attempts, row.lease_until) for row in rows(database)] == [("queued", 0, None)] * 5


def test_other_channels_go_on(stopped: list[Any], outbox: Outbox, queue: Queue, wechat: Sender) -> None:
    queue("hello", channel="wechat", who="o-1")
    outbox.deliver()
    assert wechat.sent == ["hello"]


def test_one_message_a_minute_tries_and_another_one_each_time(
    stopped: list[Any], outbox: Outbox, sender: Sender, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(letter: Any) -> Any:
        tried.append(letter.text)
        raise Misconfigured("20003")

    monkeypatch.setattr(sender, "send", refuse)
    for _ in range(3):
        clock.now += MINUTE
        assert outbox.deliver() == 1
        assert outbox.deliver() == 0
    assert len(set(tried)) == 3


def test_a_success_starts_it_again_where_it_stood(
    stopped: list[Any], outbox: Outbox, sender: Sender, clock: Clock, database: Database
) -> None:
    sender.fails = None
    assert outbox.deliver() == 0
    clock.now += MINUTE
    with capture_logs() as lines:
        assert outbox.deliver() == 1
    assert [line["event"] for line in lines] == ["channel_resumes"]
    assert channels(database) == []
    assert outbox.deliver() == 4
    assert (states(database), sorted(sender.sent)) == (["sent"] * 5, ["0", "1", "2", "3", "4"])


def test_a_person_who_cannot_be_reached_proves_nothing_of_the_account(
    stopped: list[Any], outbox: Outbox, sender: Sender, clock: Clock, database: Database
) -> None:
    sender.fails = Unreachable("21612")
    clock.now += MINUTE
    outbox.deliver()
    assert channels(database) == [("sms", "20003")]
    assert states(database).count("failed") == 1


def test_two_processes_do_not_both_try(stopped: list[Any], outbox: Outbox, database: Database, clock: Clock) -> None:
    clock.now += MINUTE
    taken = [database.write(lambda c: outbox._reserve(c)) for _ in range(2)]
    assert [len(parcels) for parcels in taken] == [1, 0]
    assert taken[0][0].probing


def test_a_notice_that_expires_meanwhile_is_for_hr_to_call_about(
    house: Runtime, stopped: list[Any], outbox: Outbox, queue: Queue, database: Database, cipher: Cipher, clock: Clock
) -> None:
    queue("notice", kind="notice", candidate="PUB", expires_at=clock.now + MINUTE / 2)
    queue("story", channel="wechat", who="o-9", kind="story", candidate="PUB", expires_at=clock.now + MINUTE / 2)
    outbox.deliver()
    clock.now += MINUTE
    outbox.settle()
    outbox.settle()
    (reason,) = database.read(lambda c: c.execute(sa.select(case_reasons)).all())
    assert reason.reason == "unreachable"
    assert json.loads(cipher.open(reason.detail, "case_reasons.detail")) == {
        "roads": [{"via": "sms", "code": "expired"}]
    }
    assert states(database)[5] == "expired"


def test_what_carriers_refuse_for_what_our_account_is_stops_the_channel_too(
    outbox: Outbox, queue: Queue, database: Database, cipher: Cipher, sender: Sender, clock: Clock
) -> None:
    queue("1", who="+12025550123")
    outbox.deliver()
    status = Status("SM1", "undelivered", "30034")
    with capture_logs() as lines:
        for _ in range(2):
            database.write(lambda c: keep_receipt(c, cipher, TERMS, status, clock.now))
    assert [(line["event"], line["code"]) for line in lines] == [("channel_stopped", "30034")]
    queue("2", who="+12025550124")
    assert outbox.deliver() == 0
    assert states(database) == ["failed", "queued"]
