"""Delivers what staff write to the server as WeCom does: sealed and signed, cut after 5 s, retried unchanged."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from fakes.control import Order
from fakes.robots.account import Account
from fakes.wechat import crypto
from fakes.wechat.delivery import BadAnswer, Delivery, deliver, verify

NOTHING = ("", "success")
HEAD = ("ToUserName", "FromUserName", "CreateTime", "MsgType")


@dataclass(frozen=True)
class Push:
    """Every delivery of it is identical, query included."""

    url: str
    body: str


class Pusher:
    def __init__(self, account: Account) -> None:
        self.account = account

    async def push(self, order: Order) -> Order:
        """{"userid", "content"}: a member writes; `kind` and `fields` for anything else, `repeat` delivers it so often,
        `signature` bad or missing forges it, `wait`: false returns at once."""
        fields = self._fields(order)
        push = self._letter(_xml("xml", fields), order)
        if order.get("signature") not in ("bad", "missing"):
            seen = {"type": str(fields["MsgType"]), "content": str(fields.get("Content", ""))}
            self.account.chat.add(str(order["userid"]), self.account.clock.now(), "user", seen)
        if order.get("wait", True) in (False, "false"):
            self.account.background(self._delivered(push, order))
            return {"deliveries": [], "reply": None, "good": None}
        return await self._delivered(push, order)

    async def raw(self, order: Order) -> Order:
        """A correctly signed call with any clear text at all."""
        return self._result([await self._deliver(self._letter(str(order["body"]), order))])

    async def verify(self, order: Order) -> Order:
        """The GET handshake: the echo comes sealed and must be answered clear."""
        echo = str(order.get("echostr") or secrets.randbelow(10**18) + 10**18)
        sealed = self._sealed(echo)
        url = self._address(self._query(sealed, order) | {"echostr": sealed})
        return await verify(self.account.session, url, echo)

    def _fields(self, order: Order) -> Order:
        kind, settings = str(order.get("kind", "text")), self.account.settings
        moment = int(order.get("create_time") or self.account.clock.now())
        head = dict(zip(HEAD, (settings.corp_id, str(order["userid"]), moment, kind), strict=True))
        said = {"Content": str(order["content"])} if kind == "text" else {}
        identity = {} if kind == "event" else {"MsgId": int(order.get("msg_id") or self.account.next_id())}
        return head | said | dict(order.get("fields", {})) | identity | {"AgentID": settings.agent_id}

    async def _delivered(self, push: Push, order: Order) -> Order:
        times = int(order.get("repeat", 0))
        deliveries = [await self._deliver(push)]
        if order.get("signature") not in ("bad", "missing"):
            most = times or 1 + self.account.settings.retries
            while len(deliveries) < most and (times or deliveries[-1].error):
                deliveries.append(await self._deliver(push))
        answered = next((each for each in deliveries if not each.error), None)
        if answered is not None and answered.reply:
            seen = {"type": "text", "content": answered.reply}
            self.account.chat.add(str(order["userid"]), self.account.clock.now(), "passive", seen)
        return self._result(deliveries)

    async def _deliver(self, push: Push) -> Delivery:
        account, headers = self.account, {"Content-Type": "text/xml"}
        return await deliver(account.session, push.url, push.body, headers, account.settings.cut, self._reply)

    def _reply(self, body: str) -> str:
        """The text in a sealed answer; raises BadAnswer."""
        if body in NOTHING:
            return ""
        settings = self.account.settings
        outer = _parsed(body)
        parts = [outer.get(name, "") for name in ("TimeStamp", "Nonce", "Encrypt")]
        if not all(parts) or outer.get("MsgSignature") != crypto.sign(settings.token, *parts):
            raise BadAnswer("MsgSignature is wrong")
        try:
            inner = _parsed(crypto.decrypt(parts[2], settings.aes_key, settings.corp_id))
        except crypto.Garbled as wrong:
            raise BadAnswer(str(wrong)) from wrong
        return inner.get("Content", "")

    def _letter(self, clear: str, order: Order) -> Push:
        settings, sealed = self.account.settings, self._sealed(clear)
        envelope = {"ToUserName": settings.corp_id, "AgentID": str(settings.agent_id), "Encrypt": sealed}
        return Push(self._address(self._query(sealed, order)), _xml("xml", envelope))

    def _sealed(self, clear: str) -> str:
        return crypto.encrypt(clear, self.account.settings.aes_key, self.account.settings.corp_id)

    def _query(self, sealed: str, order: Order) -> dict[str, str]:
        stamp, nonce = str(int(self.account.clock.now())), str(secrets.randbelow(10**10))
        token = "forged" if order.get("signature") == "bad" else self.account.settings.token
        query = {"msg_signature": crypto.sign(token, stamp, nonce, sealed), "timestamp": stamp, "nonce": nonce}
        if order.get("signature") == "missing":
            del query["msg_signature"]
        return query

    def _address(self, query: dict[str, str]) -> str:
        mark = "&" if "?" in self.account.callback else "?"
        return f"{self.account.callback}{mark}{urlencode(query)}"

    def _result(self, deliveries: list[Delivery]) -> Order:
        told = [delivery.told() for delivery in deliveries]
        self.account.deliveries.extend(told)
        good = next((delivery for delivery in deliveries if not delivery.error), None)
        return {"deliveries": told, "reply": good.reply if good else None, "good": good is not None}


def _xml(tag: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_xml(key, item) for key, item in value.items())}</{tag}>"
    if isinstance(value, int | float):
        return f"<{tag}>{value}</{tag}>"
    inner = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{tag}><![CDATA[{inner}]]></{tag}>"


def _parsed(body: str) -> dict[str, str]:
    if "<!DOCTYPE" in body or "<!ENTITY" in body:
        raise BadAnswer("no document type is allowed")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # document types are refused above
    except ElementTree.ParseError as wrong:
        raise BadAnswer(f"neither empty, nor success, nor XML: {wrong}") from wrong
    return {child.tag: child.text or "" for child in root}
