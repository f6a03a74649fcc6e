"""WeChat Official Account, inbound: verifies calls, reads messages and events, composes the passive answer.

Rules: developers.weixin.qq.com/doc/service/guide/product/message (message push, standard messages, event pushes,
passive replies). Sending is in bot.channels.wechat.sender.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wechatpy.crypto import WeChatCrypto

from bot.channels.webhook_crypto import check, parsed, text_of, unsealed
from bot.errors import Rejected
from bot.platform import clock
from bot.settings import Wechat
from bot.values.message import Answer, Card, Incoming, legible, split_bytes

LONGEST = 2048  # bytes of UTF-8 in a text, passive or pushed
_XML = "application/xml"
_UNSHOWN = "收到不支持的消息类型"  # what WeChat pushes as a text for a sticker of the sender's own
_KINDS = {
    "text": "text",
    "image": "picture",
    "voice": "voice",
    "video": "video",
    "shortvideo": "video",
    "location": "location",
    "link": "link",
    "file": "file",
}
_OTHER_EVENTS = {
    "unsubscribe": "unfollow",
    "subscribe_msg_popup_event": "subscribed",
    "subscribe_msg_change_event": "subscribed",
    "subscribe_msg_sent_event": "subscription_sent",
}
_LISTS = ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent")
_DETAILS = (
    "PicUrl",
    "MediaId",
    "ThumbMediaId",
    "Format",
    "Location_X",
    "Location_Y",
    "Scale",
    "Label",
    "Title",
    "Description",
    "Url",
    "bizmsgmenuid",
)


@dataclass(frozen=True, slots=True)
class WechatCall:
    """A verified call: what came, and how the answer must be wrapped (`aes_key` is the key that opened it)."""

    incoming: Incoming
    settings: Wechat
    aes_key: str = ""

    def answer(self, texts: Sequence[str], card: Card | None = None) -> Answer:
        """A passive answer with as much of the texts as fits, or as a card; no text at all is `success`."""
        whole = legible("\n\n".join(texts))
        if not whole:
            return Answer(b"success", "text/plain")
        parts = [whole] if card else split_bytes(whole, LONGEST)
        xml = _reply(self.incoming, _news(card) if card else _said(parts[0]))
        if self.aes_key:
            xml = WeChatCrypto(self.settings.token, self.aes_key, self.settings.app_id).encrypt_message(
                xml, secrets.token_hex(8)
            )
        return Answer(xml.encode(), _XML, tuple(parts), 1)


def verify_url(query: Mapping[str, str], settings: Wechat) -> str:
    """The echo that proves to WeChat that this address is ours. Raises Rejected."""
    _check_signature(query, settings)
    return query.get("echostr", "")


def read(query: Mapping[str, str], body: bytes, settings: Wechat) -> WechatCall:
    """Verifies and reads a push in plain, compatible or secure mode, XML or JSON. Raises Rejected.

    WeChat's retries repeat signature, timestamp and nonce, so neither is remembered nor held against the clock.
    """
    encrypted = query.get("encrypt_type", "raw") == "aes"
    if not encrypted:
        _check_signature(query, settings)
        if settings.aes_keys and not settings.compatible:
            raise Rejected("clear body, but an AES key is set")
        return WechatCall(_incoming(parsed(body)), settings)
    sealed = text_of(parsed(body), "Encrypt")
    if not sealed:
        raise Rejected("no Encrypt in an encrypted push", 400)
    check(query.get("msg_signature", ""), settings.token, query.get("timestamp", ""), query.get("nonce", ""), sealed)
    clear, key = unsealed(sealed, settings.aes_keys, settings.app_id)
    return WechatCall(_incoming(parsed(clear.encode())), settings, key)


def _check_signature(query: Mapping[str, str], settings: Wechat) -> None:
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not timestamp or not nonce:
        raise Rejected("no timestamp or nonce")
    check(query.get("signature", ""), settings.token, timestamp, nonce)


def _incoming(fields: dict[str, Any]) -> Incoming:
    sender, kind, to = (text_of(fields, name) for name in ("FromUserName", "MsgType", "ToUserName"))
    created = text_of(fields, "CreateTime")
    if not sender or not kind or not to or not (created.isascii() and created.isdigit()) or len(created) > 11:
        raise Rejected("a message needs ToUserName, FromUserName, CreateTime and MsgType", 400)
    sent_at = datetime.fromtimestamp(int(created), UTC)
    if kind == "event":
        return _event(fields, sender, created, sent_at, to)
    key = text_of(fields, "MsgId") or "|".join((sender, created, kind))
    detail = {name: value for name in _DETAILS if (value := text_of(fields, name))}
    text = text_of(fields, "Content" if kind == "text" else "Recognition")
    known = "sticker" if _UNSHOWN in text else _KINDS.get(kind, "")
    return Incoming("wechat", sender, key, known or "event", text, "", "", detail, sent_at, to)


def _event(fields: dict[str, Any], sender: str, created: str, sent_at: datetime, to: str) -> Incoming:
    name, event_key, message_id = (text_of(fields, each) for each in ("Event", "EventKey", "MsgID"))
    items = _items(fields)
    key = "|".join((sender, created, "event", name, event_key, message_id, *_fingerprint(items)))
    event, scene = _meant(name, event_key, message_id)
    detail = {"event": name, "event_key": event_key} | _said_of(event, fields, items)
    return Incoming("wechat", sender, key, "event", "", event, scene, detail, sent_at, to)


def _meant(name: str, event_key: str, message_id: str) -> tuple[str, str]:
    """Our word for an event, and what it is about: the scene, the menu key, the message."""
    if name == "subscribe":
        scene = event_key.removeprefix("qrscene_") if event_key.startswith("qrscene_") else ""
        return ("scan" if scene else "follow"), scene
    if name == "SCAN":
        return "scan", event_key
    if name == "CLICK":
        return "menu", event_key
    if name == "TEMPLATESENDJOBFINISH":
        return "template_done", message_id
    return _OTHER_EVENTS.get(name, ""), ""


def _said_of(event: str, fields: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What our senders want to know: what became of a template message, which notices the person allows, and what
    became of those."""
    if event == "template_done":
        return {"status": text_of(fields, "Status")}
    if event == "subscribed":
        return {"templates": {text_of(item, "TemplateId"): text_of(item, "SubscribeStatusString") for item in items}}
    if event == "subscription_sent":
        names = {"template_id": "TemplateId", "msgid": "MsgID", "code": "ErrorCode", "status": "ErrorStatus"}
        return {"results": [{ours: text_of(item, theirs) for ours, theirs in names.items()} for item in items]}
    return {}


def _items(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The `List` of a subscription event: one or several, in an element of its own or, in JSON, beside the rest."""
    holders = [fields, *(fields[name] for name in _LISTS if isinstance(fields.get(name), dict))]
    listed = [each for holder in holders for each in _several(holder.get("List"))]
    return [item for item in listed if isinstance(item, dict) and text_of(item, "TemplateId")]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fingerprint(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tells two such events of one second apart; the same in XML and JSON."""
    if not items:
        return []
    said = sorted(f"{name}={text_of(item, name)}" for item in items for name in item)
    return [hashlib.sha256("|".join(said).encode()).hexdigest()[:16]]


def _reply(incoming: Incoming, content: str) -> str:
    now = int(clock.now().timestamp())
    return (
        f"<xml><ToUserName>{_cdata(incoming.address)}</ToUserName><FromUserName>{_cdata(incoming.to)}</FromUserName>"
        f"<CreateTime>{now}</CreateTime>{content}</xml>"
    )


def _said(text: str) -> str:
    return f"<MsgType>{_cdata('text')}</MsgType><Content>{_cdata(text)}</Content>"


def _news(card: Card) -> str:
    """One article: a reply to a message takes no more (passive replies, since 2018-10-12)."""
    title, text, url = (_cdata(legible(part)) for part in (card.title, card.text, card.url))
    article = f"<Title>{title}</Title><Description>{text}</Description><PicUrl></PicUrl><Url>{url}</Url>"
    return (
        f"<MsgType>{_cdata('news')}</MsgType><ArticleCount>1</ArticleCount><Articles><item>{article}</item></Articles>"
    )


def _cdata(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"
