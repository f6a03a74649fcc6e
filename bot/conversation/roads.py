"""How one text is said by each road that it may take: a card or words in the chat, a template, an SMS, an e-mail."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from bot.conversation.world import World
from bot.engine.talk import Said
from bot.vocabulary import LINKS

_SINGLE = (str, int, float, date)  # what a template's field can hold; lists are left out
Forms = dict[str, dict[str, Any]]


def as_service(world: World, said: Sequence[Said]) -> Forms:
    """In the open chat: a card where the words make one."""
    card = world.card(said[0]) if len(said) == 1 and world.person.channel == "wechat" else None
    return {"service": {"card": {"title": card.title, "text": card.text, "url": card.url}}} if card else {}


def otherwise(world: World, said: Sequence[Said], template: str) -> Forms:
    """What a notice needs for each road that it may have to take."""
    text = "\n".join(world.text_for(each, "wechat") for each in said)
    short = "\n".join(world.text_for(each, "sms") for each in said if not _holds_a_link(world, each))
    values = {name: plain(value) for name, value in world.values().items() if isinstance(value, _SINGLE)}
    form = {"name": template or "update", "values": values, "url": world.page_link()}
    subject = world.house.content.words[world.locale].pages["mail_subject"].format(company=values.get("company", ""))
    return {
        **as_service(world, said),
        "template": form,
        "subscription": form,
        **({"sms": {"text": short}} if short else {}),
        "email": {"subject": subject, "text": text},
    }


def _holds_a_link(world: World, said: Said) -> bool:
    """What was said to a chat may say where the page is; an SMS to mainland China may not."""
    words = world.house.content.words[world.locale].say[f"{said.flow}.{said.key}"]
    return bool(words.of("sms") & LINKS)


def plain(value: Any) -> str:
    """A value as a template's field takes it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
