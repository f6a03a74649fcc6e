"""From an incoming message to what the engine hears: hard identities first, then the meaning."""

import re
import unicodedata

from sqlalchemy.engine import Connection

from bot import invites, phones
from bot.channels import sms
from bot.conversation.house import House
from bot.engine.flow import Branch
from bot.engine.talk import Talk
from bot.engine.turn import Heard
from bot.message import Incoming
from bot.store import people
from bot.store.people import Person
from bot.understanding import Meaning

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,31}")
_PHONE = re.compile(r"[+\d][\d\s()-]{5,19}\d")
_MOST_TOKENS = 5
_FEW = 12  # letters beside a code, as in “my invite code is …”


def hear(
    connection: Connection, house: House, incoming: Incoming, person: Person, talk: Talk, open_: Branch | None
) -> Heard:
    """What this message is. Raises nothing: the worst is "not understood"."""
    if incoming.event == "menu":
        return Heard(intent=incoming.scene, decision="answer")
    if incoming.event or incoming.kind != "text":
        return Heard(text=incoming.scene, event=incoming.event or incoming.kind)
    text = incoming.text.strip()
    obeyed = sms.obeyed(text, incoming.detail.get("opt_out_type", "")) if incoming.channel == "sms" else ""
    if obeyed == "stop" or (obeyed == "start" and (person.stopped or incoming.detail.get("opt_out_type"))):
        return Heard(text=text, rule=obeyed, details={"obeyed": True})
    identity = _identity(connection, house, text, person, open_)
    if identity:
        return identity
    expected = _expected(open_)
    meaning = house.understanding.meaning(text, expected | {"yes_no"}, frozenset(talk.offered))
    return _meant(text, meaning, expected)


def sms_code(text: str) -> str:
    """The six digits of a code, or ""."""
    found = _CODE.search(unicodedata.normalize("NFKC", text))
    return found[0] if found else ""


def phone_number(text: str, country: str) -> str:
    """The one valid number (E.164) that a text consists of, or ""."""
    plain = unicodedata.normalize("NFKC", text).strip()
    found = _PHONE.search(plain)
    if not found or sum(c.isalnum() for c in plain) - sum(c.isdigit() for c in found[0]) > 12:
        return ""
    try:
        return phones.e164(found[0], country)
    except ValueError:
        return ""


def _identity(connection: Connection, house: House, text: str, person: Person, open_: Branch | None) -> Heard | None:
    """An invite code from anybody; from somebody we do not know yet also a phone number, or what looks like a code."""
    if open_ and open_.collect == "sms_code" and sms_code(text):
        return None
    tokens = [invites.normal(token) for token in _TOKEN.findall(unicodedata.normalize("NFKC", text))[:_MOST_TOKENS]]
    tokens += [invites.normal("".join(tokens))] if len(tokens) > 1 else []
    likely = [token for token in tokens if any(c.isdigit() for c in token) or len(token) == invites.LENGTH]
    if likely and people.by_invite(connection, house.cipher, likely):
        return Heard(text=text, rule="invite", details={"codes": likely, "known": True})
    if person.candidate_id is not None:
        return None
    phone = phone_number(text, house.settings.company.country)
    if phone:
        return Heard(text=text, rule="phone", details={"phone": phone})
    alone = len(tokens) == 1 and _looks_like_code(tokens[0], text)
    return Heard(text=text, rule="invite", details={"codes": tokens}) if alone else None


def _looks_like_code(token: str, text: str) -> bool:
    """Whether somebody who writes this (perhaps with a few words around it) means the token as a code."""
    around = sum(letter.isalnum() for letter in text) - len(token)
    if token.isdigit():
        return around <= 0
    if any(letter.isdigit() for letter in token):
        return around <= _FEW
    return len(token) == invites.LENGTH and token in text and around <= _FEW


def _expected(open_: Branch | None) -> frozenset[str]:
    if open_ is None:
        return frozenset()
    yes_no = {"yes_no"} if {"yes", "no"} & {name.partition("_")[0] for name in open_.choices} else set()
    return frozenset({"number", *yes_no} if open_.choices else {"text"})


def _meant(text: str, meaning: Meaning, expected: frozenset[str]) -> Heard:
    """A yes or no that nothing asked for is a nod: it closes the topic, and is never "not understood"."""
    nod = meaning.rule in ("yes", "no") and "yes_no" not in expected
    return Heard(
        text=meaning.normal or text,
        rule="nod" if nod else meaning.rule or "",
        value=meaning.value or "",
        intent=meaning.intent or "",
        decision=meaning.decision,
        pair=tuple(intent for intent, _ in meaning.top[:2]),
        details={"p": meaning.p},
    )
