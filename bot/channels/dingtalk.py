"""DingTalk's custom robot, outbound: a text in a group, with one member mentioned or nobody.

Rules: open.dingtalk.com/document/robots/custom-robot-access. The signature's timestamp is in milliseconds, good for an
hour, and goes into the address encoded once. Beyond 20 messages in a minute the robot is silent for ten
(bot.outbox.rate_limits keeps below). Answers are HTTP 200 with an `errcode`.
"""

import base64
import hashlib
import hmac
import re
from typing import Any

from bot.channels import staff_errors
from bot.channels.http import post_json, shorten_to_fit, to_json
from bot.errors import Unreachable
from bot.platform import clock
from bot.settings import DingtalkRobot
from bot.values.message import ChannelMessage, SendResult, legible

LONGEST = 20_000  # bytes of the whole body
_MOBILE = re.compile(r"1[3-9]\d{9}|\+\d{1,3}-?\d{5,14}", re.ASCII)
_USERID = re.compile(r"[A-Za-z0-9$][A-Za-z0-9_.@$-]{0,63}")


class Dingtalk:
    """One robot. Safe to use from several threads."""

    def __init__(self, robot: DingtalkRobot) -> None:
        self._robot = robot

    def send(self, letter: ChannelMessage) -> SendResult:
        """Says a text; `address` is the userId or the mobile number to mention, empty: nobody. Robots give no id.
        Raises DeliveryError."""
        body = _message(letter, self._robot.keyword)
        error = staff_errors.dingtalk(post_json(self._robot.url, to_json(body), self._signed()))
        if error is not None:
            raise error
        return SendResult()

    def _signed(self) -> dict[str, str]:
        if not self._robot.secret:
            return {}
        timestamp = str(int(clock.now().timestamp() * 1000))
        return {"timestamp": timestamp, "sign": signature(timestamp, self._robot.secret)}


def signature(timestamp: str, secret: str) -> str:
    """`timestamp`: in milliseconds."""
    seal = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(seal.digest()).decode()


def _message(letter: ChannelMessage, keyword: str) -> dict[str, Any]:
    """A mention is shown only where the text has it too."""
    text = legible(letter.text)
    if not text.strip():
        raise Unreachable("empty", "there is nothing to say")
    at, mention = _mentioned(letter.address)
    return shorten_to_fit(text, keyword, LONGEST, lambda said: _body(said + mention, at))


def _body(text: str, at: dict[str, Any]) -> dict[str, Any]:
    return {"msgtype": "text", "text": {"content": text}, "at": at}


def _mentioned(address: str) -> tuple[dict[str, Any], str]:
    if not address:
        return {"isAtAll": False}, ""
    if _MOBILE.fullmatch(address):
        return {"atMobiles": [address], "isAtAll": False}, f"\n@{address}"
    if _USERID.fullmatch(address):
        return {"atUserIds": [address], "isAtAll": False}, f"\n@{address}"
    raise Unreachable("no_address", "neither a userId nor a mobile number")
