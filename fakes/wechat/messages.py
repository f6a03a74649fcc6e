"""What a customer-service message may be, and how the person sees it (protocols.md 1.6)."""

from collections.abc import Callable
from typing import Any

from fakes.wechat.account import Account
from fakes.wechat.refusals import Refusal

MOST_BYTES = 2048
Seen = dict[str, Any]  # type, content and what else the phone shows


def seen(account: Account, message: dict[str, Any]) -> Seen:
    """Raises Refusal for what the platform would not send."""
    kind = message.get("msgtype")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refusal(40008)
    part = message.get(kind)
    if not isinstance(part, dict):
        raise Refusal(44004)
    return {"type": kind} | KINDS[kind](account, part)


def _text(_: Account, part: dict[str, Any]) -> Seen:
    return {"content": _sized(str(part.get("content") or ""))}


def _media(account: Account, part: dict[str, Any]) -> Seen:
    media_id = str(part.get("media_id", ""))
    if media_id not in account.media:
        raise Refusal(40007)
    return {"content": str(part.get("title", "")), "media_id": media_id}


def _music(_: Account, part: dict[str, Any]) -> Seen:
    return {"content": str(part.get("title", "")), "url": str(part.get("musicurl", ""))}


def _news(_: Account, part: dict[str, Any]) -> Seen:
    articles = part.get("articles")
    if not isinstance(articles, list) or not articles:
        raise Refusal(44004)
    if len(articles) > 1:
        raise Refusal(45008)
    article = {key: str(articles[0].get(key, "")) for key in ("title", "description", "url", "picurl")}
    return {"content": article["title"], "articles": [article]}


def _menu(_: Account, part: dict[str, Any]) -> Seen:
    items = part.get("list")
    if not isinstance(items, list) or not items:
        raise Refusal(44004)
    if any(not isinstance(item, dict) or not item.get("id") or not item.get("content") for item in items):
        raise Refusal(40097)
    choices = [{"id": str(item["id"]), "content": str(item["content"])} for item in items]
    head, tail = str(part.get("head_content", "")), str(part.get("tail_content", ""))
    _sized("\n".join([head, *(choice["content"] for choice in choices), tail]))
    return {"content": head, "choices": choices, "tail": tail}


def _other(_: Account, part: dict[str, Any]) -> Seen:
    return {"content": str(part.get("title", "")), "part": part}


def _sized(text: str) -> str:
    if not text:
        raise Refusal(44004)
    if len(text.encode()) > MOST_BYTES:
        raise Refusal(45002)
    return text


KINDS: dict[str, Callable[[Account, dict[str, Any]], Seen]] = {
    "text": _text,
    "image": _media,
    "voice": _media,
    "video": _media,
    "music": _music,
    "news": _news,
    "mpnews": _media,
    "mpnewsarticle": _other,
    "msgmenu": _menu,
    "wxcard": _other,
    "miniprogrampage": _other,
}
