"""One message: drops repeats, finds the person and the talk, hears, walks, answers, and keeps it all or nothing."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy.engine import Connection

from bot.conversation.effects import EFFECTS
from bot.conversation.hearing import hear
from bot.conversation.house import House
from bot.conversation.world import World
from bot.engine.flow import Branch
from bot.engine.talk import Frame, Talk
from bot.engine.turn import Heard, Turn, turn
from bot.message import Answer, Compose, Incoming
from bot.record import Candidate
from bot.store import messages, people
from bot.store.messages import Answered, Spoken, Understood
from bot.store.people import Person

_LETTERS = 0x2E7F  # above it: Han, kana, full-width


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to give, and the rows that the outbox should send at once. `repeat`: it was given before."""

    answer: Answer
    to_send: tuple[int, ...] = ()
    repeat: bool = False
    turn: Turn | None = None
    heard: Heard | None = None


class Ticket:
    """Who answers: the call while somebody waits on it, or a message of its own afterwards. The first claim wins.
    `arrived`: when the call came; None: just now."""

    def __init__(self, late: bool = False, arrived: datetime | None = None) -> None:
        self.arrived = arrived
        self._claimed: str = "late" if late else ""
        self._lock = threading.Lock()

    def claim(self, how: Literal["now", "late"]) -> bool:
        with self._lock:
            self._claimed = self._claimed or how
            return self._claimed == how


def receive(
    connection: Connection,
    house: House,
    incoming: Incoming,
    compose: Compose,
    ticket: Ticket,
    clock: Callable[[], datetime],
) -> Outcome:
    """Runs inside one transaction; when it is committed the message is answered and will not be answered again."""
    now = clock()
    person = people.meet(connection, house.cipher, incoming.channel, incoming.address, now)
    before = messages.answered(connection, house.cipher, incoming)
    if before:
        return _again(connection, house, incoming, before, compose, ticket, now)
    person, first = _known_by_number(connection, house, incoming, person, now)
    talk = _talk(person)
    heard = hear(connection, house, incoming, person, talk, _open_branch(house, talk.open))
    if _keeps_silent(incoming, heard, person) or not _leads_anywhere(house, heard):
        _note_event(connection, incoming, person, now)
        return _keep(connection, house, incoming, person, None, heard, [], compose, ticket, now)
    world = World(connection, house, person, talk, EFFECTS, now)
    world.locale = _locale(house, incoming.text, talk, world.candidate)
    _note_event(connection, incoming, person, now)
    walked = turn(house.content.flows, world, talk, replace(heard, first=first))
    texts = [Spoken(world.text(said), f"{said.flow}.{said.key}") for said in walked.said]
    walked = replace(
        walked, talk=replace(walked.talk, locale=world.locale if not _neutral(incoming.text) else talk.locale)
    )
    person = replace(person, candidate_id=world.candidate_id)
    outcome = _keep(connection, house, incoming, person, walked, heard, texts, compose, ticket, now)
    return replace(outcome, to_send=(*outcome.to_send, *world.to_send), turn=walked, heard=heard)


def _again(
    connection: Connection,
    house: House,
    incoming: Incoming,
    before: Answered,
    compose: Compose,
    ticket: Ticket,
    now: datetime,
) -> Outcome:
    """The same answer, byte for byte. If nobody waits for it any more, no earlier delivery took it either (else there
    would be no repeat): it goes as a message of its own. But an answer that was given after this call had come went to
    a later delivery, and was taken."""
    if ticket.claim("now") or (ticket.arrived and before.at > ticket.arrived):
        return Outcome(before.answer, repeat=True)
    waiting = messages.push_instead(connection, house.cipher, incoming, compose([]), now)
    return Outcome(compose([]), tuple(waiting), repeat=True)


def _known_by_number(
    connection: Connection, house: House, incoming: Incoming, person: Person, now: datetime
) -> tuple[Person, bool]:
    """A number that the record has for exactly one open candidate is theirs, from the first message on; and no longer
    once the record has another number."""
    if incoming.channel != "sms" or person.wrong_number:
        return person, False
    if person.candidate_id is not None:
        if people.phone_is(connection, house.cipher, person.candidate_id, incoming.address):
            return person, False
        if people.bound_how(connection, person.id) != "number":
            return person, False
        people.change(connection, person.id, candidate_id=None, talk=None)
        person = replace(person, candidate_id=None, talk="")
    found = people.by_phone(connection, house.cipher, incoming.address, house.settings.stages.closed)
    if len(found) != 1 or people.bound_elsewhere(connection, found[0], "sms", person.id):
        return person, False
    notice = house.settings.privacy.notice_version
    people.bind(connection, person.id, found[0], "sms", "number", notice, now)
    return replace(person, candidate_id=found[0]), True


def _talk(person: Person) -> Talk:
    return Talk.load(person.talk)


def _open_branch(house: House, frame: Frame | None) -> Branch | None:
    """The question that is open, if the flows still have it."""
    flow = house.content.flows.by_name.get(frame.flow) if frame else None
    branches = flow.steps.get(frame.step, ()) if flow and frame else ()
    return branches[frame.branch] if frame and frame.branch < len(branches) else None


def _keeps_silent(incoming: Incoming, heard: Heard, person: Person) -> bool:
    """Between STOP and START a number gets nothing, and a wrong number nothing until it shows an invite."""
    if incoming.event == "unfollow":
        return True
    if person.wrong_number:
        return not heard.details.get("known")
    return person.stopped and incoming.channel == "sms" and heard.rule not in ("stop", "start")


def _leads_anywhere(house: House, heard: Heard) -> bool:
    """Events that no flow answers are only kept."""
    if incoming_event := heard.event:
        return house.content.flows.on_event(incoming_event) is not None
    return bool(heard.text or heard.intent)


def _note_event(connection: Connection, incoming: Incoming, person: Person, now: datetime) -> None:
    if incoming.event == "unfollow":
        people.change(connection, person.id, unfollowed_at=now)
    elif incoming.event in ("follow", "scan"):
        people.change(connection, person.id, followed_at=now, unfollowed_at=None)


def _keep(
    connection: Connection,
    house: House,
    incoming: Incoming,
    person: Person,
    walked: Turn | None,
    heard: Heard,
    texts: Sequence[Spoken],
    compose: Compose,
    ticket: Ticket,
    now: datetime,
) -> Outcome:
    """Stores the message, the answer and the talk. Whoever waits no longer gets the answer as a message of its own."""
    answer = compose([spoken.text for spoken in texts])
    said = [*texts, *(Spoken(part, "", "rest", pushed=True) for part in answer.parts[answer.fitting :])]
    if texts and not ticket.claim("now"):
        said = [Spoken(part, " ".join(spoken.said for spoken in texts), pushed=True) for part in answer.parts]
        answer = compose([])
    understood = Understood(heard.intent or heard.rule or None, heard.details.get("p"))
    number = messages.keep_inbound(connection, house.cipher, incoming, person, understood, answer, now)
    waiting = messages.keep_outbound(connection, house.cipher, person.id, person.candidate_id, number, said, now)
    people.took_turn(connection, house.cipher, person, walked.talk.dump() if walked else person.talk, now)
    return Outcome(answer, tuple(waiting), heard=heard)


def _locale(house: House, text: str, talk: Talk, candidate: Candidate | None) -> str:
    """The language of this message if it shows one, else that of the talk, the candidate, the company."""
    if any(ord(c) > _LETTERS and c.isalpha() for c in text):
        return _spoken(house, "zh")
    if not _neutral(text):
        return _spoken(house, "en")
    return _spoken(house, talk.locale or (candidate.locale if candidate else None))


def _neutral(text: str) -> bool:
    """Numbers, codes, emoji and a lone short word say nothing about a person's language."""
    words = [word for word in text.split() if word.isascii() and word.isalpha()]
    return not any(ord(c) > _LETTERS and c.isalpha() for c in text) and sum(map(len, words)) < 4


def _spoken(house: House, locale: str | None) -> str:
    """A locale that we have words for."""
    for known in (locale or "", (locale or "").partition("-")[0]):
        if known in house.content.words:
            return known
    return house.settings.company.locale
