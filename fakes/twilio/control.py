"""The control calls of the fake Twilio: what people text, how carriers and callbacks behave."""

from dataclasses import fields
from typing import Any

from aiohttp import web

from fakes.control import Order, action, common
from fakes.twilio.account import Account, Statuses
from fakes.twilio.caller import Manner
from fakes.twilio.post import Post
from fakes.twilio.pusher import Pusher


def routes(account: Account, post: Post, pusher: Pusher) -> list[web.RouteDef]:
    control = Control(account, post)
    return [
        *common(account),
        web.post("/_fake/push", action(pusher.push)),
        web.post("/_fake/status", action(control.status)),
        web.post("/_fake/statuses", action(control.statuses)),
        web.post("/_fake/phone", action(control.phone)),
        web.post("/_fake/mode", action(control.mode)),
        web.get("/_fake/chat", action(control.chat)),
        web.get("/_fake/state", action(control.state)),
        web.get("/_fake/messages", action(control.messages)),
    ]


class Control:
    def __init__(self, account: Account, post: Post) -> None:
        self.account = account
        self.post = post

    async def status(self, order: Order) -> Order:
        """{"sid", "status", "error_code"?, "callback_only"?, "signature"?}: moves one message by hand."""
        message, code = self.account.messages[order["sid"]], order.get("error_code")
        if not order.get("callback_only"):
            self.post.advance(message, str(order["status"]), code)
        manner = Manner(signature=str(order.get("signature", "good")), algorithm=str(order.get("algorithm", "sha1")))
        await self.post.call_back(message, str(order["status"]), code, manner)
        return message.resource(self.account.settings.account_sid)

    async def statuses(self, order: Order) -> Order:
        """How callbacks behave from now on: see account.Statuses."""
        known = {field.name for field in fields(Statuses)}
        for name, value in order.items():
            if name not in known:
                raise KeyError(name)
            setattr(self.account.statuses, name, tuple(value) if name == "drop" else value)
        return dict(vars(self.account.statuses))

    async def phone(self, order: Order) -> Order:
        """{"number", "refuse": 21614} or {"number", "final": "undelivered", "error_code": 30005}; `opted_out` bool."""
        number = str(order["number"])
        phone = self.account.phone(number)
        for name in ("refuse", "final", "error_code"):
            if name in order:
                setattr(phone, name, order[name])
        line = (self.account.line(self.account.number), number)
        if "opted_out" in order:
            (self.account.opt_outs.blocked.add if order["opted_out"] else self.account.opt_outs.blocked.discard)(line)
        return dict(vars(phone)) | {"number": number, "opted_out": line in self.account.opt_outs.blocked}

    async def mode(self, order: Order) -> Order:
        """opt_out (default, advanced, off), keywords, replies; method, cut, public_url, status_callback, …"""
        opt_outs, settings = self.account.opt_outs, self.account.settings
        opt_outs.mode = str(order.get("opt_out", opt_outs.mode))
        opt_outs.keywords |= {kind: tuple(words) for kind, words in order.get("keywords", {}).items()}
        opt_outs.replies |= order.get("replies", {})
        for name in ("method", "public_url", "status_callback", "service_optout"):
            setattr(settings, name, str(order.get(name, getattr(settings, name))))
        settings.cut = float(order.get("cut", settings.cut))
        settings.china_templates = tuple(order.get("china_templates", settings.china_templates))
        return {"opt_out": opt_outs.mode, "method": settings.method, "cut": settings.cut}

    async def chat(self, order: Order) -> list[Order]:
        return self.account.chat.of(order["number"])

    async def state(self, order: Order) -> Order:
        """All that a phone needs: revision, messages, opt-out, our number."""
        number = order["number"]
        blocked = self.account.opt_outs.is_blocked(self.account.line(self.account.number), number)
        head = {"name": self.account.number, "rev": self.account.chat.revision(number)}
        now: dict[str, Any] = {"now": self.account.clock.now(), "cut": self.account.settings.cut}
        return (
            head | now | {"messages": self.account.chat.of(number), "person": {"number": number, "opted_out": blocked}}
        )

    async def messages(self, _: Order) -> list[Order]:
        sid = self.account.settings.account_sid
        return [message.resource(sid) for message in self.account.messages.values()]
