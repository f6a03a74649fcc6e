"""Texts go out by SMS where they can arrive, cheaply, and what Twilio says is told apart by what to do about it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.channels.twilio import errors as twilio_errors
from bot.channels.twilio.sender import SmsApi
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.platform import clock
from bot.settings import Sms
from bot.values.message import ChannelMessage
from fakes.launch import Fake

AMERICAN, CHINESE = "+14155550100", "+8613800138000"
SERVICE = "MG" + "0" * 32
# What the caller should do about each code, at once or in a status callback; the last ones nobody has met.
CODES: dict[str, type[DeliveryError]] = {
    "20003": Misconfigured,
    "20404": Misconfigured,
    "20429": TryLater,
    "20500": Unknown,
    "20503": Unknown,
    "21211": Unreachable,
    "21212": Misconfigured,
    "21266": Unreachable,
    "21408": Unreachable,
    "21602": Unreachable,
    "21603": Misconfigured,
    "21604": Unreachable,
    "21606": Misconfigured,
    "21608": Unreachable,
    "21609": Misconfigured,
    "21610": Unreachable,
    "21611": TryLater,
    "21612": Unreachable,
    "21614": Unreachable,
    "21617": Unreachable,
    "21619": Unreachable,
    "21620": Unreachable,
    "21635": Unreachable,
    "21659": Misconfigured,
    "21660": Misconfigured,
    "21661": Misconfigured,
    "21703": Misconfigured,
    "21704": Misconfigured,
    "21705": Misconfigured,
    "30001": TryLater,
    "30002": Misconfigured,
    "30003": Unreachable,
    "30004": Unreachable,
    "30005": Unreachable,
    "30006": Unreachable,
    "30007": Unreachable,
    "30008": TryLater,
    "30022": TryLater,
    "30023": TryLater,
    "30024": Misconfigured,
    "30034": Misconfigured,
    "30035": TryLater,
    "30036": TryLater,
    "30047": TryLater,
    "30410": TryLater,
    "30610": TryLater,
    "14107": TryLater,
    "63018": TryLater,
    "30999": Unreachable,
    "63038": TryLater,
    "10001": Misconfigured,
    "20005": Misconfigured,
    "90010": Misconfigured,
    "29999": Unreachable,
    "21268": Unreachable,
    "404": Unreachable,
}


def letter(text: str = "Hello", number: str = AMERICAN) -> ChannelMessage:
    return ChannelMessage(7, number, text, "sms")


def since() -> datetime:
    return clock.now() - timedelta(minutes=1)


def templated(settings: Sms, *templates: str) -> SmsApi:
    return SmsApi(settings.model_copy(update={"china_templates": templates}), "http://127.0.0.1:9")


def test_a_text_gets_twilios_id_and_its_parts(twilio: Fake, sms_api: SmsApi) -> None:
    posted = sms_api.send(letter("x" * 161))
    [send] = twilio.sends()
    assert (posted.provider_id, posted.parts, send["content"]) == (send["sid"], 2, "x" * 161)


def test_a_letter_that_looks_alike_does_not_double_the_price(twilio: Fake, sms_api: SmsApi) -> None:
    text = "It’s tomorrow – bring your ID… " + "x" * 100
    assert sms_api.send(letter(text)).parts == 1
    assert twilio.sends()[0]["content"] == "It's tomorrow - bring your ID... " + "x" * 100


def test_what_no_line_can_carry_is_left_out(twilio: Fake, sms_api: SmsApi) -> None:
    sms_api.send(letter("a\ud800\x00b"))
    assert twilio.sends()[0]["content"] == "ab"


@pytest.mark.parametrize(
    "text",
    [
        "详情见 https://k.cn/l/abc",
        "详情见www.nuanji.com，回复1",
        "请看nuanji.cn/培训",
        "see NUANJI.COM",
        "链接：k.top",
    ],
)
def test_no_address_of_the_web_goes_to_china(twilio: Fake, sms_api: SmsApi, text: str) -> None:
    with pytest.raises(Unreachable) as refused:
        sms_api.send(letter(text, CHINESE))
    assert refused.value.code == "china_url"
    assert twilio.calls() == {}


@pytest.mark.parametrize("text", ["培训9.15开始，带身份证。", "工资 5200.50 元", "王芳.你好", "2.5 km"])
def test_a_dot_is_no_address(twilio: Fake, sms_api: SmsApi, text: str) -> None:
    assert sms_api.send(letter(text, CHINESE)).provider_id


def test_only_registered_templates_go_to_china(twilio: Fake, sms_settings: Sms) -> None:
    api = templated(sms_settings, "【暖记】*您好，培训时间*，地点[总部]*？")
    text = "【暖记】王芳您好，培训时间12月1日\n9:00，地点[总部]二楼，能来吗？"
    assert api.send(letter(text, CHINESE)).provider_id
    assert twilio.sends()[0]["content"] == text
    for other in ("你好", text + "!", text.replace("[总部]", "总"), text.replace("？", "吗")):
        with pytest.raises(Unreachable) as refused:
            api.send(letter(other, CHINESE))
        assert refused.value.code == "china_template"
    assert len(twilio.sends()) == 1


def test_without_templates_nothing_goes_to_china(twilio: Fake, sms_settings: Sms) -> None:
    with pytest.raises(Unreachable):
        templated(sms_settings).send(letter("你好", CHINESE))
    assert templated(sms_settings).send(letter("你好", AMERICAN)).provider_id


@pytest.mark.parametrize("text", ["字" * 501, "ab" * 250 + "字"])
def test_what_is_too_long_for_china_is_not_sent(twilio: Fake, sms_api: SmsApi, text: str) -> None:
    with pytest.raises(Unreachable) as refused:
        sms_api.send(letter(text, CHINESE))
    assert refused.value.code == "china_length"
    assert sms_api.send(letter("字" * 500, CHINESE)).parts == 8


def test_a_registered_text_goes_to_china_as_it_was_registered(twilio: Fake, sms_settings: Sms) -> None:
    text = "【Nuanji】Your training’s on – see you…"
    templated(sms_settings, "【Nuanji】Your training’s on – *").send(letter(text, CHINESE))
    assert twilio.sends()[0]["content"] == text


@pytest.mark.parametrize("code", [code for code in CODES if len(code) == 5 and CODES[code] is not Unknown])
def test_every_refusal_says_what_to_do(twilio: Fake, sms_api: SmsApi, code: str) -> None:
    twilio.fault("Messages.json", "errcode", errcode=int(code))
    with pytest.raises(DeliveryError) as refused:
        sms_api.send(letter())
    assert (type(refused.value), refused.value.code) == (CODES[code], code)
    assert AMERICAN not in str(refused.value)


@pytest.mark.parametrize("code", CODES)
def test_a_code_means_the_same_in_a_callback(code: str) -> None:
    assert twilio_errors.kind_of(code) is CODES[code]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_status_that_speaks_of_the_account_counts_where_its_code_is_not_known(
    twilio: Fake, sms_api: SmsApi, status: int
) -> None:
    twilio.fault("Messages.json", "errcode", errcode=29999, status=status)
    with pytest.raises(Misconfigured):
        sms_api.send(letter())


def test_every_known_code_is_tried() -> None:
    assert twilio_errors.KNOWN.keys() <= CODES.keys()


def test_facts_that_last_close_the_road_and_what_passes_does_not() -> None:
    assert all(twilio_errors.kind_of(code) is Unreachable for code in twilio_errors.LASTING)
    assert all(twilio_errors.kind_of(code) is TryLater for code in twilio_errors.PASSING)
    assert not twilio_errors.LASTING & twilio_errors.PASSING


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "5xx"}, Unknown),
        ({"kind": "errcode", "errcode": 20500}, Unknown),
        ({"kind": "errcode", "errcode": 20503}, Unknown),
        ({"kind": "429"}, TryLater),
        ({"kind": "http", "status": 429}, TryLater),
        ({"kind": "http", "status": 200}, Unknown),
        ({"kind": "reset_before_commit"}, Unknown),
        ({"kind": "reset_after_commit"}, Unknown),
    ],
)
def test_what_is_not_clearly_refused_is_unknown_and_never_repeated(
    twilio: Fake, sms_api: SmsApi, fault: dict[str, Any], kind: type[DeliveryError]
) -> None:
    twilio.fault("Messages.json", **fault)
    with pytest.raises(kind):
        sms_api.send(letter())
    assert sum(twilio.calls().values()) == 1


def test_a_text_that_was_taken_without_an_answer_is_found(twilio: Fake, sms_api: SmsApi) -> None:
    twilio.fault("Messages.json", "reset_after_commit")
    with pytest.raises(Unknown):
        sms_api.send(letter("It’s on"))
    twilio.idle()
    found = sms_api.find(letter("It’s on"), since(), ())
    assert found
    assert (found.provider_id, found.parts, found.status) == (twilio.sends()[0]["sid"], 1, "delivered")


def test_a_text_that_waits_at_twilio_is_found(twilio: Fake, sms_api: SmsApi) -> None:
    twilio.post("/_fake/statuses", auto=False)
    posted = sms_api.send(letter())
    found = sms_api.find(letter(), since(), ())
    assert found
    assert (found.provider_id, found.status) == (posted.provider_id, "queued")


def test_a_text_that_never_came_there_is_not_found(twilio: Fake, sms_api: SmsApi) -> None:
    twilio.fault("Messages.json", "reset_before_commit")
    with pytest.raises(Unknown):
        sms_api.send(letter())
    assert sms_api.find(letter(), since(), ()) is None


def test_only_the_letter_itself_is_found(twilio: Fake, sms_api: SmsApi) -> None:
    own = [sms_api.send(letter()).provider_id or "" for _ in range(2)]
    sms_api.send(letter("Goodbye"))
    sms_api.send(letter(number="+14155550101"))
    twilio.push({"from": AMERICAN, "body": "Hello", "wait": False})
    found = sms_api.find(letter(), since(), own[1:])
    assert found
    assert found.provider_id == own[0]
    assert sms_api.find(letter(), since(), own) is None
    assert sms_api.find(letter(), clock.now() + timedelta(minutes=1), ()) is None


def test_of_several_the_newest_is_found(twilio: Fake, sms_api: SmsApi) -> None:
    sms_api.send(letter())
    twilio.pass_time(5)
    second = sms_api.send(letter())
    found = sms_api.find(letter(), since(), ())
    assert found
    assert found.provider_id == second.provider_id


@pytest.mark.parametrize(
    "fault", [{"kind": "5xx"}, {"kind": "429"}, {"kind": "reset"}, {"kind": "http", "status": 200}]
)
def test_who_cannot_ask_asks_later(twilio: Fake, sms_api: SmsApi, fault: dict[str, Any]) -> None:
    sms_api.send(letter())
    twilio.fault("Messages.json", **fault)
    with pytest.raises(TryLater):
        sms_api.find(letter(), since(), ())


def test_where_no_connection_came_about_nothing_was_sent(sms_settings: Sms) -> None:
    away = SmsApi(sms_settings.model_copy(update={"api_url": "http://127.0.0.1:9"}), "http://127.0.0.1:9")
    with pytest.raises(TryLater) as failed:
        away.send(letter())
    assert failed.value.code == "no_connection"
    with pytest.raises(TryLater):
        away.find(letter(), since(), ())
