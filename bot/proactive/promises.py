"""Keeps what was promised ("as soon as it is fixed I'll tell you") when the record has it, in the hours to write; says
so where it has not come by its day.

To add something that may be promised: name it in PROMISES of bot.record.vocabulary.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.engine import Connection

from bot.conversation.turn_context import TurnContext
from bot.engine.turn import Heard
from bot.proactive.push import push, world_of
from bot.record import facts
from bot.record.vocabulary import PROMISES
from bot.rhythm import Planned
from bot.runtime import Runtime
from bot.store import cases, pauses, people, touches
from bot.store import promises as store
from bot.store.promises import Promise

_AT_ONCE = 20  # promises in a transaction
_SOON = timedelta(minutes=1)
_DAY = timedelta(days=1)
_PAUSE = timedelta(hours=1)
_SAID_BY, _PRIORITY = "promise.overdue", 85  # the step that says it, and how it ranks among touches

Fact = Callable[[str], str]


def keep_due(connection: Connection, house: Runtime, now: datetime) -> tuple[int, list[int]]:
    """Looks at the promises that are due for it; gives how many, and the rows that the outbox should send."""
    to_send: list[int] = []
    found = store.to_look_at(connection, now, _AT_ONCE)
    for promise in found:
        to_send += _Keeping(connection, house, promise, now).keep()
    return len(found), to_send


class _Keeping:
    """One promise to one candidate."""

    def __init__(self, connection: Connection, house: Runtime, promise: Promise, now: datetime) -> None:
        self.connection, self.house, self.promise, self.now = connection, house, promise, now
        self.candidate = people.load(connection, house.cipher, promise.candidate_id)

    def keep(self) -> list[int]:
        try:
            person = people.reachable(self.connection, self.house.cipher, self.promise.candidate_id)
        except people.PersonBusy:
            return self._later(self.now + _SOON)
        world = world_of(self.connection, self.house, person, self.now) if person else None
        fact = world.fact if world else self._of_the_record()
        if fact("open") == "no":
            store.ends(self.connection, self.promise, "dropped", self.now)
            return []
        if not self._has_come(fact):
            return self._not_yet()
        if self.promise.about in store.BY_A_DAY and touches.notice_waits(self.connection, self.promise.candidate_id):
            return self._later()
        if world is None or fact("pushes") == "off":
            return self._later()
        paused = pauses.why(self.connection, self.promise.candidate_id, self.now)
        if paused in (pauses.LEAVING, pauses.ENDANGERED):
            return self._later(self.now + _PAUSE)
        opens = world.opens_at()
        return self._later(opens) if opens > self.now else self._say(world)

    def _of_the_record(self) -> Fact:
        """What is so about somebody who cannot be written to just now."""
        known = facts.known(self.candidate, "wechat", self.house.settings, self.now)
        return lambda name: known.get(name, "")

    def _later(self, at: datetime | None = None) -> list[int]:
        day = self._day_ends()
        store.look_again(self.connection, self.promise, at, self.now, day if day and day > self.now else None)
        return []

    def _not_yet(self) -> list[int]:
        """Once its day is over HR gets a case, at once, and the candidate an apology: one for all that is overdue by
        that day, in the hours and by the roads of a notice."""
        promise, day = self.promise, self._day_ends()
        if promise.due_at and day and day <= self.now and promise.overdue_at is None:
            store.becomes_overdue(self.connection, promise, self.now)
            about = self.house.cipher.seal(json.dumps({"promised": promise.about}), "case_reasons.detail")
            cases.open_case(self.connection, promise.candidate_id, None, store.OVERDUE, self.now, about)
            touches.plan(self.connection, [_apology(promise, promise.due_at, self.now)], "promise", self.now)
        return self._later()

    def _day_ends(self) -> datetime | None:
        """Until when there is time: "by Friday" is until Friday is over, by the clock of the place."""
        due = self.promise.due_at
        if due is None or self.promise.about not in store.BY_A_DAY:
            return None
        there = due.astimezone(facts.zone_of(self.candidate.cohort, self.house.settings))
        return there + _DAY if there.time() == time() else there

    def _has_come(self, fact: Fact) -> bool:
        about = self.promise.about
        if about == "stage":
            return self.candidate.stage_at > self.promise.made_at
        if about in PROMISES:
            name, wanted, _ = PROMISES[about]
            return fact(name) in wanted
        start = self.house.content.flows.entry(about)
        branches = self.house.content.flows.branches(*start) if start else ()
        taken = (b for b in branches if all(fact(name) in words for name, words in b.when.items()))
        return bool(next(taken, branches[-1]).say) if branches else False

    def _say(self, world: TurnContext) -> list[int]:
        """The promise ends first: what is said now may promise the next thing."""
        store.ends(self.connection, self.promise, "kept", self.now)
        meaning = PROMISES[self.promise.about][2] if self.promise.about in PROMISES else self.promise.about
        return push(world, Heard(event="promise_kept", also=(meaning,)), "notice")


def _apology(promise: Promise, due_at: datetime, now: datetime) -> Planned:
    occasion = due_at.astimezone(UTC).isoformat(timespec="minutes")
    return Planned(promise.candidate_id, store.OVERDUE, occasion, "notice", _SAID_BY, now, priority=_PRIORITY)
