"""How pushes look on the wire, and what counts as a good answer to one (protocols.md 1.2 to 1.5)."""

import json
import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from fakes.wechat import crypto
from fakes.wechat.account import Settings
from fakes.wechat.delivery import BadAnswer

Fields = dict[str, Any]
MOST_BYTES = 2048
NOTHING = ("", "success")
PARTS = {"image": "Image", "voice": "Voice", "video": "Video", "music": "Music"}
NEWS_ITEM = ("Title", "Description", "PicUrl", "Url")


@dataclass(frozen=True)
class Form:
    """How one push goes out: the account's mode and format unless the order names others."""

    mode: str
    format: str


def render(fields: Fields, form: Form) -> str:
    return json.dumps(fields, ensure_ascii=False) if form.format == "json" else _xml("xml", fields)


def sealed(fields: Fields, form: Form, settings: Settings) -> tuple[str, str]:
    """The body to post and its cipher text ("" in plain mode)."""
    clear = render(fields, form)
    if form.mode == "plain":
        return clear, ""
    cipher_text = crypto.encrypt(clear, settings.aes_key, settings.app_id)
    visible = fields if form.mode == "compatible" else {"ToUserName": fields.get("ToUserName", settings.account)}
    return render(visible | {"Encrypt": cipher_text}, form), cipher_text


def reply(body: str, form: Form, settings: Settings, openid: str) -> Fields | None:
    """The passive reply in an answer, None for a wordless one; raises BadAnswer."""
    if body in NOTHING:
        return None
    fields = _parsed(body, form)
    if "Encrypt" in fields:
        fields = _parsed(_opened(fields, form, settings), form)
    elif form.mode == "secure":
        raise BadAnswer("the answer must be encrypted in secure mode")
    _check_head(fields, settings, openid)
    return _content(fields)


def _xml(tag: str, value: Any) -> str:
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_xml(key, item) for key, item in value.items())}</{tag}>"
    if isinstance(value, list):
        return "".join(_xml(tag, item) for item in value)
    if isinstance(value, (int, float)):
        return f"<{tag}>{value}</{tag}>"
    inner = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{tag}><![CDATA[{inner}]]></{tag}>"


def _parsed(body: str, form: Form) -> Fields:
    if form.format == "json" and body.lstrip().startswith("{"):
        return _parsed_json(body)
    if "<!DOCTYPE" in body or "<!ENTITY" in body:
        raise BadAnswer("no document type is allowed")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # document types are refused above
    except ElementTree.ParseError as wrong:
        raise BadAnswer(f"neither empty, nor success, nor XML: {wrong}") from wrong
    if root.tag != "xml":
        raise BadAnswer(f"the root element is <{root.tag}>, not <xml>")
    return _children(root)


def _parsed_json(body: str) -> Fields:
    try:
        fields = json.loads(body)
    except ValueError as wrong:
        raise BadAnswer(f"not JSON: {wrong}") from wrong
    return dict(fields)


def _children(element: ElementTree.Element) -> Fields:
    fields: Fields = {}
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise BadAnswer(f"stray text in <{element.tag}>")
    for child in element:
        if child.tag in fields and child.tag != "item":
            raise BadAnswer(f"<{child.tag}> twice")
        value = _children(child) if len(child) else (child.text or "")
        if child.tag == "item":
            fields.setdefault("item", []).append(value)
        else:
            fields[child.tag] = value
    return fields


def _opened(fields: Fields, form: Form, settings: Settings) -> str:
    if form.mode == "plain":
        raise BadAnswer("the answer is encrypted, but the mode is plain")
    parts = [str(fields.get(name, "")) for name in ("TimeStamp", "Nonce", "Encrypt")]
    if not all(parts):
        raise BadAnswer("an encrypted answer needs Encrypt, MsgSignature, TimeStamp and Nonce")
    if fields.get("MsgSignature") != crypto.sign(settings.token, *parts):
        raise BadAnswer("MsgSignature is wrong")
    try:
        return crypto.decrypt(parts[2], settings.aes_key, settings.app_id)
    except crypto.Garbled as wrong:
        raise BadAnswer(str(wrong)) from wrong


def _check_head(fields: Fields, settings: Settings, openid: str) -> None:
    if fields.get("ToUserName") != openid or fields.get("FromUserName") != settings.account:
        raise BadAnswer("ToUserName and FromUserName must be swapped")
    if not re.fullmatch(r"\d{9,11}", str(fields.get("CreateTime", ""))):
        raise BadAnswer("CreateTime must be unix seconds")


def _content(fields: Fields) -> Fields:
    kind = str(fields.get("MsgType", ""))
    if kind == "text":
        return {"type": "text", "content": _text(fields.get("Content"))}
    if kind == "news":
        return _news(fields)
    if kind == "transfer_customer_service":
        return {"type": kind, "content": ""}
    if kind not in PARTS:
        raise BadAnswer(f"no reply has MsgType {kind!r}")
    part = fields.get(PARTS[kind])
    if not isinstance(part, dict) or (kind != "music" and not part.get("MediaId")):
        raise BadAnswer(f"<{PARTS[kind]}> with a MediaId is missing")
    return {"type": kind, "content": part.get("Title", ""), "media_id": part.get("MediaId", "")}


def _text(content: Any) -> str:
    if not isinstance(content, str) or not content:
        raise BadAnswer("Content is empty")
    if len(content.encode()) > MOST_BYTES:
        raise BadAnswer(f"Content has {len(content.encode())} bytes; {MOST_BYTES} fit")
    return content


def _news(fields: Fields) -> Fields:
    """One article only, with all four parts (protocols.md 1.5); the description and the picture may be empty."""
    articles = fields.get("Articles")
    items = articles.get("item") if isinstance(articles, dict) else articles
    if str(fields.get("ArticleCount")) != "1" or not isinstance(items, list) or len(items) != 1:
        raise BadAnswer("a reply holds exactly one article")
    article = _article(items[0])
    return {"type": "news", "content": article["title"], "articles": [article]}


def _article(item: Any) -> dict[str, str]:
    missing = [name for name in NEWS_ITEM if not isinstance(item, dict) or not isinstance(item.get(name), str)]
    if missing:
        raise BadAnswer(f"an article needs {', '.join(missing)}")
    if not item["Title"]:
        raise BadAnswer("an article needs a title")
    for name, may_be_empty in (("Url", False), ("PicUrl", True)):
        if not re.match(r"https?://", item[name]) and not (may_be_empty and item[name] == ""):
            raise BadAnswer(f"{name} is no address: {item[name]!r}")
    return {name.lower(): item[name] for name in NEWS_ITEM}
