"""Feishu's custom robot, outbound: a text in a group, with one member mentioned or nobody.

Rules: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. The signature's timestamp is in seconds, good for an
hour; unlike DingTalk's, timestamp and secret are its key and nothing is its message. The robot takes 100 messages a
minute and 5 a second (bot.outbox.rate_limits keeps below). Answers are HTTP 200 with a `code`.
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
from bot.settings import FeishuRobot
from bot.values.message import ChannelMessage, SendResult, legible

LONGEST = 20_000  # bytes of the whole body ("20 KB")
_ID = re.compile(r"(?!all$)[A-Za-z0-9_-]{1,64}")
_TAG = re.compile(r"<(?=\s*/?\s*at\b)", re.IGNORECASE)


class Feishu:
    """One robot. Safe to use from several threads."""

    def __init__(self, robot: FeishuRobot) -> None:
        self._robot = robot

    def send(self, letter: ChannelMessage) -> SendResult:
        """Says a text; `address` is the open_id to mention, empty: nobody. Robots give no id. Raises DeliveryError."""
        signed = self._signed()
        body = signed | _message(letter, self._robot.keyword, LONGEST - len(to_json(signed)))
        error = staff_errors.feishu(post_json(self._robot.url, to_json(body), {}))
        if error is not None:
            raise error
        return SendResult()

    def _signed(self) -> dict[str, str]:
        if not self._robot.secret:
            return {}
        timestamp = str(int(clock.now().timestamp()))
        return {"timestamp": timestamp, "sign": signature(timestamp, self._robot.secret)}


def signature(timestamp: str, secret: str) -> str:
    """`timestamp`: in seconds."""
    seal = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(seal.digest()).decode()


def _message(letter: ChannelMessage, keyword: str, most: int) -> dict[str, Any]:
    """A body of at most `most` bytes. What people wrote mentions nobody: their < before `at` becomes a wide one."""
    text = _TAG.sub("＜", legible(letter.text))
    if not text.strip():
        raise Unreachable("empty", "there is nothing to say")
    if letter.address and not _ID.fullmatch(letter.address):
        raise Unreachable("no_address", "not an open_id")
    mention = f'<at user_id="{letter.address}"></at> ' if letter.address else ""
    return shorten_to_fit(text, keyword, most, lambda said: _body(mention + said))


def _body(text: str) -> dict[str, Any]:
    return {"msg_type": "text", "content": {"text": text}}
