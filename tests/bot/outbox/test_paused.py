"""Who was paused between taking a message and sending it finds out before the first byte that it is no longer theirs."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import urllib3

from bot.channels.email import EmailApi
from bot.channels.registry import Sender as Sends
from bot.channels.twilio.sender import SmsApi
from bot.outbox import Outbox, dispatcher
from bot.settings import Email, Sms
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from fakes.launch import Fake, launched
from tests.bot.outbox.conftest import TERMS, Clock, Sender, rows

Queue = Callable[..., list[int]]
WHO = "+12025550140"


@pytest.fixture
def made(database: Database, cipher: Cipher, sms_settings: Sms, clock: Clock) -> Callable[[], Outbox]:
    def make() -> Outbox:
        sms = SmsApi(sms_settings, "http://127.0.0.1:9")
        return Outbox(database, cipher, {"sms": sms}, clock, TERMS, jitter=lambda: 1.0)

    return make


def while_it_connects(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Once, in the middle of a new connection."""
    connect = urllib3.connection.HTTPConnection._new_conn
    done: list[bool] = []

    def connects(self: Any) -> Any:
        if not done:
            done.append(True)
            elsewhere = threading.Thread(target=happens)
            elsewhere.start()
            elsewhere.join()
        return connect(self)

    monkeypatch.setattr("bot.channels.http._IDLE", -1.0)  # every call connects anew
    monkeypatch.setattr(urllib3.connection.HTTPConnection, "_new_conn", connects)


def test_a_worker_that_slept_while_others_settled_its_message_sends_nothing(
    made: Callable[[], Outbox],
    queue: Queue,
    twilio: Fake,
    clock: Clock,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleeper, other = made(), made()
    queue("once", who=WHO)

    def others_go_on() -> None:
        clock.now += timedelta(minutes=3)
        other.settle()
        clock.now += timedelta(minutes=3)
        other.reconcile()
        other.deliver()

    while_it_connects(monkeypatch, others_go_on)
    sleeper.deliver()
    assert len(twilio.sends()) == 1
    assert [row.state for row in rows(database)] == ["sent"]


def test_a_worker_whose_lease_is_over_sends_nothing_although_nobody_has_noticed(
    made: Callable[[], Outbox],
    queue: Queue,
    twilio: Fake,
    clock: Clock,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue("later", who=WHO)

    def time_passes() -> None:
        clock.now += timedelta(minutes=2)

    while_it_connects(monkeypatch, time_passes)
    outbox = made()
    outbox.deliver()
    assert twilio.sends() == []
    assert [(row.state, row.error_code) for row in rows(database)] == [("queued", "lease_over")]
    clock.now += timedelta(minutes=1)
    outbox.deliver()
    assert len(twilio.sends()) == 1


def test_a_clock_that_stands_still_hides_no_long_sleep(
    made: Callable[[], Outbox], queue: Queue, twilio: Fake, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue("later", who=WHO)
    slept = [0.0]
    monkeypatch.setattr(dispatcher, "_uptime", lambda: time.monotonic() + slept[0])
    while_it_connects(monkeypatch, lambda: slept.__setitem__(0, 100.0))
    made().deliver()
    assert twilio.sends() == []
    assert [row.error_code for row in rows(database)] == ["lease_over"]


def test_a_mail_is_looked_at_before_its_text_goes(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with launched("smtp") as smtp:
        address = smtp.get("/_fake/state")["url"].rpartition("@")[2].rpartition("/")[2]
        channels: dict[str, Sends] = {
            "email": EmailApi(Email(url=f"smtp://{address}", **{"from": "hr@nuanji.example"}))
        }
        outbox = Outbox(database, cipher, channels, clock, TERMS, jitter=lambda: 1.0)
        queue("later", channel="email", who="wang@example.com", others={"email": {"subject": "x", "text": "later"}})

        def slowly(*_: Any) -> None:
            clock.now += timedelta(minutes=2)

        monkeypatch.setattr("bot.channels.email._envelope", slowly)
        outbox.deliver()
        assert smtp.sends() == []
    assert [row.error_code for row in rows(database)] == ["lease_over"]


def test_a_message_that_was_just_begun_costs_no_second_look(
    outbox: Outbox, queue: Queue, sender: Sender, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    monkeypatch.setattr(database, "read", lambda work: looks.append(work))
    queue("now")
    outbox.deliver()
    assert (sender.sent, looks) == (["now"], [])
