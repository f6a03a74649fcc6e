"""Starts the real program, wired to kill itself with SIGKILL at the point that KILL_AT names: `killable.py serve …`.

To add a point: one line in POINTS, which says before or after which function it lies.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot import outbox
from bot.channels.twilio import sender as twilio_sender
from bot.channels.wechat import inbound as wechat_inbound
from bot.channels.wechat import sender as wechat_sender
from bot.channels.wecom import sender as wecom_sender
from bot.cli import main
from bot.conversation import inbound
from bot.staff_chat import inbound as staff_inbound
from bot.store import messages, people
from bot.web import spool, webhooks
from jobs import alerts

# name: where the function is looked up, its name, before or after
POINTS: dict[str, tuple[Any, str, str]] = {
    "before it is verified": (wechat_inbound, "read", "before"),
    "after it is verified": (wechat_inbound, "read", "after"),
    "before it is submitted": (webhooks.Webhooks, "_begin", "before"),
    "as its transaction begins": (webhooks, "receive", "before"),
    "after the person is met": (people, "get_or_create", "after"),
    "after repeats are looked for": (messages, "find_answer", "after"),
    "after it is heard": (inbound, "hear", "after"),
    "after the engine's turn": (inbound, "turn", "after"),
    "after the message is kept": (messages, "insert_inbound", "after"),
    "after the answer is kept": (messages, "enqueue", "after"),
    "after the talk is kept": (people, "save_turn", "after"),
    "just before the commit": (webhooks, "receive", "after"),
    "just after the commit": (webhooks.Webhooks, "_after", "before"),
    "before the answer is written": (webhooks, "_response", "before"),
    "after the answer is written": (web.Response, "write_eof", "written"),
    "after it is spooled": (spool.Spool, "keep", "after"),
    "after a message is reserved": (outbox.Outbox, "_begin", "before"),
    "just before a message is sent": (outbox.Outbox, "_send", "before"),
    "after an SMS is sent": (twilio_sender.SmsApi, "send", "after"),
    "after a service message is sent": (wechat_sender.WechatApi, "send", "after"),
    "after what became of it is kept": (outbox.Outbox, "_send", "after"),
    "as alerts are written": (alerts, "send_due", "after"),
    "after alerts are written": (outbox.Outbox, "deliver", "before"),
    "after WeCom has taken it": (wecom_sender.WecomApi, "send", "after"),
    "as an order of staff is carried out": (staff_inbound, "receive", "after"),
}


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _before(function: Callable[..., Any]) -> Callable[..., Any]:
    def killed(*_: Any, **__: Any) -> None:
        _die()

    return killed


def _after(function: Callable[..., Any]) -> Callable[..., Any]:
    def killed(*arguments: Any, **named: Any) -> None:
        function(*arguments, **named)
        _die()

    return killed


def _written(function: Callable[..., Any]) -> Callable[..., Any]:
    """Only for answers to webhooks: probes are answered in JSON."""

    async def killed(response: web.Response, *arguments: Any) -> None:
        await function(response, *arguments)
        if response.content_type != "application/json":
            _die()

    return killed


if __name__ == "__main__":
    place, name, when = POINTS[os.environ["KILL_AT"]]
    setattr(place, name, {"before": _before, "after": _after, "written": _written}[when](getattr(place, name)))
    sys.exit(main())
