"""Delivers pushes to the server as WeChat does: signed, cut after 5 s, retried unchanged (protocols.md 1.3)."""

import asyncio
import secrets
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fakes.wechat import crypto, inbound, wire
from fakes.wechat.account import Account
from fakes.wechat.delivery import BadAnswer, Delivery, deliver, verify
from fakes.wechat.wire import Form

EXCUSE = "该公众号暂时无法提供服务，请稍后再试"
SPEAKING = ("CLICK", "subscribe", "SCAN")  # events whose failure the person sees
Order = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True)
class Letter:
    """One push: every delivery of it is identical, query included."""

    openid: str
    url: str
    body: str
    form: Form


class Pusher:
    def __init__(self, account: Account) -> None:
        self.account = account

    async def push(self, order: Order) -> Result:
        """One message or event of a person, with its retries, its reply and what the person then sees."""
        fields = inbound.fields(self.account, order)
        letter = self._letter(order, fields)
        if order.get("signature") in ("bad", "missing"):
            return await self._forged(letter, order)
        entry = self._happens(order, fields)
        work = self._delivered(letter, order, fields, entry)
        if order.get("wait", True) in (False, "false"):
            self.account.background(work)
            return {"deliveries": [], "reply": None, "good": None, "seq": entry["seq"]}
        return await work

    async def raw(self, order: Order) -> Result:
        """A correctly signed call with any body at all."""
        letter = self._letter(order, {}, str(order["body"]))
        return self._result([await self._deliver(letter)], letter, None)

    async def verify(self, order: Order) -> Result:
        """The GET handshake (protocols.md 1.1)."""
        echo = str(order.get("echostr") or secrets.randbelow(10**18) + 10**18)
        query = self._signed(order) | {"echostr": echo}
        return await verify(self.account.session, self._address(query), echo)

    def template_finished(self, openid: str, message_id: int, result: str) -> Coroutine[Any, Any, None]:
        fields = {"MsgID": message_id, "Status": result}
        return self._later(openid, "TEMPLATESENDJOBFINISH", fields)

    def subscribed_sent(self, openid: str, template_id: str, message_id: int) -> Coroutine[Any, Any, None]:
        item = {"TemplateId": template_id, "MsgID": message_id, "ErrorCode": 0, "ErrorStatus": "success"}
        return self._later(openid, "subscribe_msg_sent_event", {"SubscribeMsgSentEvent": {"List": item}})

    async def _later(self, openid: str, event: str, fields: Order) -> None:
        order = {"openid": openid, "kind": "event", "event": event, "event_key": None, "fields": fields}
        letter = self._letter(order, inbound.fields(self.account, order))
        self._result(await self._until_good(letter), letter, None)

    def _happens(self, order: Order, fields: Order) -> Result:
        """What the person's act changes, delivered or not, and the chat's line for it."""
        known = _same_message(self.account, order, fields)
        if known is not None:
            return known
        person = self.account.person(str(order["openid"]))
        event = order.get("event") if order.get("kind") == "event" else None
        if event == "subscribe":
            person.following, person.followed_at = True, int(self.account.clock.now())
            person.scene = str(fields.get("EventKey", "")).removeprefix("qrscene_")
        if event == "unsubscribe":
            person.following = False
            person.window.close()
        opened = inbound.trigger(order)
        if opened is not None:
            person.window.open(opened, self.account.clock.now())
        seen = inbound.shown(order, fields)
        identity = {"msg_id": str(fields["MsgId"])} if "MsgId" in fields else {}
        return self.account.chat.add(person.openid, self.account.clock.now(), "user", seen | identity)

    async def _delivered(self, letter: Letter, order: Order, fields: Order, entry: Result) -> Result:
        deliveries = await self._deliveries(letter, order)
        result = self._result(deliveries, letter, entry)
        now = self.account.clock.now()
        good = next((delivery for delivery in deliveries if delivery.good), None)
        if good is not None and good.reply is not None and fields.get("Event") != "unsubscribe":
            self.account.chat.add(letter.openid, now, "passive", good.reply)
        if good is None and ("MsgId" in fields or fields.get("Event") in SPEAKING):
            self.account.chat.add(letter.openid, now, "wechat", {"type": "notice", "content": EXCUSE})
        return result

    async def _deliveries(self, letter: Letter, order: Order) -> list[Delivery]:
        repeat = int(order.get("repeat", 0))
        if not repeat:
            return await self._until_good(letter)
        if order.get("concurrent"):
            return list(await asyncio.gather(*(self._deliver(letter) for _ in range(repeat))))
        return [await self._deliver(letter) for _ in range(repeat)]

    async def _until_good(self, letter: Letter) -> list[Delivery]:
        deliveries = [await self._deliver(letter)]
        while not deliveries[-1].good and len(deliveries) <= self.account.settings.retries:
            deliveries.append(await self._deliver(letter))
        return deliveries

    async def _forged(self, letter: Letter, order: Order) -> Result:
        deliveries = [await self._deliver(letter) for _ in range(int(order.get("repeat", 1)))]
        return self._result(deliveries, letter, None)

    async def _deliver(self, letter: Letter) -> Delivery:
        kind = "application/json" if letter.form.format == "json" else "text/xml"
        headers = {"Content-Type": kind, "Pragma": "no-cache"}
        cut = self.account.settings.cut
        return await deliver(
            self.account.session, letter.url, letter.body, headers, cut, lambda body: self._judged(letter, body)
        )

    def _judged(self, letter: Letter, body: str) -> Result | None:
        """Raises BadAnswer."""
        reply = wire.reply(body, letter.form, self.account.settings, letter.openid)
        if reply is not None and reply.get("media_id") and reply["media_id"] not in self.account.media:
            raise BadAnswer("unknown MediaId")
        return reply

    def _letter(self, order: Order, fields: Order, body: str = "") -> Letter:
        settings = self.account.settings
        form = Form(str(order.get("mode", settings.mode)), str(order.get("format", settings.format)))
        sealed, cipher_text = (body, "") if body else wire.sealed(fields, form, settings)
        openid = str(order.get("openid", ""))
        query = self._signed(order) | {"openid": openid}
        if cipher_text:
            signature = crypto.sign(settings.token, query["timestamp"], query["nonce"], cipher_text)
            query |= {"encrypt_type": "aes", "msg_signature": signature}
        return Letter(openid, self._address(_spoilt(query, order)), sealed, form)

    def _signed(self, order: Order) -> dict[str, str]:
        stamp, nonce = str(int(self.account.clock.now())), str(secrets.randbelow(10**10))
        query = {"signature": crypto.sign(self.account.settings.token, stamp, nonce)}
        return _spoilt(query | {"timestamp": stamp, "nonce": nonce}, order)

    def _address(self, query: dict[str, str]) -> str:
        mark = "&" if "?" in self.account.callback else "?"
        return f"{self.account.callback}{mark}{urlencode(query)}"

    def _result(self, deliveries: list[Delivery], letter: Letter, entry: Result | None) -> Result:
        told = [delivery.told() for delivery in deliveries]
        good = next((delivery for delivery in deliveries if delivery.good), None)
        self.account.deliveries.extend(
            {"openid": letter.openid, "url": letter.url, "request": letter.body} | one for one in told
        )
        if entry is not None:
            problems = [delivery.error for delivery in deliveries if delivery.error]
            summary = {"attempts": len(deliveries), "good": good is not None, "ms": deliveries[-1].ms}
            self.account.chat.amend(entry, delivery=summary | {"problems": problems})
        reply = good.reply if good is not None else None
        return {"deliveries": told, "reply": reply, "good": good is not None}


def _same_message(account: Account, order: Order, fields: Order) -> Result | None:
    """The chat's line of a message that is only delivered once more."""
    if "msg_id" not in order:
        return None
    mine = account.chat.of(str(order["openid"]))
    return next((message for message in mine if message.get("msg_id") == str(fields.get("MsgId"))), None)


def _spoilt(query: dict[str, str], order: Order) -> dict[str, str]:
    signatures = [name for name in query if name.endswith("signature")]
    if order.get("signature") == "bad":
        return query | {name: crypto.sign("forged", query[name]) for name in signatures}
    if order.get("signature") == "missing":
        return {name: value for name, value in query.items() if name not in signatures}
    return query
