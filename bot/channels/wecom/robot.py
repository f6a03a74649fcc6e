"""WeCom's group robot, outbound: a text in a group, with one member mentioned or nobody.

Rules: developer.work.weixin.qq.com/document/path/91770. Nothing is signed: the robot's address is its secret. It takes
20 messages a minute (bot.outbox.rate_limits keeps below) and answers HTTP 200 with an `errcode`.
"""

from typing import Any

from bot import settings
from bot.channels import staff_errors
from bot.channels.http import post_json, to_json
from bot.channels.wecom.sender import LONGEST, USERID
from bot.errors import Unreachable
from bot.values.message import ChannelMessage, SendResult, legible, shortened


class GroupRobot:
    """One robot. Safe to use from several threads."""

    def __init__(self, robot: settings.WecomRobot) -> None:
        self._url = robot.url

    def send(self, letter: ChannelMessage) -> SendResult:
        """Says a text; `address` is the userid to mention, empty: nobody. Robots give no id. Raises DeliveryError."""
        error = staff_errors.wecom(post_json(self._url, to_json(_message(letter)), {}))
        if error is not None:
            raise error
        return SendResult()


def _message(letter: ChannelMessage) -> dict[str, Any]:
    if letter.address and not USERID.fullmatch(letter.address):
        raise Unreachable("no_address", "not a member's id")
    text = legible(letter.text)
    if not text.strip():
        raise Unreachable("empty", "there is nothing to say")
    content = {"content": shortened(text, LONGEST)}
    mentioned = {"mentioned_list": [letter.address]} if letter.address else {}
    return {"msgtype": "text", "text": content | mentioned}
