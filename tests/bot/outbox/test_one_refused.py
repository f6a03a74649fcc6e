"""One recipient whom the provider refuses, for whatever reason, holds up nobody else."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.channels.twilio.sender import SmsApi
from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.conversation import Runtime
from bot.errors import Misconfigured
from bot.outbox import Outbox
from bot.settings import Wechat
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import case_reasons, stopped_channels
from fakes.launch import Fake, launched
from tests.bot.outbox.conftest import TERMS, Clock, Sender, rows

Queue = Callable[..., list[int]]
ALL = [f"+8613900000{n:03}" for n in range(6)]
REFUSED, FIVE = ALL[0], ALL[1:]


@pytest.fixture
def outbox(database: Database, cipher: Cipher, sms_api: SmsApi, clock: Clock) -> Outbox:
    return Outbox(database, cipher, {"sms": sms_api}, clock, TERMS, jitter=lambda: 1.0)


def arrived(twilio: Fake) -> list[str]:
    return sorted(send["to"] for send in twilio.sends())


def stopped(database: Database) -> list[str]:
    return list(database.read(lambda c: c.execute(sa.select(stopped_channels.c.code)).scalars()))


@pytest.mark.parametrize("code", [21268, 21265, 29999, 60999, 400])
def test_a_code_that_nobody_has_met_is_about_one_message_and_the_others_get_theirs(
    house: Runtime, outbox: Outbox, queue: Queue, twilio: Fake, database: Database, cipher: Cipher, code: int
) -> None:
    twilio.post("/_fake/phone", number=REFUSED, refuse=code)
    queue("news", who=REFUSED, kind="notice", candidate="PUB")
    for number in FIVE:
        queue("news", who=number, kind="notice")
    outbox.deliver()
    assert arrived(twilio) == FIVE
    assert stopped(database) == []
    (reason,) = database.read(lambda c: c.execute(sa.select(case_reasons)).all())
    assert json.loads(cipher.open(reason.detail, "case_reasons.detail"))["roads"][0] == {
        "via": "sms",
        "code": str(code),
    }


@pytest.mark.parametrize("rank", [0, 1], ids=["a reply of HR's", "a notice"])
def test_a_refusal_that_is_called_the_accounts_but_meets_one_message_alone_ends_that_message(
    outbox: Outbox, queue: Queue, twilio: Fake, database: Database, clock: Clock, rank: int
) -> None:
    twilio.post("/_fake/phone", number=REFUSED, refuse=21606)
    queue("reply", who=REFUSED, rank=rank)
    outbox.deliver()
    assert stopped(database) == ["21606"]
    for number in FIVE:
        queue("news", who=number, kind="notice")
    for _ in range(3):
        clock.now += timedelta(minutes=1)
        while outbox.deliver():
            pass
    assert arrived(twilio) == FIVE
    assert stopped(database) == []
    assert next((row.state, row.error_code) for row in rows(database)) == ("failed", "21606")


def test_a_message_that_tries_alone_and_in_vain_fails_in_the_end(
    outbox: Outbox, queue: Queue, twilio: Fake, database: Database, clock: Clock
) -> None:
    twilio.post("/_fake/phone", number=REFUSED, refuse=21606)
    queue("reply", who=REFUSED)
    for _ in range(90):
        outbox.deliver()
        clock.now += timedelta(minutes=1)
    assert [row.state for row in rows(database)] == ["failed"]


def test_an_account_that_is_wrong_for_an_hour_costs_nobody_a_message(
    outbox: Outbox, queue: Queue, twilio: Fake, database: Database, clock: Clock
) -> None:
    for number in ALL:
        queue("news", who=number, kind="notice")
    twilio.fault("/Messages", "errcode", errcode=20003, times="forever")
    for _ in range(60):
        outbox.deliver()
        clock.now += timedelta(minutes=1)
    assert {row.state for row in rows(database)} == {"queued"}
    twilio.post("/_fake/faults", clear=True)
    clock.now += timedelta(minutes=6)
    while outbox.deliver():
        pass
    assert arrived(twilio) == ALL


@pytest.mark.parametrize("code", [41999, 48002, 61999, 50005])
def test_a_code_of_wechats_that_nobody_has_met_is_about_one_message(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, code: int
) -> None:
    with launched("wechat", "--callback", "http://127.0.0.1:9/") as wechat:
        for n in range(6):
            wechat.post("/_fake/person", openid=f"o-{n}", following=True, window="message")
            queue("hello", channel="wechat", who=f"o-{n}")
        settings = Wechat(app_id="wx0123456789abcdef", app_secret="0123456789abcdef" * 2, token="t", api_url=wechat.url)
        api = WechatApi(settings, SharedTokens(None, settings.app_id))
        outbox = Outbox(database, cipher, {"wechat": api}, clock, TERMS, jitter=lambda: 1.0)
        wechat.fault("/message/custom/send", "errcode", errcode=code, to="o-0", times="forever")
        outbox.deliver()
        assert sorted(send["to"] for send in wechat.sends()) == [f"o-{n}" for n in range(1, 6)]
    assert stopped(database) == []


def test_the_freshest_message_tries_a_channel_that_stands_still(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, sender: Sender
) -> None:
    outbox = Outbox(database, cipher, {"sms": sender}, clock, TERMS, jitter=lambda: 1.0)
    queue("first", who=REFUSED, rank=0)
    sender.fails = Misconfigured("21606")
    outbox.deliver()
    queue("second", who=FIVE[0], kind="notice")
    sender.fails = None
    clock.now += timedelta(minutes=1)
    outbox.deliver()
    assert sender.sent == ["second"]
    assert [row.state for row in rows(database)] == ["queued", "sent"]
