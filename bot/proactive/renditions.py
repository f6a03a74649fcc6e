"""How one text is said by each road that it may take: a card or words in the chat, a template, an SMS, an e-mail."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from bot.content.messages import Text
from bot.conversation.turn_context import TurnContext
from bot.engine.talk import MessageRef
from bot.record.vocabulary import LINKS
from bot.store import people
from bot.values import phones

_SINGLE = (str, int, float, date)  # what a template's field can hold; lists are left out
_NEWS = ("moved", "cancelled", "slipped")  # texts of the flow `notice` that make untrue what was told before
_BESIDE = frozenset({"moved"})  # of which it is no less worth knowing what is so now
Forms = dict[str, dict[str, Any]]


def as_service(world: TurnContext, said: Sequence[MessageRef]) -> Forms:
    """In the open chat: a card where the words make one."""
    card = world.card(said[0]) if len(said) == 1 and world.person.channel == "wechat" else None
    return {"service": {"card": {"title": card.title, "text": card.text, "url": card.url}}} if card else {}


def otherwise(world: TurnContext, said: Sequence[MessageRef], template: str) -> Forms:
    """What a notice needs for each road that it may have to take."""
    text = "\n".join(world.text_for(each, "wechat") for each in said)
    short = _short(world, [each for each in said if not _holds_a_link(world, each)])
    values = {name: plain(value) for name, value in world.values().items() if isinstance(value, _SINGLE)}
    form = {"name": template or "update", "values": values, "url": world.page_link(), **_news(world, said)}
    subject = world.house.content.words[world.locale].pages["mail_subject"].format(company=values.get("company", ""))
    return {
        **as_service(world, said),
        "template": form,
        "subscription": form,
        **({"sms": {"text": short}} if short else {}),
        "email": {"subject": subject, "text": text},
    }


def _news(world: TurnContext, said: Sequence[MessageRef]) -> dict[str, Any]:
    """What a template must say of it, in words and in a few, where its usual values would hide that something has
    changed; `beside`: with what stands there else."""
    told = (each.key.partition("_")[0] for each in said if each.flow == "notice")
    what = next((word for word in told if word in _NEWS), "")
    words = world.house.content.words[world.locale].pages
    news = {"text": words[f"news_{what}"], "short": words[f"news_{what}_short"]} if what else {}
    return {"news": news | {"beside": what in _BESIDE}} if news else {}


def _short(world: TurnContext, said: Sequence[MessageRef]) -> str:
    """By SMS to the phone of the record."""
    phone = people.phone_of(world.connection, world.house.cipher, world.candidate_id) if world.candidate_id else None
    if phone and phones.is_mainland(phone):
        return unanswerable(world, said)
    return "\n".join(world.text_for(each, "sms") for each in said)


def unanswerable(world: TurnContext, said: Sequence[MessageRef]) -> str:
    """By an SMS that nobody can answer: it asks for no reply, and ends with where to answer instead, unless it says so
    itself."""
    lines = [world.text_without_asking(each) for each in said]
    invites = any("invite" in _words(world, each).of("sms") for each in said)
    return "\n".join(lines if invites or not lines else [*lines, *_where_instead(world)])


def _where_instead(world: TurnContext) -> list[str]:
    settings, who = world.house.settings, world.candidate_id
    words, phone = world.house.content.words[world.locale].pages, settings.company.phone
    lines = []
    if settings.wechat.on and who:
        in_chat = world.person.channel == "wechat" or people.is_in_chat(world.connection, who)
        invite = "" if in_chat else people.invite_of(world.connection, world.house.cipher, who)
        how = words["sms_in_chat" if in_chat else "sms_to_chat"]
        lines.append(how.format(company=settings.company.called(world.locale), invite=invite))
    if phone and lines:
        lines.append(words["sms_or_call"].format(phone=phone))
    elif phone:
        lines.append(words["sms_call"].format(phone=phone))
    return lines


def _words(world: TurnContext, said: MessageRef) -> Text:
    return world.house.content.words[world.locale].say[f"{said.flow}.{said.key}"]


def _holds_a_link(world: TurnContext, said: MessageRef) -> bool:
    """What was said to a chat may say where the page is; an SMS to mainland China may not."""
    return bool(_words(world, said).of("sms") & LINKS)


def plain(value: Any) -> str:
    """A value as a template's field takes it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
