"""The fake Twilio calls webhooks and reads their answers as Twilio does."""

from typing import Any

import pytest
import requests
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from fakes.launch import Fake
from tests.fakes.callback import Callback, Called, Said, twiml

TOKEN, OURS, THEIRS = "fedcba9876543210" * 2, "+12025550123", "+14155550100"
SIGNATURE = "X-Twilio-Signature"


def text(twilio: Fake, body: str = "when?", **more: Any) -> dict[str, Any]:
    return twilio.push({"from": THEIRS, "body": body} | more)


def is_signed(called: Called, url: str, key: str = TOKEN, algorithm: str = "HMAC_SHA1") -> bool:
    validator = RequestValidator(key)
    return bool(validator.compute_signature(url, MultiDict(called.form), algorithm) == called.headers[SIGNATURE])


def test_a_text_is_posted_with_its_blank_fields_and_signed(twilio: Fake, server: Callback) -> None:
    text(twilio, "什么时候?")
    called = server.calls[-1]
    form = dict(called.form)
    assert is_signed(called, server.url + "/sms")
    assert (form["From"], form["To"], form["Body"], form["NumMedia"]) == (THEIRS, OURS, "什么时候?", "0")
    assert (form["FromCity"], form["SmsStatus"], form["FromCountry"]) == ("", "received", "US")
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"]


def test_unknown_and_repeated_fields_are_signed_too(twilio: Fake, server: Callback) -> None:
    text(twilio, extra={"BrandNew": "1", "Tag": ["b", "a", "b"]})
    called = server.calls[-1]
    assert [value for name, value in called.form if name == "Tag"] == ["b", "a", "b"]
    assert is_signed(called, server.url + "/sms")


def test_the_signature_is_over_the_public_address(twilio: Fake, server: Callback) -> None:
    public = "https://bot.example.com/hooks//sms?x=%7E"
    twilio.post("/_fake/mode", public_url=public)
    text(twilio)
    called = server.calls[-1]
    assert (called.path, called.headers["X-Forwarded-Host"]) == ("/sms?x=%7E", "bot.example.com")
    assert is_signed(called, public)


def test_a_sha256_signature_says_so(twilio: Fake, server: Callback) -> None:
    text(twilio, algorithm="sha256")
    called = server.calls[-1]
    named = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    assert called.headers["X-Twilio-Webhooks-Signature-Settings"] == named
    assert is_signed(called, server.url + "/sms", "shared-key-of-the-fake", "HMAC_SHA256")


def test_a_get_webhook_has_its_fields_in_the_signed_address(twilio: Fake, server: Callback) -> None:
    text(twilio, method="GET")
    called = server.calls[-1]
    assert (called.method, called.query["Body"], called.body) == ("GET", "when?", b"")
    assert is_signed(called, server.url + called.path)


@pytest.mark.parametrize("signature", ["bad", "missing"])
def test_a_forged_text_reaches_no_chat(twilio: Fake, server: Callback, signature: str) -> None:
    server.says(Said("", status=403))
    assert text(twilio, signature=signature)["good"] is False
    called = server.calls[-1]
    assert SIGNATURE not in called.headers or not is_signed(called, server.url + "/sms")
    assert twilio.chat(THEIRS) == []


def test_the_answers_reach_the_phone_in_parts_and_in_no_order(twilio: Fake, server: Callback) -> None:
    server.says(twiml(f"<Message><Body>{'好' * 71}</Body></Message><Message>second</Message>"))
    assert text(twilio)["reply"] == ["好" * 71, "second"]
    assert [(line["via"], line["segments"]) for line in twilio.chat(THEIRS)] == [
        ("user", 1),
        ("twiml", 1),
        ("twiml", 2),
    ]


@pytest.mark.parametrize("callback", ["/status", "ftp://x.example/", "https://a_b.example/"])
def test_an_answer_that_wants_to_be_told_nowhere_is_not_sent(twilio: Fake, server: Callback, callback: str) -> None:
    server.says(twiml(f"<Message statusCallback='{callback}'>hello</Message>"))
    assert [error.partition(" ")[0] for error in text(twilio)["errors"]] == ["14105"]


@pytest.mark.parametrize("said", [Said("<Response/>", content_type="text/plain"), Said("ok"), Said("", status=500)])
def test_an_unreadable_answer_is_plainly_wrong(twilio: Fake, server: Callback, said: Said) -> None:
    server.says(said)
    pushed = text(twilio)
    assert (pushed["good"], pushed["reply"], len(pushed["errors"])) == (False, [], 1)
    assert twilio.chat(THEIRS)[0]["delivery"]["problems"] == pushed["errors"]


def test_a_dead_server_is_tried_once_more(twilio: Fake) -> None:
    twilio.callback("http://127.0.0.1:9/sms")
    assert [delivery["error"] for delivery in text(twilio)["deliveries"]] == ["refused", "refused"]


def test_retries_follow_the_overrides_and_carry_one_token(twilio: Fake, server: Callback) -> None:
    twilio.callback(server.url + "/sms#rc=3&rp=5xx,rt&tt=200")
    server.says(Said("", status=503), None, twiml())
    pushed = text(twilio)
    assert [delivery["status"] for delivery in pushed["deliveries"]] == [503, None, 200]
    assert len({called.headers["I-Twilio-Idempotency-Token"] for called in server.calls}) == 1
    assert is_signed(server.calls[0], server.url + "/sms")


def test_a_slow_answer_is_cut_and_not_retried(twilio: Fake, server: Callback) -> None:
    twilio.post("/_fake/mode", cut=0.2)
    server.says(None)
    pushed = text(twilio)
    assert [delivery["error"] for delivery in pushed["deliveries"]] == ["timeout"]
    assert pushed["errors"] == ["11203 total timeout"]


@pytest.mark.parametrize("concurrent", [False, True])
def test_a_text_can_be_delivered_over_and_over(twilio: Fake, server: Callback, concurrent: bool) -> None:
    server.says(twiml("<Message>once</Message>"))
    pushed = text(twilio, repeat=3, concurrent=concurrent)
    assert len(pushed["deliveries"]) == 3
    assert len({called.body for called in server.calls if called.path == "/sms"}) == 1
    assert [line["content"] for line in twilio.chat(THEIRS)] == ["when?", "once"]


def test_pictures_are_served_to_the_bot(twilio: Fake, server: Callback) -> None:
    text(twilio, "", media=[{"type": "image/png", "base64": "iVBORw=="}, {"url": "https://x.example/a.jpg"}])
    form = dict(server.calls[-1].form)
    assert (form["NumMedia"], form["MediaContentType0"], form["MediaUrl1"]) == (
        "2",
        "image/png",
        "https://x.example/a.jpg",
    )
    assert requests.get(form["MediaUrl0"], timeout=5).content == b"\x89PNG"


def test_stop_is_confirmed_by_twilio_and_still_told_to_the_bot(twilio: Fake, server: Callback) -> None:
    server.says(twiml("<Message>bye</Message>"))
    pushed = text(twilio, "Stop")
    assert [line["via"] for line in twilio.chat(THEIRS)] == ["user", "twilio"]
    assert pushed["errors"] == ["21610 Attempt to send to unsubscribed recipient"]
    assert "OptOutType" not in dict(server.calls[-1].form)


def test_advanced_opt_out_names_its_kind(twilio: Fake, server: Callback) -> None:
    twilio.post("/_fake/mode", opt_out="advanced", keywords={"STOP": ["STOP", "退订"]}, replies={"STOP": "已退订"})
    text(twilio, "退订")
    assert dict(server.calls[-1].form)["OptOutType"] == "STOP"
    assert twilio.chat(THEIRS)[-1]["content"] == "已退订"


def test_texts_from_mainland_china_do_not_arrive_unless_forced(twilio: Fake, server: Callback) -> None:
    blocked = twilio.push({"from": "+8613800138000", "body": "在吗"})
    assert (blocked["good"], server.calls) == (False, [])
    assert twilio.push({"from": "+8613800138000", "body": "在吗", "force": True})["good"] is True


def test_a_loop_of_answers_is_stopped(twilio: Fake, server: Callback) -> None:
    server.says(twiml("<Message>hi</Message>" * 31))
    assert text(twilio)["errors"] == ["14107"]


def test_one_reply_goes_through_the_status_callbacks_too(twilio: Fake, server: Callback) -> None:
    server.says(twiml("<Message>hi</Message>"))
    text(twilio)
    twilio.idle()
    assert [dict(called.form).get("MessageStatus") for called in server.calls][1:] == ["sending", "sent", "delivered"]
    assert server.calls[-1].path == "/status"


def test_a_fake_ends_when_its_starter_closes_the_pipe(server: Callback) -> None:
    fake = Fake("twilio", "--callback", server.url)
    assert fake.process.stdin is not None
    fake.process.stdin.close()
    assert fake.process.wait(timeout=5) == 0
