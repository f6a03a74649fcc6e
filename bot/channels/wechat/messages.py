"""What a letter is to WeChat: the body of the call that sends it.

Rules: developers.weixin.qq.com/doc/service/api (customer message, template message, subscription notice).
"""

from collections.abc import Mapping
from typing import Any

from bot.channels.wechat.inbound import LONGEST
from bot.channels.wechat.template_fields import filled, filled_with_news
from bot.errors import Unreachable
from bot.settings import Template
from bot.values.message import ChannelMessage, legible

Body = dict[str, Any]


def service(letter: ChannelMessage) -> Body:
    """A service message: a menu, a card, a picture, or the text. Raises Unreachable for what does not fit."""
    to = {"touser": letter.address}
    if "menu" in letter.form:
        return to | _menu(letter.form["menu"])
    if "card" in letter.form:
        return to | _card(letter.form["card"])
    if "picture" in letter.form:
        return to | {"msgtype": "image", "image": {"media_id": str(letter.form["picture"])}}
    return to | _text(letter.text)


def numbered(letter: ChannelMessage) -> Body:
    """The menu as a text, for accounts that may not send menus."""
    menu = letter.form["menu"]
    choices = [f"{key}. {label}" for key, label in menu["choices"].items()]
    return {"touser": letter.address} | _text("\n".join([str(menu["head"]), *choices]))


def template(letter: ChannelMessage, templates: Mapping[str, Template]) -> Body:
    """A template message. WeChat does not send a second one with this `client_msg_id` to the same person within ten
    minutes, but answers with the id of the first: so the same letter may be sent again in that time."""
    link = {"url": str(letter.form["url"])} if letter.form.get("url") else {}
    return _filled(letter, templates) | link | {"client_msg_id": f"kw{letter.id}"}


def subscription(letter: ChannelMessage, templates: Mapping[str, Template]) -> Body:
    """A subscription notice. It has no id and spends what the person granted: never send one again in doubt."""
    link = {"page": str(letter.form["url"])} if letter.form.get("url") else {}
    return _filled(letter, templates) | link


def _text(text: str) -> Body:
    return {"msgtype": "text", "text": {"content": _fitting(text)}}


def _menu(menu: Mapping[str, Any]) -> Body:
    """What the person taps comes back as a text, with its key as `bizmsgmenuid`."""
    choices = {str(key): legible(str(label)) for key, label in menu["choices"].items()}
    head = legible(str(menu["head"]))
    _fitting("\n".join([head, *choices.values()]))
    listed = [{"id": key, "content": label} for key, label in choices.items()]
    return {"msgtype": "msgmenu", "msgmenu": {"head_content": head, "list": listed, "tail_content": ""}}


def _card(card: Mapping[str, Any]) -> Body:
    """One article: a service message takes no more."""
    title, text, url, picture = (legible(str(card.get(part) or "")) for part in ("title", "text", "url", "picture"))
    article = {"title": title, "description": text, "url": url, "picurl": picture}
    return {"msgtype": "news", "news": {"articles": [article]}}


def _fitting(text: str) -> str:
    plain = legible(text)
    if not plain.strip():
        raise Unreachable("empty", "there is nothing to say")
    size = len(plain.encode())
    if size > LONGEST:
        raise Unreachable("too_long", f"{size} bytes: {LONGEST} fit")
    return plain


def _filled(letter: ChannelMessage, templates: Mapping[str, Template]) -> Body:
    name = str(letter.form.get("name", ""))
    template = templates.get(name)
    if template is None:
        raise Unreachable("no_template", f"none is set for {name}")
    values = {key: legible(str(value)) for key, value in letter.form.get("values", {}).items()}
    news = letter.form.get("news")
    data = filled(template.fields, values) if news is None else filled_with_news(template.fields, values, news)
    return {"touser": letter.address, "template_id": template.id, "data": data}
