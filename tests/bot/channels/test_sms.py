"""Twilio's calls are verified, read and answered as its documents say."""

import hashlib
import json
from pathlib import Path
from urllib.parse import parse_qsl, quote
from xml.etree import ElementTree

import pytest
from multidict import CIMultiDict, MultiDict
from twilio.request_validator import RequestValidator

from bot.channels.twilio import inbound as twilio_inbound
from bot.errors import Rejected
from bot.settings import Sms

PAYLOADS = Path(__file__).parents[2] / "payloads" / "sms"
PUBLIC = "https://keepwarm.example.com"
SETTINGS = Sms(account_sid="AC1", auth_token="token", shared_keys={"webhooks_sharedkey_1": "shared"})
SHA256 = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.txt").read_bytes().partition(b"\n")[2].strip()


def call(
    body: bytes, target: str = "/sms", public: str = PUBLIC, secret: str = "token", settings: str = ""
) -> twilio_inbound.Request:
    """A form as Twilio signs it: over the public address."""
    form = MultiDict(parse_qsl(body.decode(), keep_blank_values=True))
    algorithm = "HMAC_SHA256" if settings else None
    signature = RequestValidator(secret).compute_signature(public + target, form, algorithm)
    headers = CIMultiDict({"X-Twilio-Signature": signature})
    if settings:
        headers["X-Twilio-Webhooks-Signature-Settings"] = settings
    return twilio_inbound.Request("POST", target, body, headers)


@pytest.mark.parametrize("name", sorted(path.stem for path in PAYLOADS.glob("*.txt")))
def test_what_twilio_sends_is_read(name: str) -> None:
    incoming = twilio_inbound.read(call(payload(name)), SETTINGS, PUBLIC).incoming
    assert incoming.address == "+14133881111"
    assert incoming.key.startswith(("SM", "MM"))


def test_a_picture_is_kept_as_what_it_is() -> None:
    incoming = twilio_inbound.read(call(payload("picture")), SETTINGS, PUBLIC).incoming
    assert incoming.kind == "picture"
    assert incoming.detail["media"] == [{"url": "https://api.twilio.com/Media/ME1", "type": "image/jpeg"}]


def test_twilios_own_words_are_known() -> None:
    incoming = twilio_inbound.read(call(payload("opt_out")), SETTINGS, PUBLIC).incoming
    assert twilio_inbound.obeyed(incoming.text, incoming.detail["opt_out_type"]) == "stop"
    assert [
        twilio_inbound.obeyed(word, "")
        for word in (" stop ", "STOP please", "yes", "Unstop", "CANCEL", "CANCEL my slot")
    ] == [
        "stop",
        "",
        "start",
        "start",
        "stop",
        "",
    ]


def test_unknown_and_repeated_fields_are_part_of_the_signature() -> None:
    body = payload("text") + b"&New+Field=%E4%BD%A0&Twice=b&Twice=a&Twice=b&Blank="
    assert twilio_inbound.read(call(body), SETTINGS, PUBLIC).incoming.text == "Msg"
    with pytest.raises(Rejected):
        twilio_inbound.read(
            twilio_inbound.Request("POST", "/sms", body + b"&x=y", call(body).headers), SETTINGS, PUBLIC
        )


def test_the_shared_key_signs_with_sha_256() -> None:
    assert twilio_inbound.read(call(payload("text"), secret="shared", settings=SHA256), SETTINGS, PUBLIC)
    with pytest.raises(Rejected):
        twilio_inbound.read(call(payload("text"), secret="wrong", settings=SHA256), SETTINGS, PUBLIC)
    headers = {"X-Twilio-Signature": "x", "X-Twilio-Webhooks-Signature-Settings": "algorithm=ROT13"}
    with pytest.raises(Rejected):
        twilio_inbound.read(twilio_inbound.Request("POST", "/sms", b"", headers), SETTINGS, PUBLIC)


@pytest.mark.parametrize("signed_for", [PUBLIC, f"{PUBLIC}:443"])
def test_the_port_may_or_may_not_be_signed(signed_for: str) -> None:
    assert twilio_inbound.read(call(payload("text"), public=signed_for), SETTINGS, PUBLIC)


@pytest.mark.parametrize("target", ["/sms?", "/sms?a=b&c=%2f", "/sms?x=%E4%BD%A0"])
def test_the_address_counts_exactly_as_it_was_called(target: str) -> None:
    assert twilio_inbound.read(call(payload("text"), target), SETTINGS, PUBLIC)


def test_another_host_or_no_signature_is_refused() -> None:
    with pytest.raises(Rejected):
        twilio_inbound.read(call(payload("text"), public="http://127.0.0.1:8080"), SETTINGS, PUBLIC)
    with pytest.raises(Rejected):
        twilio_inbound.read(twilio_inbound.Request("POST", "/sms", payload("text"), {}), SETTINGS, PUBLIC)
    with pytest.raises(Rejected):
        twilio_inbound.read(
            twilio_inbound.Request("POST", "/sms", payload("text"), {"X-Twilio-Signature": "é"}), SETTINGS, PUBLIC
        )


def test_get_is_signed_over_its_query() -> None:
    target = "/sms?" + payload("text").decode()
    signature = RequestValidator("token").compute_signature(PUBLIC + target, {})
    request = twilio_inbound.Request("GET", target, b"", {"X-Twilio-Signature": signature})
    assert twilio_inbound.read(request, SETTINGS, PUBLIC).incoming.text == "Msg"


def test_json_is_bound_to_the_signature_by_its_hash() -> None:
    body = json.dumps({"From": "+14133881111", "MessageSid": "SM1", "Body": "Hi"}).encode()
    target = f"/sms?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {"X-Twilio-Signature": RequestValidator("token").compute_signature(PUBLIC + target, {})}
    assert (
        twilio_inbound.read(twilio_inbound.Request("POST", target, body, headers), SETTINGS, PUBLIC).incoming.text
        == "Hi"
    )
    with pytest.raises(Rejected):
        twilio_inbound.read(
            twilio_inbound.Request("POST", target, body.replace(b"Hi", b"Ho"), headers), SETTINGS, PUBLIC
        )


@pytest.mark.parametrize(
    "body", [b"", b"From=%2B1", b"MessageSid=SM1", b"NumMedia=" + b"9" * 9000, "NumMedia=²".encode()]
)
def test_a_signed_call_without_a_message_is_a_400(body: bytes) -> None:
    with pytest.raises(Rejected) as refused:
        twilio_inbound.read(call(body), SETTINGS, PUBLIC)
    assert refused.value.status == 400


def test_a_status_is_read() -> None:
    body = b"ErrorCode=30034&SmsStatus=undelivered&MessageStatus=undelivered&To=%2B14255550100&MessageSid=SM1"
    assert twilio_inbound.read_status(call(body, "/sms/status"), SETTINGS, PUBLIC) == twilio_inbound.Status(
        "SM1", "undelivered", "30034"
    )


def answered(*texts: str) -> list[ElementTree.Element]:
    """The messages of an answer."""
    call_ = twilio_inbound.read(call(payload("text")), SETTINGS, PUBLIC)
    return ElementTree.fromstring(call_.answer(texts).body).findall("Message")


def test_twiml_says_all_texts_in_one_message_for_several_have_no_order() -> None:
    (message,) = answered('a < b & "c"\x00', "第二条？")
    assert message.findtext("Body") == 'a < b & "c"\n\n第二条？'
    assert answered() == []
    long = [message.findtext("Body") or "" for message in answered("x" * 1601)]
    assert [len(text) for text in long] == [1600, 1]


def test_an_answer_costs_no_more_than_the_same_text_by_the_api() -> None:
    (message,) = answered("It’s at the Jing’an Center – see you…")
    assert message.findtext("Body") == "It's at the Jing'an Center - see you..."


def test_what_becomes_of_each_part_of_an_answer_is_told_by_its_place() -> None:
    key = twilio_inbound.read(call(payload("text")), SETTINGS, PUBLIC).incoming.key
    for place, message in enumerate(answered("x" * 1601)):
        callback = message.get("statusCallback") or ""
        assert callback.startswith(f"{PUBLIC}/sms/status?")
        status = call(b"MessageSid=SM1&MessageStatus=delivered&To=%2B1", callback.removeprefix(PUBLIC))
        told = twilio_inbound.read_status(status, SETTINGS, PUBLIC)
        assert told.part == twilio_inbound.AnswerPart("+1", key, place)


@pytest.mark.parametrize("query", ["", "?answer=SM2", "?part=0", "?answer=SM2&part=x", "?answer=SM2&part=²"])
def test_a_status_without_a_place_is_of_no_answer(query: str) -> None:
    body = b"MessageSid=SM1&MessageStatus=delivered&To=%2B1"
    assert (
        twilio_inbound.read_status(call(body, f"/sms/status{quote(query, safe='?=&')}"), SETTINGS, PUBLIC).part is None
    )


def test_percent_encoded_garbage_is_refused_and_not_a_failure() -> None:
    for body in (b"%ff%fe=%00", b"a=" + quote("\udcff", errors="surrogatepass").encode(), b"&" * 5000):
        with pytest.raises(Rejected):
            twilio_inbound.read(
                twilio_inbound.Request("POST", "/sms", body, {"X-Twilio-Signature": "x"}), SETTINGS, PUBLIC
            )
