"""WeCom's application, inbound: verifies its calls and reads what staff write to it.

Rules: developer.work.weixin.qq.com/document/path/90238 (receiving), 90239 (messages), 90240 (events), 90968
(encryption). All of it is encrypted; the query has `msg_signature` alone. WeCom waits 5 seconds and tries three times
more with the same message. Sending is in bot.channels.wecom.sender.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.webhook_crypto import check, parsed, text_of, unsealed
from bot.errors import Rejected
from bot.settings import Wecom

_KINDS = {
    "text": "text",
    "image": "picture",
    "voice": "voice",
    "video": "video",
    "location": "location",
    "link": "link",
}


@dataclass(frozen=True, slots=True)
class StaffMessage:
    """What a member of staff wrote or did, verified and read.

    `key` tells repeats: the message's id, or what identifies an event. `kind`: text, event, or what else came (picture,
    voice, video, location, link). `event` is WeCom's own word in small letters (click, enter_agent, subscribe …),
    `event_key` the menu's or the card's.
    """

    userid: str
    key: str
    kind: str
    text: str = ""
    event: str = ""
    event_key: str = ""
    sent_at: datetime | None = None


def verify_url(query: Mapping[str, str], settings: Wecom) -> str:
    """The clear echo that proves to WeCom that this address is ours; unlike WeChat's it comes sealed. Raises
    Rejected."""
    return _opened(query, query.get("echostr", ""), settings)


def read(query: Mapping[str, str], body: bytes, settings: Wecom) -> StaffMessage:
    """Verifies, opens and reads a push. Raises Rejected.

    A try again repeats signature, timestamp and nonce, so neither is remembered nor held against the clock.
    """
    sealed = text_of(parsed(body), "Encrypt")
    return _message(parsed(_opened(query, sealed, settings).encode()))


def _opened(query: Mapping[str, str], sealed: str, settings: Wecom) -> str:
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not timestamp or not nonce or not sealed:
        raise Rejected("no timestamp, nonce or sealed text")
    if not settings.hears:
        raise Rejected("no token or AES key is set")
    check(query.get("msg_signature", ""), settings.token, timestamp, nonce, sealed)
    return unsealed(sealed, settings.aes_keys, settings.corp_id)[0]


def _message(fields: Mapping[str, Any]) -> StaffMessage:
    sender, kind, created = (text_of(fields, name) for name in ("FromUserName", "MsgType", "CreateTime"))
    if not sender or not kind or not (created.isascii() and created.isdigit()) or len(created) > 11:
        raise Rejected("a message needs FromUserName, CreateTime and MsgType", 400)
    sent_at = datetime.fromtimestamp(int(created), UTC)
    if kind == "event":
        event, event_key = text_of(fields, "Event").lower(), text_of(fields, "EventKey")
        key = "|".join((sender, created, "event", event, event_key))
        return StaffMessage(sender, key, "event", "", event, event_key, sent_at)
    key = text_of(fields, "MsgId") or "|".join((sender, created, kind))
    said = text_of(fields, "Content") if kind == "text" else ""
    return StaffMessage(sender, key, _KINDS.get(kind, "event"), said, sent_at=sent_at)
