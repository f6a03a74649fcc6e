"""From an incoming message to what the engine hears: hard identities first, then the meaning."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy.engine import Connection

from bot.channels.twilio import inbound as twilio_inbound
from bot.content.reader import TRADITIONAL
from bot.engine.flow import Branch
from bot.engine.talk import Frame, Talk
from bot.engine.turn import SAYS, Collected, Heard
from bot.runtime import Runtime
from bot.store import lessons, people, wrong_codes
from bot.store.people import Person
from bot.understanding import Meaning
from bot.understanding.own_words import AUTOMATIC, outside_quotes
from bot.understanding.text import clauses, folded_within, is_sticker, key, normal
from bot.values import invites, phones
from bot.values.message import Incoming

_SPOKEN = ("text", "voice")  # kinds that hold words: a voice message where the channel recognised them
_CODE = re.compile(r"(?<!\d)(?<!\d[ .-])\d(?:[ .-]?\d){5}(?![ .-]?\d)")  # also as it is read out: "123 456"
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,31}")
_PHONE = re.compile(r"[+\d][\d\s()-]{5,19}\d")
_MOST_TOKENS = 5
_FEW = 12  # letters beside a code, as in “my invite code is …”
_WORDS = ("text", "place")  # collectors that take words, not a value of a certain form
_FREE = (*_WORDS, "phone")  # collectors that take a number or a code as an answer
_TOGETHER = timedelta(minutes=5)  # two messages within it may be one question in two parts
_FAR_FETCHED = 0.12  # a guess that is less probable is not worth a line of the person's time
_ILL = "training.ill"  # the likeliest meaning is the right one where words of illness stand
_LONGEST_ANSWER = 500  # characters


def own_words(house: Runtime, incoming: Incoming) -> tuple[Incoming, str]:
    """The message by what it is, and what of its text the person wrote themselves."""
    if incoming.channel == "sms" and not phones.is_persons(incoming.address):
        return replace(incoming, kind=AUTOMATIC), ""
    if incoming.kind not in _SPOKEN or not incoming.text.strip():
        return incoming, incoming.text
    own = house.understanding.own_words(incoming.text)
    return replace(incoming, kind=own.kind or incoming.kind), own.text


def hear(
    connection: Connection,
    house: Runtime,
    incoming: Incoming,
    person: Person,
    talk: Talk,
    open_: Branch | None,
    now: datetime,
) -> Heard:
    """What this message is. Raises nothing: the worst is "not understood"."""
    if incoming.event == "menu":
        return Heard(intent=incoming.scene, decision="answer")
    if incoming.event or incoming.kind not in _SPOKEN or not (incoming.kind == "text" or incoming.text.strip()):
        return Heard(text=_shown(incoming), event=incoming.event or incoming.kind)
    text = incoming.text.strip()
    obeyed = twilio_inbound.obeyed(text, incoming.detail.get("opt_out_type", "")) if incoming.channel == "sms" else ""
    if obeyed == "stop" or (obeyed == "start" and (person.stopped or incoming.detail.get("opt_out_type"))):
        return Heard(text=text, rule=obeyed, details={"obeyed": True})
    identity = _identity(connection, house, text, person, open_, now)
    if identity:
        return identity
    if is_sticker(text):
        mood = _understood(house, text, talk, open_)
        return mood if mood.rule else Heard(text=text, event="sticker")
    if pair := _ambiguous(connection, house, text, person, talk):
        return Heard(text=text, rule="ambiguous", decision="ask", pair=pair)
    rest = house.understanding.corrected(text) if talk.answered or talk.open else None
    if rest:
        return replace(_understood(house, rest, talk, asked_by(house, talk.answered) or open_), corrects=True)
    heard = _understood(house, text, talk, open_)
    if meaning := _taught(connection, house, text, heard, open_):
        return replace(heard, intent=meaning, decision="answer", pair=(), also=())
    if heard.decision != "answer" and talk.unclear and person.last_at and now - person.last_at < _TOGETHER:
        together = _understood(house, f"{talk.unclear} {text}", talk, None)
        return together if _belong_together(heard, together) else heard
    return heard


def _taught(connection: Connection, house: Runtime, text: str, heard: Heard, open_: Branch | None) -> str | None:
    """What staff taught this sentence to mean, where we could only guess and asked for no words of the person's own."""
    if heard.rule or heard.decision == "answer" or (open_ and open_.collect in _WORDS):
        return None
    return lessons.meaning_of(connection, house.cipher, key(normal(text)))


def _belong_together(second: Heard, both: Heard) -> bool:
    """Whether an unclear message is the other half of the unclear one before it."""
    guesses = [intent for intent, _ in second.details.get("top") or ()]
    halves = second.asks or both.intent in guesses
    return halves and both.decision == "answer" and bool(both.intent)


def asked_by(house: Runtime, frame: Frame | None) -> Branch | None:
    """The branch that asked a question, if the flows still have it."""
    flow = house.content.flows.by_name.get(frame.flow) if frame else None
    branches = flow.steps.get(frame.step, ()) if flow and frame else ()
    return branches[frame.branch] if frame and frame.branch < len(branches) else None


def read(house: Runtime, collector: str, limit: str, heard: Heard, today: date) -> Collected | None:
    """The value that a message holds for a collector of bot.record.vocabulary, and whether it satisfies the limit."""
    found = _value(house, collector, heard, today)
    return Collected(found, _fits(found, limit, today)) if found else None


def choice(house: Runtime, flow: str, names: tuple[str, ...], text: str) -> str:
    """Which of the choices a text names by its words, whatever signs stand around them: wholly, or in one of its
    clauses if no other choice is named there; or ""."""
    wholly = named(house, flow, names, [text])
    found = wholly or named(house, flow, names, clauses(text))
    return found[0] if len(found) == 1 else ""


def named(house: Runtime, flow: str, names: Iterable[str], parts: list[str]) -> list[str]:
    """The choices of which one of these parts is the label."""
    said = {plain for part in parts if (plain := _plain(part))}
    return [name for name in names if said & set(map(_plain, house.content.labels(flow, name)))]


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    return key(normal(text))


def _value(house: Runtime, collector: str, heard: Heard, today: date) -> str:
    if heard.event:
        return heard.text if collector == "place" and heard.event == "location" else ""
    if collector == "sms_code":
        return sms_code(heard.text)
    if collector == "phone":
        return phone_number(heard.text, house.settings.company.country)
    if collector == "number":
        return heard.value if heard.rule == "number" else ""
    if collector == "date":
        day = house.understanding.date(heard.text, today)
        return day.isoformat() if day else ""
    return str(heard.details.get("said") or heard.text)[:_LONGEST_ANSWER].strip()


def _fits(value: str, limit: str, today: date) -> bool:
    if limit == "future":
        return value > today.isoformat()
    if "-" in limit:
        least, most = map(int, limit.split("-"))
        return least <= int(value) <= most
    return True


def _shown(incoming: Incoming) -> str:
    """What an event is about: the scene of a code, or the place of a location message."""
    if incoming.kind != "location":
        return incoming.scene
    detail = incoming.detail
    return str(
        detail.get("Label") or incoming.text or f"{detail.get('Location_X', '')},{detail.get('Location_Y', '')}"
    ).strip(",")


def sms_code(text: str) -> str:
    """The six digits of a code, or ""."""
    found = _CODE.search(_DASHES.sub("-", folded_within(text)))
    return re.sub(r"\D", "", found[0]) if found else ""


def phone_number(text: str, country: str) -> str:
    """The one valid number (E.164) that a text consists of, or ""."""
    plain = folded_within(text).strip()
    found = _PHONE.search(plain)
    if not found or sum(c.isalnum() for c in plain) - sum(c.isdigit() for c in found[0]) > 12:
        return ""
    try:
        return phones.e164(found[0], country)
    except ValueError:
        return ""


def _identity(
    connection: Connection, house: Runtime, text: str, person: Person, open_: Branch | None, now: datetime
) -> Heard | None:
    """An invite code from anybody; from somebody we do not know yet also a phone number, or what looks like a code."""
    plain = folded_within(text)
    if open_ and open_.collect == "sms_code":
        if _is_short_number(plain):
            return Heard(text=text)
        if sms_code(plain):
            return None
    phone = phone_number(plain, house.settings.company.country)
    tokens = [invites.normal(token) for token in _TOKEN.findall(plain)[:_MOST_TOKENS]]
    refused = "" if phone else _looked_up(connection, house, person, plain, tokens, now)
    if isinstance(refused, Heard):
        return refused
    if person.candidate_id is not None or (open_ and open_.collect in _FREE):
        return None
    if phone:
        return Heard(text=text, rule="phone", details={"phone": phone})
    coded = [token for token in tokens if any(c.isdigit() for c in token)] or tokens
    alone = len(coded) == 1 and _looks_like_code(coded[0], plain)
    return Heard(text=text, rule="invite", details={"codes": coded, "refused": refused}) if alone and refused else None


def _looked_up(
    connection: Connection, house: Runtime, person: Person, plain: str, tokens: list[str], now: datetime
) -> Heard | str:
    """The invite in a text, or why there is none: "wrong", "limited", or "" where nothing looks like one. Each code
    that is looked up in vain counts, and none is once they are too many."""
    joined = [invites.normal("".join(tokens))] if len(tokens) > 1 else []
    likely = list(dict.fromkeys(token for token in (*tokens, *joined) if _may_be_a_code(token, plain)))
    if not likely:
        return ""
    left = wrong_codes.left(connection, person.id, house.settings.binding.wrong_codes_an_hour, now)
    if tried := likely[:left]:
        if people.by_invite(connection, house.cipher, tried):
            return Heard(text=plain, rule="invite", details={"codes": tried, "known": True})
        wrong_codes.keep(connection, person.id, len(tried), now)
        return "wrong"
    return "limited"


def _may_be_a_code(token: str, text: str) -> bool:
    """Whether a token stands (nearly) alone, or in a longer text has the form of a strong code."""
    if _looks_like_code(token, text):
        return True
    return token in text.upper() and invites.is_strong(token) and (not token.isalpha() or token in text)


def _is_short_number(text: str) -> bool:
    """Digits and signs alone, too few for a phone: a code that was mistyped."""
    return not any(map(str.isalpha, text)) and sum(map(str.isdigit, text)) <= 8


def _looks_like_code(token: str, text: str) -> bool:
    """Whether somebody who writes this (perhaps with a few words around it) means the token as a code."""
    around = sum(letter.isalnum() for letter in text) - len(token)
    if token.isdigit():
        return around <= 0
    if any(letter.isdigit() for letter in token):
        return around <= _FEW
    return len(token) == invites.LENGTH and token in text and around <= _FEW


def _ambiguous(connection: Connection, house: Runtime, text: str, person: Person, talk: Talk) -> tuple[str, ...]:
    """Two meanings of a word that says too little ("培训"), or that readers of one script understand otherwise: 人工
    is pay in Hong Kong."""
    said = _plain(text)
    for locale, words in house.content.words.items():
        if pair := words.ambiguous.get(said):
            return pair if locale != TRADITIONAL or _reads_traditional(connection, house, person, talk) else ()
    return ()


def _reads_traditional(connection: Connection, house: Runtime, person: Person, talk: Talk) -> bool:
    known = talk.chosen or talk.locale
    if not known and person.candidate_id:
        known = people.load(connection, house.cipher, person.candidate_id).locale or ""
    return known == TRADITIONAL


def _understood(house: Runtime, text: str, talk: Talk, open_: Branch | None) -> Heard:
    """A yes or no that nothing asked for is a nod: it closes the topic, and is never "not understood". What would
    change the record is said only outside of quotation marks; details["quotes"]: it stands within them."""
    expected = _expected(open_)
    expecting = expected | {"murmur" if expected & {"text", "value"} else "nod"}
    offered = frozenset(talk.offered)
    heard = _meant(text, house.understanding.meaning(text, expecting, offered))
    if (heard.intent, heard.decision) == (_ILL, "ask") and house.understanding.tells_illness(text):
        heard = replace(heard, decision="answer", pair=())
    own = outside_quotes(text)
    if own == text or not _acts(house, heard):
        return heard
    beside = _meant(text, house.understanding.meaning(own, expecting, offered))
    same = beside.intent == heard.intent
    return beside if same or heard.rule else replace(heard, details={**heard.details, "quotes": True})


def _acts(house: Runtime, heard: Heard) -> bool:
    """Whether what was heard would change the record."""
    if heard.rule:
        return heard.rule in SAYS
    start = house.content.flows.entry(heard.intent)
    return start is not None and house.content.flows.asks_first(*start) is not None


def _expected(open_: Branch | None) -> frozenset[str]:
    """What the open question waits for; one in free words takes whatever comes, also a yes."""
    if open_ is None:
        return frozenset()
    if open_.choices:
        yes_no = {"yes_no"} if {"yes", "no"} & {name.partition("_")[0] for name in open_.choices} else set()
        return frozenset({"number", *yes_no, *(("yes_no", "sure") if open_.yes else ())})
    if not open_.collect:
        return frozenset({"number"})  # "did you mean": its choices are the meanings
    if open_.collect in _WORDS:
        return frozenset({"text"})
    return frozenset({"number", "value"} if open_.collect == "number" else {"value"})


def _meant(text: str, meaning: Meaning) -> Heard:
    return Heard(
        text=meaning.normal or text,
        rule=meaning.rule or "",
        value=meaning.value or "",
        intent=meaning.intent or "",
        decision=meaning.decision,
        pair=_worth_offering(meaning),
        also=meaning.also,
        asks=meaning.asks,
        details={"p": meaning.p, "top": meaning.top, "said": text},
    )


def _worth_offering(meaning: Meaning) -> tuple[str, ...]:
    """The first guess, and the second if it is not far-fetched."""
    return tuple(intent for place, (intent, p) in enumerate(meaning.top[:2]) if place == 0 or p >= _FAR_FETCHED)
