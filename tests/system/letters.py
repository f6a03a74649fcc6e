"""Calls as the platforms would make them, for tests that must send many at once or spoil them on the way."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from bot.platform import clock
from fakes.twilio.signature import sign as twilio_sign
from fakes.wechat import crypto, wire
from fakes.wechat.wire import Form
from tests.system.servers import PUBLIC, TWILIO, WECHAT, number

_FIRST_ID = 24_000_000_000_000_000
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


@dataclass(frozen=True)
class Letter:
    """One call; `path` with its query."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def signed_query(**more: str) -> str:
    stamp, nonce = str(int(clock.now().timestamp())), str(number())
    signature = crypto.sign(WECHAT.token, stamp, nonce)
    return urlencode({"signature": signature, "timestamp": stamp, "nonce": nonce, **more})


def wechat_fields(openid: str, text: str, **more: Any) -> dict[str, Any]:
    head = {
        "ToUserName": WECHAT.account,
        "FromUserName": openid,
        "CreateTime": int(clock.now().timestamp()),
        "MsgType": "text",
    }
    return head | {"Content": text, "MsgId": _FIRST_ID + number()} | more


def wechat(openid: str, text: str, form: str = "xml", **more: Any) -> Letter:
    """A text in plain mode."""
    body = wire.render(wechat_fields(openid, text, **more), Form("plain", form))
    return Letter(f"/wechat?{signed_query(openid=openid)}", body.encode(), {"Content-Type": "text/xml"})


def sealed(fields: dict[str, Any], app_id: str = WECHAT.app_id, form: str = "xml") -> Letter:
    """A message in secure mode."""
    cipher_text = crypto.encrypt(wire.render(fields, Form("plain", form)), WECHAT.aes_key, app_id)
    return sealed_as(cipher_text, wire.render({"ToUserName": WECHAT.account, "Encrypt": cipher_text}, Form("", form)))


def sealed_as(cipher_text: str, body: str) -> Letter:
    stamp, nonce = str(int(clock.now().timestamp())), str(number())
    signature = crypto.sign(WECHAT.token, stamp, nonce, cipher_text)
    query = {"timestamp": stamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": signature}
    return Letter(f"/wechat?{urlencode(query)}", body.encode("utf-8", "surrogatepass"), {"Content-Type": "text/xml"})


def sms_pairs(phone: str, text: str, **more: str) -> list[tuple[str, str]]:
    sid = f"SM{number():032x}"
    fields = {"ToState": "", "NumMedia": "0", "Body": text, "To": TWILIO.numbers[0], "From": phone, "MessageSid": sid}
    return list((fields | {"SmsMessageSid": sid, "AccountSid": TWILIO.account_sid} | more).items())


def sms(phone: str, text: str, **more: str) -> Letter:
    return form(sms_pairs(phone, text, **more))


def form(pairs: list[tuple[str, str]], path: str = "/sms") -> Letter:
    """Signed over the public address, like every call of Twilio's."""
    signature = twilio_sign(TWILIO.auth_token, PUBLIC + path, pairs)
    return Letter(path, urlencode(pairs).encode(), {"Content-Type": FORM, "X-Twilio-Signature": signature})


def signed(path: str, body: bytes = b"", content_type: str = "application/json") -> Letter:
    """A call whose signature covers its address alone."""
    return Letter(
        path, body, {"Content-Type": content_type, "X-Twilio-Signature": twilio_sign(TWILIO.auth_token, PUBLIC + path)}
    )


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
