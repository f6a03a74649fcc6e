"""keepwarm speaks first: says what is due, once, in the hours when we may write, by the road that is open.

A notice must arrive: by the chat where the candidate wrote last, by another road, or by a case for HR to call. A story
only rides a chat that is open, within the caps, or expires.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from bot.cases import actions
from bot.conversation.turn_context import TurnContext
from bot.engine.turn import TOUCH, Heard
from bot.outbox.fallback import UNREACHABLE, sms_address
from bot.proactive import caps
from bot.proactive.push import push, world_of
from bot.rhythm import Entry, plan
from bot.rhythm.entries import CASE, DUE, SAID
from bot.runtime import Runtime
from bot.store import cases, messages, pauses, people, plans, promises, touches, transfers
from bot.store.people import Person
from bot.store.tables import candidates
from bot.store.touches import Touch
from bot.values import windows

COPY = "copy"  # the kind of an e-mail that only says again what was said
_AT_ONCE = 20  # touches in a transaction
_TALKING = timedelta(minutes=10)  # so long after a message nobody is interrupted
_APART = {"story": timedelta(hours=2), "notice": timedelta(minutes=30)}  # what the rhythm says comes one by one
_ABOUT_TRAINING = ("training", "notice")  # flows whose questions end with news of it
_THINKING = timedelta(hours=2)  # so long whoever was asked whether they really leave is left to answer
_LATER = timedelta(hours=1)
_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Later:
    """Not before this moment, and why."""

    at: datetime
    why: str


def send_due(connection: Connection, house: Runtime, now: datetime) -> tuple[int, list[int]]:
    """Takes what is due; gives how many, and the rows that the outbox should send."""
    to_send: list[int] = []
    due = touches.due(connection, now, _AT_ONCE)
    for touch in due:
        to_send += _Touching(connection, house, touch, now).speak()
    return len(due), to_send


class _Touching:
    """One touch to one candidate."""

    def __init__(self, connection: Connection, house: Runtime, touch: Touch, now: datetime) -> None:
        self.connection, self.house, self.touch, self.now = connection, house, touch, now
        known = house.content.rhythm.entries.get(touch.entry)
        self.entry: Entry | None = known if touch.by == "rhythm" else None

    def speak(self) -> Sequence[int]:
        if self.touch.expires_at and self.touch.expires_at <= self.now:
            return self._expire()
        if self._may_have_changed() and (changed := self._plan_says_otherwise()):
            return changed()
        if self.touch.begins.startswith(CASE):
            return self._open_case()
        try:
            person = self._person()
        except people.PersonBusy:
            return self._defer(_Later(self.now + _SOON, "busy"))
        if person is None:
            return self._no_road()
        world = world_of(self.connection, self.house, person, self.now, self.touch.id)
        if world.candidate_id is None:  # a mailbox of the record belongs to nobody's talk
            world.belongs_to(self._who)
        if reason := self._is_over(world):
            return self._end("cancelled", reason)
        if world.fact("pushes") == "off" or person.stopped:
            return self._no_road("wants no messages")
        if later := self._until_the_notice(world):
            return self._defer(later)
        if reason := self._is_not_so(world):
            return self._end("suppressed", reason)
        later = self._not_before(person, world)
        return self._defer(later) if later else self._say(world)

    def _expire(self) -> Sequence[int]:
        """News of the training that came too late to be said is for HR to call about; who does not come has a case."""
        if self.touch.entry in touches.TRAINING and self.touch.deferred != pauses.LEAVING:
            cases.open_case(self.connection, self._who, None, UNREACHABLE, self.now)
        waited = f", put off: {self.touch.deferred}" if self.touch.deferred else ""
        return self._end("expired", f"too late to be useful{waited}")

    def _may_have_changed(self) -> bool:
        """Whether what is wanted hangs on a word of the candidate, which plans nothing anew, or on a day that may have
        been moved just now."""
        bases = self.entry.bases if self.entry else ()
        return self._hangs_on_silence() or any(base.startswith((f"{DUE} ", f"{SAID} ")) for base in bases)

    def _hangs_on_silence(self) -> bool:
        return self.entry is not None and ("unseen" in self.entry.only or "heard" in self.entry.bases)

    def _plan_says_otherwise(self) -> "Callable[[], Sequence[int]] | None":
        settings, rhythm = self.house.settings, self.house.content.rhythm
        (who,) = plans.situations(self.connection, self.house.cipher, settings, [self.touch.candidate_id])
        country = settings.pushes.holidays
        planned = plan(rhythm, who, self.now, country, extra=settings.extra_days(country)).touches
        this = (self.touch.entry, self.touch.occasion)
        wanted = next((each for each in planned if (each.entry, each.occasion) == this), None)
        if wanted is None:
            why = "the candidate has answered meanwhile" if self._hangs_on_silence() else "no longer in the plan"
            return lambda: self._end("suppressed", why)
        return (lambda: self._defer(_Later(wanted.at, "talk"))) if wanted.at > self.now else None

    def _open_case(self) -> Sequence[int]:
        if people.stage_of(self.connection, self.touch.candidate_id) in self.house.settings.stages.closed:
            return self._end("cancelled", "the candidate does not wait any more")
        reason = self.touch.begins.removeprefix(CASE)
        cases.open_case(self.connection, self.touch.candidate_id, None, reason, self.now)
        return self._end("sent", "a case for HR")

    def _person(self) -> Person | None:
        """Where the candidate wrote last; for a notice else the phone in the record. A reminder of what may not have
        arrived takes another road."""
        connection, cipher = self.connection, self.house.cipher
        if self.touch.kind == "story":
            return people.reachable(connection, cipher, self._who, "wechat")
        found = None if self._takes_another_road() else people.reachable(connection, cipher, self._who)
        return found or self._by_phone() or people.reachable(connection, cipher, self._who) or self._by_mail()

    @property
    def _who(self) -> int:
        return self.touch.candidate_id

    def _takes_another_road(self) -> bool:
        """The chat had its turn, or what it carried may not have arrived."""
        return self.touch.entry == touches.NUDGE_OTHER or self._was_in_doubt()

    def _was_in_doubt(self) -> bool:
        news = touches.last_news(self.connection, self._who) if self.entry and "unseen" in self.entry.only else None
        return news is not None and news.state == "unknown"

    def _by_phone(self) -> Person | None:
        connection, cipher, who = self.connection, self.house.cipher, self.touch.candidate_id
        address_id = sms_address(connection, cipher, who, "", self.now)
        if address_id is None:
            return None
        notice = self.house.settings.privacy.notice_version
        if people.owner_of(connection, address_id) != who:
            people.bind(connection, address_id, who, "sms", "number", notice, self.now)
        return people.at(connection, cipher, address_id)

    def _by_mail(self) -> Person | None:
        connection, cipher = self.connection, self.house.cipher
        address = people.email_of(connection, cipher, self._who) if self.house.settings.email.on else None
        person = people.get_or_create(connection, cipher, "email", address, self.now) if address else None
        return None if person is None or person.stopped or person.unreachable else person

    def _is_over(self, world: TurnContext) -> str:
        if world.fact("open") == "no":
            return f"the candidate is {world.fact('stage')}"
        if self.touch.entry == promises.OVERDUE and not promises.is_any_overdue(self.connection, self._who):
            return "what was promised is not overdue any more"
        return "the candidate is in another cohort now" if self._is_about_another_cohort(world) else ""

    def _is_about_another_cohort(self, world: TurnContext) -> bool:
        """The occasion of HR's news of a training is `cohort:version`, with - for no cohort."""
        cohort = world.candidate.cohort if world.candidate else None
        about, _, version = self.touch.occasion.rpartition(":")
        is_news = self.touch.entry in touches.TRAINING and version.isdecimal()
        return is_news and about != (cohort.code if cohort else transfers.NOWHERE)

    def _until_the_notice(self, world: TurnContext) -> _Later | None:
        """What hangs on a fixed date follows the notice that tells it."""
        cohort = world.candidate.cohort if world.candidate else None
        asks = self.entry is not None and "date" in self.entry.when
        if asks and cohort and cohort.fixed_from and cohort.fixed_from > self.now:
            return _Later(cohort.fixed_from, "spacing")
        return None

    def _is_not_so(self, world: TurnContext) -> str:
        """What the rhythm asks to be so when this is said, and is not."""
        if self.touch.kind == "story" and world.candidate and world.candidate.notices_only_at:
            return "wants notices only"
        asked = self.entry.when if self.entry else {}
        found = ((fact, world.fact(fact), words) for fact, words in asked.items())
        return next((f"{fact} is {word}" for fact, word, words in found if word not in words), "")

    def _not_before(self, person: Person, world: TurnContext) -> _Later | None:
        """The latest moment of all that speaks against saying it now."""
        paused = pauses.why(self.connection, self._who, self.now)
        if pauses.holds_back(paused, self.touch.entry, self.touch.kind):
            return _Later(self.now + _LATER, paused)
        reasons = [_Later(world.opens_at(self.entry.hours if self.entry else None), "hours")]
        if person.last_at and not self._greets(person):
            reasons.append(_Later(person.last_at + _TALKING, "talk"))
        if person.last_at and self._would_disregard(world):
            reasons.append(_Later(person.last_at + _THINKING, "talk"))
        if self.touch.urgent:
            reasons = []
        elif self.touch.by == "rhythm" and (said := touches.last_said(self.connection, self._who)):
            reasons.append(_Later(said + _APART[self.touch.kind], "spacing"))
        if self.touch.kind == "story":
            reasons += self._story_waits_for(person, world)
        latest = max(reasons, key=lambda each: each.at, default=_Later(self.now, ""))
        return latest if latest.at > self.now else None

    def _would_disregard(self, world: TurnContext) -> bool:
        """Whether somebody has said that they do not come, and was asked about it: what the rhythm begins, and no date
        needs now, can wait for their answer."""
        asked = any(frame.flow == "leave" for frame in world.talk.frames)
        return asked and self.touch.by == "rhythm" and not (self.entry and "date" in self.entry.when)

    def _greets(self, person: Person) -> bool:
        """Who has just scanned or followed is welcomed at once: the window that this opens is shut in a minute."""
        brief = person.window.brief_until
        return self.entry is not None and "bound" in self.entry.bases and brief is not None and brief > self.now

    def _story_waits_for(self, person: Person, world: TurnContext) -> list[_Later]:
        connection, now = self.connection, self.now
        reasons = []
        if windows.open_at(person.window, now) is not True:
            reasons.append(_Later(self.touch.expires_at or now + _LATER, touches.WINDOW))
        said_before = touches.stories_since(connection, self._who, now - caps.WEEK)
        limits = self.house.settings.pushes
        reasons.append(_Later(caps.next_free(said_before, now, world.zone, limits.a_day, limits.a_week), "cap"))
        return reasons

    def _say(self, world: TurnContext) -> Sequence[int]:
        if self.touch.entry == actions.BACK:  # what the bot had asked before is settled between the two
            world.talk = replace(world.talk, frames=())
        if self.touch.entry in touches.TRAINING:  # what was asked about the training stood on the old date
            lasting = tuple(frame for frame in world.talk.frames if frame.flow not in _ABOUT_TRAINING)
            world.talk = replace(world.talk, frames=lasting)
        heard = Heard(event=TOUCH, value=self.touch.begins)
        rows = push(world, heard, self.touch.kind, self.touch.expires_at, template=self.touch.template or "")
        if not rows:
            return self._end("suppressed", "there is nothing to say")
        touches.end(self.connection, self.touch, "sent", "", self.now, rows[0])
        if self.touch.entry in touches.DATED:
            promises.are_kept(self.connection, self._who, self.now)
        if self.house.content.rhythm.is_followed(self.touch.entry):
            plans.wake(self.connection, candidates, [self._who], self.now)
        return [*rows, *self._copy(world, rows[0])]

    def _copy(self, world: TurnContext, row: int) -> Sequence[int]:
        """The same by e-mail too, where the rhythm wants that and the record has an address. Nothing follows where it
        does not arrive: it is a copy."""
        mailbox = self._by_mail() if self.entry and self.entry.mailed and world.person.channel != "email" else None
        if mailbox is None:
            return []
        copy = messages.copied(self.connection, self.house.cipher, row, "email", COPY)
        return messages.enqueue(
            self.connection, self.house.cipher, mailbox.id, self._who, None, [copy] if copy else [], self.now
        )

    def _no_road(self, why: str = "") -> Sequence[int]:
        """A notice that cannot be said is for HR to call about; for who wants none, only news of the training."""
        if self.touch.kind == "notice" and (self.touch.by == "hr" or not why):
            cases.open_case(self.connection, self._who, None, UNREACHABLE, self.now)
        return self._end("suppressed", why or ("no chat" if self.touch.kind == "story" else "no chat and no phone"))

    def _defer(self, later: _Later) -> Sequence[int]:
        touches.defer(self.connection, self.touch, later.at, later.why)
        return []

    def _end(self, state: touches.Ended, why: str) -> Sequence[int]:
        touches.end(self.connection, self.touch, state, why, self.now)
        return []
