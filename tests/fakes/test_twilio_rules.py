"""Segments, signatures and TwiML, as Twilio counts, signs and reads them."""

import pytest
from twilio.request_validator import RequestValidator

from fakes.twilio import twiml
from fakes.twilio.optout import OptOuts
from fakes.twilio.segments import size, smart
from fakes.twilio.signature import sign

URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
# The example of https://www.twilio.com/docs/usage/webhooks/webhooks-security, also in Twilio's own libraries' tests.
TOKEN = "12345"
PAIRS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]


def test_the_published_signature_is_reproduced() -> None:
    assert sign(TOKEN, URL, PAIRS) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("pairs", [PAIRS, [("Body", ""), ("City", " 上海 "), ("Z", "é")], []])
def test_the_official_validator_accepts_our_signature(pairs: list[tuple[str, str]], algorithm: str) -> None:
    ours = sign(TOKEN, URL, pairs, algorithm)
    validator = RequestValidator(TOKEN)
    name = {"sha1": "HMAC_SHA1", "sha256": "HMAC_SHA256"}[algorithm]
    assert validator.compute_signature(URL, dict(pairs), name) == ours


def test_repeated_names_are_signed_once_a_value() -> None:
    pairs = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    assert sign(TOKEN, URL, pairs) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("a" * 306, "GSM-7", 2),
        ("a" * 307, "GSM-7", 3),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("€" * 153, "GSM-7", 3),
        ("é@£", "GSM-7", 1),
        ("好" * 70, "UCS-2", 1),
        ("好" * 71, "UCS-2", 2),
        ("好" * 134, "UCS-2", 2),
        ("好" * 135, "UCS-2", 3),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
        ("😀" * 67, "UCS-2", 3),
        ("it’s", "UCS-2", 1),
        ("", "GSM-7", 1),
    ],
)
def test_segments_are_counted_in_the_right_alphabet(text: str, encoding: str, segments: int) -> None:
    assert (size(text).encoding, size(text).segments) == (encoding, segments)


def test_smart_encoding_replaces_look_alikes() -> None:
    assert size(smart("it’s – “fine”…")).encoding == "GSM-7"


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("<Response/>", []),
        ('<?xml version="1.0" encoding="UTF-8"?><Response></Response>', []),
        ("<Response><Message>hi</Message></Response>", ["hi"]),
        ("<Response><Message><Body>a &amp; b</Body></Message><Message>c</Message></Response>", ["a & b", "c"]),
    ],
)
def test_good_twiml_is_read(body: str, texts: list[str]) -> None:
    assert [reply.body for reply in twiml.parse(200, "text/xml; charset=utf-8", body)] == texts


@pytest.mark.parametrize(
    ("status", "content_type", "body", "code"),
    [
        (500, "text/xml", "<Response/>", 11200),
        (403, "text/xml", "<Response/>", 11200),
        (200, "text/html", "<Response/>", 12300),
        (200, "application/json", "{}", 12300),
        (200, "text/xml", "", 12100),
        (200, "text/xml", "<Response>", 12100),
        (200, "text/xml", "<xml/>", 12200),
        (200, "text/xml", "<Response>hi</Response>", 12200),
        (200, "text/xml", "<Response><Say>hi</Say></Response>", 12200),
        (200, "text/xml", "<Response><Message><b>hi</b></Message></Response>", 12200),
        (200, "text/xml", '<Response><Message bold="1">hi</Message></Response>', 12200),
        (200, "text/xml", "<Response><Message></Message></Response>", 14103),
    ],
)
def test_bad_twiml_has_twilios_error(status: int, content_type: str, body: str, code: int) -> None:
    with pytest.raises(twiml.BadAnswer) as bad:
        twiml.parse(status, content_type, body)
    assert bad.value.code == code


@pytest.mark.parametrize("word", ["STOP", "stop", " Revoke ", "OptOut", "CANCEL"])
def test_a_lone_keyword_opts_out(word: str) -> None:
    opt_outs = OptOuts()
    assert opt_outs.heard("line", "person", opt_outs.kind(word)) is not None
    assert opt_outs.is_blocked("line", "person")
    assert opt_outs.heard("line", "person", opt_outs.kind(word)) is None


@pytest.mark.parametrize("words", ["STOP PLEASE", "CANCEL my slot", "退订", "TD", "T"])
def test_other_words_do_not_opt_out(words: str) -> None:
    assert OptOuts().kind(words) is None


def test_yes_brings_back_only_who_had_left() -> None:
    opt_outs = OptOuts()
    assert opt_outs.heard("line", "person", opt_outs.kind("YES")) is None
    opt_outs.heard("line", "person", opt_outs.kind("STOP"))
    assert opt_outs.heard("line", "person", opt_outs.kind("YES")) is not None
    assert not opt_outs.is_blocked("line", "person")
