"""One message: drops repeats, finds the person and the talk, hears, walks, answers, and keeps it all or nothing."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import structlog
from sqlalchemy.engine import Connection

from bot.cases import handover
from bot.cases.handover import Suggestion
from bot.conversation import distress, loops, waits
from bot.conversation.effects import EFFECTS
from bot.conversation.interpret import asked_by, hear, own_words
from bot.conversation.language import is_neutral, language
from bot.conversation.provider_events import NEWS
from bot.conversation.turn_context import TurnContext
from bot.engine.talk import Talk
from bot.engine.turn import Heard, Turn, turn
from bot.record.vocabulary import DANGER, FADES, OF_THE_RECORD
from bot.runtime import Runtime
from bot.staff_chat import sms_inbound
from bot.staff_chat.handlers import Done
from bot.store import cases, messages, people, touches
from bot.store.messages import Answered, Draft, Understood
from bot.store.people import Person
from bot.store.signs import NO_SIGN
from bot.understanding.danger import DESPAIR, THREAT
from bot.values import windows
from bot.values.message import Answer, Card, Compose, Incoming
from bot.values.windows import Window

_FRESH = timedelta(days=1)
_A_STRANGER_FOR = timedelta(days=30)  # what they said counts
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """The answer to give, and the rows that the outbox should send at once. `repeat`: it was given before."""

    answer: Answer
    to_send: tuple[int, ...] = ()
    repeat: bool = False
    turn: Turn | None = None
    heard: Heard | None = None
    locale: str = ""


class Ticket:
    """Who answers: the call while somebody waits on it, or a message of its own afterwards. The first claim wins.

    `arrived`: when the call came; None: just now.
    """

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
    house: Runtime,
    incoming: Incoming,
    compose: Compose,
    ticket: Ticket,
    clock: Callable[[], datetime],
) -> TurnOutcome:
    """Runs inside one transaction; when it is committed the message is answered and will not be answered again."""
    incoming, words = own_words(house, incoming)
    return _Reception(connection, house, incoming, words, compose, ticket, clock()).run()


@dataclass(frozen=True, slots=True)
class _Reception:
    """One message inside its transaction. `words`: what of its text the person wrote themselves."""

    connection: Connection
    house: Runtime
    incoming: Incoming
    words: str
    compose: Compose
    ticket: Ticket
    now: datetime

    def run(self) -> TurnOutcome:
        incoming, cipher = self.incoming, self.house.cipher
        person = people.get_or_create(self.connection, cipher, incoming.channel, incoming.address, self.now)
        before = messages.find_answer(self.connection, cipher, incoming)
        if before:
            return self._again(before)
        if incoming.event in NEWS:
            return self._keep_news(person)
        if self._is_no_word():
            return self._overhear(person)
        person, first = self._known_by_number(person)
        talk = self._fresh(Talk.load(person.talk), person.last_at)
        open_ = asked_by(self.house, talk.open)
        said = replace(incoming, text=self.words)
        usual = partial(hear, self.connection, self.house, said, person, talk, open_, self.now)
        case = cases.standing(self.connection, person.candidate_id) if person.candidate_id is not None else None
        danger = self._danger(person, case)
        heard, talk = distress.heard(self.house, self.words, talk, person.last_at, self.now, usual, bool(danger))
        if done := self._ordered(heard, person):
            return self._obeyed(person, talk, heard, done)
        person = self._follows(person)
        if self._stays_silent(heard, person):
            return self._keep(person, talk, heard, [])
        case_id = self._held(heard, person, case)
        if case_id:
            return self._leave_to_hr(person, talk, heard, case_id)
        return self._answer(person, talk, replace(heard, first=first), danger == THREAT)

    def _danger(self, person: Person, case: cases.OpenCase | None) -> str:
        """Of what this person has told, while no person of HR is done with it: DESPAIR, THREAT, or ""."""
        since = self._endangered_since(person, case)
        if since is None:
            return ""
        threat = messages.has_meant(self.connection, person, distress.MEANINGS[THREAT], since)
        return THREAT if threat else DESPAIR

    def _endangered_since(self, person: Person, case: cases.OpenCase | None) -> datetime | None:
        if person.candidate_id is None:
            told = cases.has_reason(self.connection, None, person.id, "danger")
            return self.now - _A_STRANGER_FOR if told else None
        return case.since if case and case.urgency == DANGER else None

    def _fresh(self, talk: Talk, last_at: datetime | None) -> Talk:
        """After a day nobody means what HR was told before the last message."""
        stale = talk.did in FADES.values() and last_at and self.now - last_at > _FRESH
        return replace(talk, did="") if stale else talk

    def _obeyed(self, person: Person, talk: Talk, heard: Heard, done: Done) -> TurnOutcome:
        """Nothing of it is the candidate's whose phone it may be too."""
        heard, nobody = replace(heard, intent="", rule=sms_inbound.COMMAND), replace(person, candidate_id=None)
        outcome = self._keep(nobody, talk, heard, [Draft(done.text, sms_inbound.COMMAND)])
        return replace(outcome, to_send=(*outcome.to_send, *done.to_send))

    def _ordered(self, heard: Heard, person: Person) -> Done | None:
        """What a member of staff ordered by SMS, done. Stopping and starting is everybody's, never an order."""
        if heard.rule in ("stop", "start"):
            return None
        known = person.candidate_id is not None
        return sms_inbound.try_handle(self.connection, self.house, self.incoming, self.words, known, self.now)

    def _held(self, heard: Heard, person: Person, case: cases.OpenCase | None) -> int | None:
        """The case of whoever of HR talks with the candidate now. What must not wait for a person does not: stopping
        and starting, what the channel tells of, despair."""
        if person.candidate_id is None or heard.rule in ("stop", "start") or self.incoming.kind == "event":
            return None
        if self._alarms(heard):
            return None
        if case and case.state == "snoozed":
            handover.unsnooze(self.connection, case.id, self.now)
        return case.id if case and case.state in cases.SILENT else None

    def _leave_to_hr(self, person: Person, talk: Talk, heard: Heard, case_id: int) -> TurnOutcome:
        """Kept, and left to whoever has the case, with what the bot would have said."""
        suggestion = self._suggestion(person, talk, heard)
        nothing, now = self.compose([], None), self.now
        understood = Understood(meant(self.house, heard), heard.details.get("p"), why(heard, None))
        cipher = self.house.cipher
        number = messages.insert_inbound(self.connection, cipher, self.incoming, person, understood, nothing, now)
        people.save_turn(self.connection, cipher, person, talk.dump(), now, None)
        handover.on_candidate_message(self.connection, self.house, case_id, person.id, number, suggestion, now)
        return TurnOutcome(nothing, heard=heard)

    def _suggestion(self, person: Person, talk: Talk, heard: Heard) -> Suggestion | None:
        """The walk, of which nothing stays but the words."""
        with self.connection.begin_nested() as walk:
            world = TurnContext(self.connection, self.house, person, talk, EFFECTS, self.now)
            world.locale = language(self.house, self.words, talk, world.candidate)
            walked = turn(self.house.content.flows, world, talk, heard)
            text = "\n".join(world.text(said) for said in walked.said)
            walk.rollback()
        keys = " ".join(f"{said.flow}.{said.key}" for said in walked.said)
        facts = heard.decision == "answer" and heard.intent in OF_THE_RECORD
        return Suggestion(text, keys, facts) if text else None

    def _answer(self, person: Person, talk: Talk, heard: Heard, threatens: bool = False) -> TurnOutcome:
        """Walks the flows, and says what they say. Whoever threatens somebody learns nothing of where they are."""
        world = TurnContext(self.connection, self.house, person, talk, EFFECTS, self.now)
        world.locale = language(self.house, self.words, talk, world.candidate)
        walked = turn(self.house.content.flows, world, talk, heard)
        if self._goes_round(person, world, heard, walked):
            return self._fall_silent(person, world, heard, walked)
        if world.candidate_id != person.candidate_id and not world.chosen:
            world.locale = language(self.house, self.words, talk, world.candidate)
        if threatens and any(map(world.tells_where, walked.said)):
            walked = turn(
                self.house.content.flows, world, talk, replace(heard, intent="", rule=distress.KEPT_BACK, also=())
            )
        texts = [Draft(world.text(said), f"{said.flow}.{said.key}") for said in walked.said]
        if self._is_stopped(heard, person):
            texts = []  # HR hears of it; the provider lets nothing through
        card = world.card(walked.said[0]) if len(walked.said) == 1 else None
        spoken_in = talk.locale if is_neutral(self.words) else world.locale
        after = replace(walked.talk, locale=world.chosen or spoken_in, chosen=world.chosen or talk.chosen)
        outcome = self._keep(replace(person, candidate_id=world.candidate_id), after, heard, texts, walked, card)
        return replace(outcome, to_send=(*outcome.to_send, *world.to_send), turn=walked, locale=world.locale)

    def _alarms(self, heard: Heard) -> bool:
        return any(map(self.house.content.flows.is_alarm, (heard.intent, heard.rule, *heard.also)))

    def _goes_round(self, person: Person, world: TurnContext, heard: Heard, walked: Turn) -> bool:
        """Never what must be heard, nor what is asked to stop, nor whoever asks for a person."""
        if heard.rule in ("stop", "start", "human") or self._alarms(heard):
            return False
        stranger = world.candidate_id is None
        return loops.goes_round(self.connection, self.house.cipher, person, self.incoming, stranger, walked, self.now)

    def _fall_silent(self, person: Person, world: TurnContext, heard: Heard, walked: Turn) -> TurnOutcome:
        """As if it had not come, but that it is kept and HR hears of it."""
        if not cases.has_reason(self.connection, world.candidate_id, person.id, loops.REASON):
            cases.open_case(self.connection, world.candidate_id, person.id, loops.REASON, self.now)
            _log.warning("loop_broken", channel=person.channel, candidate=world.candidate_id)
        return self._keep_unanswered(person, Understood(why=why(heard, walked)))

    def _again(self, before: Answered) -> TurnOutcome:
        """The same answer, byte for byte. If nobody waits for it any more, no earlier delivery took it either (else
        there would be no repeat): it goes as a message of its own. But an answer that was given after this call had
        come went to a later delivery, and was taken."""
        if self.ticket.claim("now") or (self.ticket.arrived and before.at > self.ticket.arrived):
            return TurnOutcome(before.answer, repeat=True)
        received = self.compose([], None)
        waiting = messages.push_instead(self.connection, self.house.cipher, self.incoming, received, self.now)
        return TurnOutcome(received, tuple(waiting), repeat=True)

    def _known_by_number(self, person: Person) -> tuple[Person, bool]:
        """A number that the record has for exactly one open candidate is theirs, from the first message on; and no
        longer once the record has another number. Says whether it became theirs just now."""
        connection, cipher, number = self.connection, self.house.cipher, self.incoming.address
        if self.incoming.channel != "sms" or person.wrong_number:
            return person, False
        found = people.by_phone(connection, cipher, number, self.house.settings.stages.closed)
        if person.candidate_id is not None:
            if self._is_still_theirs(person, found):
                return person, False
            people.let_go(connection, [person.id], self.now)
            person = replace(person, candidate_id=None, talk="")
        if len(found) != 1 or people.bound_elsewhere(connection, found[0], "sms", person.id):
            return person, False
        notice = self.house.settings.privacy.notice_version
        people.bind(connection, person.id, found[0], "sms", "number", notice, self.now)
        cases.carry_over(connection, person.id, found[0], self.now)
        return replace(person, candidate_id=found[0]), True

    def _is_still_theirs(self, person: Person, found: Sequence[int]) -> bool:
        """What stands on the record alone ends with it: the number is another's, or one who waits has it and they wait
        no more. `found`: who waits and has the number."""
        assert person.candidate_id is not None
        in_record = people.phone_is(
            self.connection, self.house.cipher, person.candidate_id, self.incoming.address
        ) and (not found or person.candidate_id in found)
        return in_record or people.bound_how(self.connection, person.id) != "number"

    def _is_no_word(self) -> bool:
        """A person's deed that no flow speaks to, or nothing that a person did."""
        incoming = self.incoming
        if incoming.kind != "event":
            return incoming.kind in NO_SIGN
        return incoming.event != "menu" and self.house.content.flows.on_event(incoming.event) is None

    def _overhear(self, person: Person) -> TurnOutcome:
        """It is no turn of theirs and no sign of life: the open question stays, and so does the time it waits."""
        after = self._follows(person)
        if after.window != person.window:
            people.change(self.connection, person.id, **people.window_columns(after.window))
        return self._keep_unanswered(after, Understood())

    def _follows(self, person: Person) -> Person:
        """As what they did leaves the channel: whether they follow, and how long we may write."""
        self._note_following(person)
        opened = replace(person, window=self._opened(person))
        self._wake_stories(person, opened)
        return opened

    def _note_following(self, person: Person) -> None:
        if self.incoming.event == "unfollow":
            people.change(self.connection, person.id, unfollowed_at=self.now)
        elif self.incoming.event in ("follow", "scan"):
            people.change(self.connection, person.id, followed_at=self.now, unfollowed_at=None)

    def _opened(self, person: Person) -> Window:
        """What they did opens WeChat's windows from when they did it, not from when we heard of it."""
        at = min(self.now, self.incoming.sent_at or self.now)
        if self.incoming.channel != "wechat":
            return person.window
        if self.incoming.kind == "event":
            return windows.after_event(person.window, self.incoming.event, at)
        return windows.after_message(person.window, at)

    def _wake_stories(self, before: Person, after: Person) -> None:
        """A chat that was closed is open again: what waited for that comes when this talk is over."""
        shut = windows.open_at(before.window, self.now) is not True
        if shut and after.candidate_id and windows.open_at(after.window, self.now):
            touches.window_opens(self.connection, after.candidate_id, self.now)

    def _stays_silent(self, heard: Heard, person: Person) -> bool:
        """Between STOP and START a number gets nothing, a wrong number nothing until it shows an invite; and what no
        flow answers is only kept. Who may be in danger is heard."""
        if self._alarms(heard):
            return False
        if person.wrong_number:
            return not heard.details.get("known")
        if self._is_stopped(heard, person):
            return True
        if heard.event:
            return self.house.content.flows.on_event(heard.event) is None
        return not (heard.text or heard.intent)

    def _is_stopped(self, heard: Heard, person: Person) -> bool:
        return person.stopped and self.incoming.channel == "sms" and heard.rule not in ("stop", "start")

    def _keep_news(self, person: Person) -> TurnOutcome:
        """The provider tells of a message or a consent: nothing that the person said, and no turn of theirs."""
        NEWS[self.incoming.event](self.connection, self.house, person, self.incoming, self.now)
        return self._keep_unanswered(person, Understood())

    def _keep_unanswered(self, person: Person, understood: Understood) -> TurnOutcome:
        """Kept, and nothing else."""
        nothing = self.compose([], None)
        messages.insert_inbound(
            self.connection, self.house.cipher, self.incoming, person, understood, nothing, self.now
        )
        return TurnOutcome(nothing)

    def _keep(
        self,
        person: Person,
        talk: Talk,
        heard: Heard,
        texts: Sequence[Draft],
        walked: Turn | None = None,
        card: Card | None = None,
    ) -> TurnOutcome:
        """Stores the message, the answer and the talk. Whoever no longer waits gets the answer as its own message. What
        walked no road leaves the open question as it was."""
        answer = self.compose([spoken.text for spoken in texts], card)
        keys = " ".join(spoken.said for spoken in texts)
        said = [Draft(part, keys) for part in answer.parts] if answer.tracked else list(texts)
        said += [Draft(part, "", "rest", pushed=True) for part in answer.parts[answer.fitting :]]
        if texts and not self.ticket.claim("now"):
            said = [Draft(part, keys, pushed=True) for part in answer.parts]
            answer = self.compose([], None)
        connection, cipher, now = self.connection, self.house.cipher, self.now
        understood = Understood(meant(self.house, heard, walked), heard.details.get("p"), why(heard, walked))
        number = messages.insert_inbound(connection, cipher, self.incoming, person, understood, answer, now)
        waiting = messages.enqueue(connection, cipher, person.id, person.candidate_id, number, said, now)
        talk = waits.wound(self.house, talk, now, anew=True) if walked else talk
        wait_until = waits.over_at(talk) if walked else person.wait_until
        people.save_turn(connection, cipher, person, talk.dump(), now, wait_until)
        return TurnOutcome(answer, tuple(waiting), heard=heard)


def meant(house: Runtime, heard: Heard, walked: Turn | None = None) -> str | None:
    """The meaning, or else the rule, that a message is kept as: of a meaning that would change the record only one that
    was plainly said, or said yes to; of a guess none. Without a walk its stance alone tells."""
    flows = house.content.flows
    start = flows.entry(heard.intent)
    acts = start is not None and flows.asks_first(*start) is not None
    if start and acts and walked is None:
        own = house.content.plainly.get(".".join(start), ())
        said = house.understanding.stance(heard.text, own, False) == "plain"
    else:
        said = not (start and acts and walked) or ".".join(start) in walked.road
    if heard.intent and heard.decision == "answer" and said:
        return heard.intent
    if heard.rule in ("", "yes", "number") and walked:
        return next(filter(None, map(flows.meaning_done_by, walked.road)), heard.rule) or None
    return heard.rule or None


def why(heard: Heard, walked: Turn | None) -> Mapping[str, Any]:
    """Why the answer was what it was: for who asks us, and for who teaches the bot."""
    found = {
        "event": heard.event,
        "rule": heard.rule,
        "decision": "" if heard.event or heard.rule else heard.decision,
        "p": heard.details.get("p"),
        "top": heard.details.get("top"),
        "also": heard.also,
        "road": walked.road if walked else (),
        "said": [f"{said.flow}.{said.key}" for said in walked.said] if walked else [],
        "facts": walked.facts if walked else {},
    }
    return {name: value for name, value in found.items() if value}
