"""WeChat's calls are verified, read and answered as its documents say."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import xmltodict
from wechatpy.crypto import WeChatCrypto

from bot.channels.wechat import inbound as wechat_inbound
from bot.errors import Rejected
from bot.platform import clock
from bot.settings import Wechat
from bot.values.message import Incoming, split_bytes

PAYLOADS = Path(__file__).parents[2] / "payloads" / "wechat"
OLD_KEY, NEW_KEY = "o" * 42 + "w", "n" * 42 + "w"
PLAIN = Wechat(app_id="wx1", token="token")
SECURE = Wechat(app_id="wx1", token="token", aes_key=NEW_KEY)
CHANGING = Wechat(app_id="wx1", token="token", aes_key=f"{NEW_KEY},{OLD_KEY}")
COMPATIBLE = Wechat(app_id="wx1", token="token", aes_key=NEW_KEY, compatible=True)
TRAINING, TASK = "VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3_3gz3Oc0NIc", "9nLIlbOQZC5Y89AZteFEux3WCXRRRG5Wfzkpssu4bLI"
NAMES = {
    "text": ("text", "", ""),
    "text_from_msgmenu": ("text", "", ""),
    "image": ("picture", "", ""),
    "voice": ("voice", "", ""),
    "video": ("video", "", ""),
    "shortvideo": ("video", "", ""),
    "location": ("location", "", ""),
    "link": ("link", "", ""),
    "unknown_type": ("event", "", ""),
    "subscribe": ("event", "follow", ""),
    "subscribe_with_scene": ("event", "scan", "WANGFANG1"),
    "subscribe_by_payment": ("event", "follow", ""),
    "scan": ("event", "scan", "WANGFANG1"),
    "unsubscribe": ("event", "unfollow", ""),
    "location_report": ("event", "", ""),
    "click": ("event", "menu", "training.when"),
    "view": ("event", "", ""),
    "scancode_push": ("event", "", ""),
    "templatesendjobfinish": ("event", "template_done", "3487542469355618313"),
    "subscribe_msg_popup": ("event", "subscribed", ""),
    "subscribe_msg_popup_several": ("event", "subscribed", ""),
    "subscribe_msg_change": ("event", "subscribed", ""),
    "subscribe_msg_sent": ("event", "subscription_sent", ""),
    "unknown_event": ("event", "", ""),
}


def payload(name: str) -> bytes:
    """What WeChat sent, without the line that says where it was recorded."""
    return (PAYLOADS / f"{name}.xml").read_bytes().partition(b"\n")[2]


def signed(*parts: str, token: str = "token", name: str = "signature") -> dict[str, str]:
    query = {"timestamp": "1714036504", "nonce": "1514711492"}
    text = "".join(sorted([token, *query.values(), *parts]))
    return {**query, name: hashlib.sha1(text.encode()).hexdigest()}


def sealed(body: bytes, key: str, app_id: str = "wx1") -> tuple[dict[str, str], bytes]:
    """A secure-mode call with this message inside."""
    envelope = xmltodict.parse(WeChatCrypto("token", key, app_id).encrypt_message(body.decode(), "n", "1"))["xml"]
    query = signed(envelope["Encrypt"], name="msg_signature") | {"encrypt_type": "aes"}
    xml = f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{envelope['Encrypt']}]]></Encrypt></xml>"
    return query, xml.encode()


def test_every_recorded_payload_has_its_expectation() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.xml")} == NAMES.keys()


@pytest.mark.parametrize("name", NAMES)
def test_what_wechat_sends_is_read_as_what_it_is(name: str) -> None:
    incoming = wechat_inbound.read(signed(), payload(name), PLAIN).incoming
    assert (incoming.kind, incoming.event, incoming.scene) == NAMES[name]
    assert incoming.address == "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"


@pytest.mark.parametrize("name", NAMES)
def test_json_says_the_same_as_xml(name: str) -> None:
    fields = xmltodict.parse(payload(name))["xml"]
    fields["CreateTime"] = int(fields["CreateTime"])
    as_json = json.dumps(fields, ensure_ascii=False).encode()
    assert (
        wechat_inbound.read(signed(), as_json, PLAIN).incoming
        == wechat_inbound.read(signed(), payload(name), PLAIN).incoming
    )


def test_the_public_check_vector_is_echoed() -> None:
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    assert wechat_inbound.verify_url(query, Wechat(app_id="wx1", token="AAAAA")) == "4375120948345356249"
    with pytest.raises(Rejected):
        wechat_inbound.verify_url(query | {"nonce": "1"}, Wechat(app_id="wx1", token="AAAAA"))


@pytest.mark.parametrize("query", [{}, {"signature": "é"}, signed(token="other"), signed() | {"nonce": ""}])
def test_an_unsigned_call_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Rejected) as refused:
        wechat_inbound.read(query, payload("text"), PLAIN)
    assert refused.value.status == 403


def test_a_signature_without_timestamp_and_nonce_is_refused() -> None:
    with pytest.raises(Rejected):
        wechat_inbound.read({"signature": hashlib.sha1(b"token").hexdigest()}, payload("text"), PLAIN)


@pytest.mark.parametrize(("settings", "key"), [(SECURE, NEW_KEY), (CHANGING, NEW_KEY), (CHANGING, OLD_KEY)])
def test_secure_mode_is_answered_with_the_key_that_opened_the_call(settings: Wechat, key: str) -> None:
    query, body = sealed(payload("text"), key)
    call = wechat_inbound.read(query, body, settings)
    assert call.incoming.text == "你好"
    envelope = xmltodict.parse(call.answer(["在的"]).body)["xml"]
    clear = WeChatCrypto("token", key, "wx1").decrypt_message(
        envelope, envelope["MsgSignature"], envelope["TimeStamp"], envelope["Nonce"]
    )
    reply = xmltodict.parse(clear)["xml"]
    assert (reply["Content"], reply["ToUserName"], reply["FromUserName"]) == (
        "在的",
        "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
        "gh_97417a04a28d",
    )


def test_secure_mode_refuses_other_keys_other_apps_and_clear_bodies() -> None:
    for settings, key, app_id in ((SECURE, OLD_KEY, "wx1"), (SECURE, NEW_KEY, "wx2")):
        with pytest.raises(Rejected):
            wechat_inbound.read(*sealed(payload("text"), key, app_id), settings)
    with pytest.raises(Rejected):
        wechat_inbound.read(signed(), payload("text"), SECURE)
    query, body = sealed(payload("text"), NEW_KEY)
    with pytest.raises(Rejected):
        wechat_inbound.read(query | {"msg_signature": "0" * 40}, body, SECURE)


def test_compatible_mode_takes_the_message_from_what_was_signed() -> None:
    query, body = sealed(payload("text"), NEW_KEY)
    forged = body.replace(b"<ToUserName>", b"<Content>forged</Content><FromUserName>thief</FromUserName><ToUserName>")
    incoming = wechat_inbound.read(query, forged, COMPATIBLE).incoming
    assert (incoming.text, incoming.address) == ("你好", "o9AgO5Kd5ggOC-bXrbNODIiE3bGY")
    assert wechat_inbound.read(signed(), payload("text"), COMPATIBLE).incoming.text == "你好"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"<xml></xml>",
        b"<xml><a/></xml>",
        b"[1]",
        b'{"FromUserName": 1}',
        b"\xff\xfe",
        b"{" * 60000,
        b"<a>" * 20000,
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><ToUserName>&a;</ToUserName></xml>',
        payload("text").replace(b"1348831860", b"9" * 5000),
        payload("text").replace(b"1348831860", "²".encode()),
        payload("text").replace(b"o9AgO5Kd5ggOC-bXrbNODIiE3bGY", b""),
    ],
)
def test_garbage_with_a_good_signature_is_a_400(body: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        wechat_inbound.read(signed(), body, PLAIN)
    assert refused.value.status == 400


def test_text_cannot_break_out_of_its_element() -> None:
    evil = "]]></Content><MsgType>image</MsgType>\x00\x0b\ud800"
    reply = xmltodict.parse(answer(evil).body)["xml"]
    assert reply["Content"] == "]]></Content><MsgType>image</MsgType>"
    assert reply["MsgType"] == "text"


def test_a_long_answer_is_cut_between_characters_and_nothing_is_lost() -> None:
    for text in ("汉" * 2000, "a" * 5000, "行\n" * 1500, "😀" * 1000):
        parts = answer(text).parts
        assert all(len(part.encode()) <= wechat_inbound.LONGEST for part in parts)
        assert "".join(parts).replace("\n", "") == text.replace("\n", "")
        assert xmltodict.parse(answer(text).body)["xml"]["Content"].strip() == parts[0].strip()


def test_two_events_in_one_second_are_two() -> None:
    first = wechat_inbound.read(signed(), payload("subscribe_with_scene"), PLAIN).incoming
    second = wechat_inbound.read(signed(), payload("scan"), PLAIN).incoming
    assert first.key != second.key


def test_what_became_of_a_template_message_is_read() -> None:
    done = wechat_inbound.read(signed(), payload("templatesendjobfinish"), PLAIN).incoming
    assert done.detail["status"] == "failed:user block"
    other = payload("templatesendjobfinish").replace(b"3487542469355618313", b"3487542469355618314")
    assert wechat_inbound.read(signed(), other, PLAIN).incoming.key != done.key


@pytest.mark.parametrize(
    ("name", "templates"),
    [
        ("subscribe_msg_popup", {TRAINING: "accept"}),
        ("subscribe_msg_popup_several", {TRAINING: "accept", TASK: "reject"}),
        ("subscribe_msg_change", {TRAINING: "reject"}),
    ],
)
def test_which_notices_a_person_allows_is_read(name: str, templates: dict[str, str]) -> None:
    assert wechat_inbound.read(signed(), payload(name), PLAIN).incoming.detail["templates"] == templates


def test_what_became_of_a_subscription_notice_is_read() -> None:
    [result] = wechat_inbound.read(signed(), payload("subscribe_msg_sent"), PLAIN).incoming.detail["results"]
    assert result == {"template_id": TRAINING, "msgid": "1700827132819554304", "code": "0", "status": "success"}


@pytest.mark.parametrize("name", ["subscribe_msg_popup", "subscribe_msg_popup_several", "subscribe_msg_sent"])
def test_in_json_the_list_may_stand_beside_the_rest(name: str) -> None:
    fields = xmltodict.parse(payload(name))["xml"]
    [holder] = [value for value in fields.values() if isinstance(value, dict)]
    flat = {key: value for key, value in fields.items() if value is not holder} | holder
    in_json = wechat_inbound.read(signed(), json.dumps(flat).encode(), PLAIN).incoming
    assert in_json == wechat_inbound.read(signed(), payload(name), PLAIN).incoming


def test_two_subscription_events_in_one_second_are_two() -> None:
    def key(body: bytes) -> str:
        return wechat_inbound.read(signed(), body, PLAIN).incoming.key

    sent, popup = payload("subscribe_msg_sent"), payload("subscribe_msg_popup")
    assert key(sent) != key(sent.replace(b"1700827132819554304", b"1700827132819554305"))
    assert key(popup) != key(popup.replace(b"accept", b"reject"))
    assert key(popup) == key(popup)


@pytest.mark.parametrize("inside", [b"", b"<List/>", b"<List>x</List>", b"<List><TemplateId/></List>", b"x"])
def test_a_subscription_event_without_a_list_says_nothing(inside: bytes) -> None:
    body = payload("subscribe_msg_popup")
    start, end = body.index(b"<List>"), body.index(b"</SubscribeMsgPopupEvent>")
    incoming = wechat_inbound.read(signed(), body[:start] + inside + body[end:], PLAIN).incoming
    assert incoming.detail["templates"] == {}


def test_no_text_is_success() -> None:
    assert wechat_inbound.WechatCall(_incoming(), PLAIN).answer([]).body == b"success"


def test_splitting_never_cuts_a_character() -> None:
    assert split_bytes("汉字", 4) == ["汉", "字"]
    assert split_bytes("", 4) == [""]


def answer(text: str) -> Any:
    return wechat_inbound.WechatCall(_incoming(), PLAIN).answer([text])


def _incoming() -> Incoming:
    return Incoming("wechat", "o1", str(clock.now().timestamp()), "text", to="gh_1")
