"""Delivers a person's texts to the server's webhook and the answers to the person's phone (protocols.md 3.1, 3.2)."""

import asyncio
import base64
import secrets
from collections.abc import Sequence
from typing import Any

from fakes.twilio import twiml
from fakes.twilio.account import Account, Message, new_sid
from fakes.twilio.caller import Caller, Delivery, Manner, Pairs
from fakes.twilio.post import Post
from fakes.twilio.refusals import TITLES
from fakes.twilio.rules import MOST_CHARS, one_way, wrong_callback
from fakes.twilio.segments import size

LOOP_MESSAGES, LOOP_SECONDS = 30, 30.0
COUNTRIES = (("+86", "CN"), ("+852", "HK"), ("+44", "GB"), ("+1", "US"))
BLANK = ("ToState", "ToCity", "ToZip", "FromState", "FromCity", "FromZip")
Order = dict[str, Any]
Result = dict[str, Any]


class Pusher:
    def __init__(self, account: Account, post: Post) -> None:
        self.account = account
        self.post = post
        self.caller = Caller(account)

    async def push(self, order: Order) -> Result:
        """One text of a person: Twilio's own keywords first, then the webhook, then the answers."""
        message = self._message(order)
        manner = self._manner(order)
        if manner.signature != "good":
            pairs = self._pairs(message, order, None)
            return self._result(await self._deliveries(pairs, manner, order), message, [], [])
        again = message.sid in self.account.messages
        reaches_twilio = bool(order.get("force")) or not one_way(message.sender)
        entry = None if again else self._happens(message, reaches_twilio)
        if not reaches_twilio:
            return self._blocked(message, entry)
        kind = None if again else self.account.opt_outs.kind(message.body)
        self._own_reply(message, kind)
        pairs = self._pairs(message, order, kind)
        work = self._answered(message, pairs, manner, order, entry)
        if order.get("wait", True) in (False, "false"):
            self.account.background(work)
            return self._result([], message, [], []) | {"good": None}
        return await work

    async def _answered(
        self, message: Message, pairs: Pairs, manner: Manner, order: Order, entry: Result | None
    ) -> Result:
        deliveries = await self._deliveries(pairs, manner, order)
        replies, errors = self._replies(deliveries[-1:] if not order.get("repeat") else deliveries[:1])
        told = [reply.body for reply in replies]
        for reply in reversed(replies):  # Twilio keeps no order between the messages of one answer
            errors += self._reply(message, reply)
        if entry is not None:
            summary = {"attempts": len(deliveries), "good": not errors, "ms": deliveries[-1].ms, "problems": errors}
            self.account.chat.amend(entry, delivery=summary)
        return self._result(deliveries, message, told, errors)

    async def _deliveries(self, pairs: Pairs, manner: Manner, order: Order) -> list[Delivery]:
        token, url = secrets.token_hex(16), self.account.settings.public_url or self.account.callback
        repeat = int(order.get("repeat", 1))
        calls = [self.caller.call(url, pairs, manner, token) for _ in range(repeat)]
        if order.get("concurrent"):
            groups: Sequence[list[Delivery]] = await asyncio.gather(*calls)
        else:
            groups = [await call for call in calls]
        return [delivery for group in groups for delivery in group]

    def _message(self, order: Order) -> Message:
        known = self.account.messages.get(str(order.get("message_sid", "")))
        if known is not None:
            return known
        media = tuple(self._media(item) for item in order.get("media", []))
        now = self.account.clock.now()
        return Message(
            sid=str(order.get("message_sid") or new_sid("MM" if media else "SM")),
            to=str(order.get("to") or self.account.number),
            sender=str(order["from"]),
            body=str(order.get("body", "")),
            direction="inbound",
            status="received",
            created=now,
            updated=now,
            sent=now,
            service_sid=self.account.settings.service_sid,
            media=media,
        )

    def _media(self, item: Order) -> str:
        if item.get("url"):
            return str(item["url"])
        data = base64.b64decode(item.get("base64", "")) or b"\x89PNG"
        return self.account.keep_media(str(item.get("type", "image/png")), data)

    def _manner(self, order: Order) -> Manner:
        method = str(order.get("method", self.account.settings.method))
        return Manner(method, str(order.get("algorithm", "sha1")), str(order.get("signature", "good")))

    def _happens(self, message: Message, reaches_twilio: bool) -> Result:
        if reaches_twilio:
            self.account.keep(message)
        seen = {"type": "mms" if message.media else "text", "content": message.body}
        more = {"sid": message.sid, "media": list(message.media)} | size(message.body).told()
        return self.account.chat.add(message.sender, self.account.clock.now(), "user", seen | more)

    def _own_reply(self, message: Message, kind: str | None) -> None:
        """Twilio confirms its own keywords; the app must not."""
        text = self.account.opt_outs.heard(self.account.line(message.to), message.sender, kind)
        if text is None:
            return
        seen = {"type": "text", "content": text, "opt_out": kind}
        self.account.chat.add(message.sender, self.account.clock.now(), "twilio", seen | size(text).told())

    def _pairs(self, message: Message, order: Order, kind: str | None) -> Pairs:
        """The form, blank fields included; `extra` may add names, lists repeat a name."""
        advanced = kind if self.account.opt_outs.mode == "advanced" else None
        opt_out = order.get("opt_out_type") or advanced
        fields: dict[str, Any] = {
            "ToCountry": _country(message.to),
            "SmsMessageSid": message.sid,
            "NumMedia": str(len(message.media)),
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "Body": message.body,
            "FromCountry": _country(message.sender),
            "To": message.to,
            "NumSegments": str(size(message.body).segments),
            "MessageSid": message.sid,
            "AccountSid": self.account.settings.account_sid,
            "From": message.sender,
            "ApiVersion": "2010-04-01",
        } | dict.fromkeys(BLANK, "")
        if message.service_sid:
            fields["MessagingServiceSid"] = message.service_sid
        for index, url in enumerate(message.media):
            fields |= {f"MediaUrl{index}": url, f"MediaContentType{index}": self._type(url, order, index)}
        if opt_out:
            fields["OptOutType"] = opt_out
        return _spread(fields | order.get("extra", {}))

    def _type(self, url: str, order: Order, index: int) -> str:
        kept = self.account.media.get(url.rsplit("/", 1)[-1])
        items = order.get("media", [])
        return kept[0] if kept else str(items[index].get("type", "image/jpeg")) if index < len(items) else "image/jpeg"

    def _replies(self, deliveries: list[Delivery]) -> tuple[list[twiml.Reply], list[str]]:
        delivery = deliveries[0]
        if delivery.error:
            codes = {"timeout": "11203 total timeout", "refused": "11205 connection failure"}
            return [], [codes.get(delivery.error, "11200 retrieval failure")]
        try:
            return twiml.parse(delivery.status, delivery.content_type, delivery.body), []
        except twiml.BadAnswer as bad:
            return [], [str(bad)]

    def _reply(self, heard: Message, reply: twiml.Reply) -> list[str]:
        """Sends one <Message>; what stopped it, if something did."""
        to = reply.to or heard.sender
        code = self._refused(heard, to, reply)
        if code:
            return [f"{code} {TITLES.get(code, '')}".strip()]
        now = self.account.clock.now()
        message = Message(
            sid=new_sid("MM" if reply.media else "SM"),
            to=to,
            sender=heard.to,
            body=reply.body,
            direction="outbound-reply",
            status="queued",
            created=now,
            updated=now,
            service_sid=heard.service_sid,
            status_callback=reply.status_callback,
            media=reply.media,
        )
        self.post.take(message)["answered"] = True
        self.account.background(self.post.carry(message))
        return []

    def _refused(self, heard: Message, to: str, reply: twiml.Reply) -> int:
        if self.account.opt_outs.is_blocked(self.account.line(heard.to), to):
            return 21610
        if len(reply.body) > MOST_CHARS:
            return 21617
        if wrong_callback(reply.status_callback):
            return 14105
        now, pair = self.account.clock.now(), (heard.to, to)
        recent = [moment for moment in self.account.replies.get(pair, []) if now - moment < LOOP_SECONDS]
        self.account.replies[pair] = [*recent, now]
        return 14107 if len(recent) >= LOOP_MESSAGES else 0

    def _blocked(self, message: Message, entry: Result | None) -> Result:
        problem = "one-way: Twilio does not deliver what a mainland China number sends"
        if entry is not None:
            summary = {"attempts": 0, "good": False, "ms": 0, "problems": [problem]}
            self.account.chat.amend(entry, delivery=summary)
        return self._result([], message, [], [problem])

    def _result(self, deliveries: list[Delivery], message: Message, told: list[str], errors: list[str]) -> Result:
        good = bool(deliveries) and not errors and (deliveries[-1].status or 500) < 300
        said = {"deliveries": [delivery.told() for delivery in deliveries], "reply": told, "good": good}
        return said | {"errors": errors, "message_sid": message.sid}


def _country(number: str) -> str:
    return next((country for prefix, country in COUNTRIES if number.startswith(prefix)), "")


def _spread(fields: dict[str, Any]) -> Pairs:
    return [
        (name, str(value))
        for name, values in fields.items()
        for value in (values if isinstance(values, list) else [values])
    ]
