"""Keeps what was promised ("as soon as it is fixed I'll tell you") when the record has it, in the hours to write.

To add something that may be promised: name it in PROMISES of bot.vocabulary.
"""

from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from bot.conversation.house import House
from bot.conversation.pushing import push, world_of
from bot.conversation.world import World
from bot.engine.turn import Heard
from bot.store import people
from bot.store import promises as store
from bot.store.promises import Promise
from bot.vocabulary import PROMISES

_AT_ONCE = 20  # promises in a transaction
_SOON = timedelta(minutes=1)


def keep(connection: Connection, house: House, now: datetime) -> tuple[int, list[int]]:
    """Looks at the promises that are due for it; gives how many, and the rows that the outbox should send."""
    to_send: list[int] = []
    found = store.to_look_at(connection, now, _AT_ONCE)
    for promise in found:
        to_send += _Keeping(connection, house, promise, now).keep()
    return len(found), to_send


class _Keeping:
    """One promise to one candidate."""

    def __init__(self, connection: Connection, house: House, promise: Promise, now: datetime) -> None:
        self.connection, self.house, self.promise, self.now = connection, house, promise, now

    def keep(self) -> list[int]:
        try:
            person = people.reachable(self.connection, self.house.cipher, self.promise.candidate_id)
        except people.Busy:
            return self._later(self.now + _SOON)
        if person is None:
            return self._later()
        world = world_of(self.connection, self.house, person, self.now)
        if world.fact("open") == "no":
            store.ends(self.connection, self.promise, "dropped", self.now)
            return []
        if world.fact("pushes") == "off" or not self._has_come(world):
            return self._later()
        opens = world.opens_at()
        return self._later(opens) if opens > self.now else self._say(world)

    def _later(self, at: datetime | None = None) -> list[int]:
        store.look_again(self.connection, self.promise, at, self.now)
        return []

    def _has_come(self, world: World) -> bool:
        about = self.promise.about
        if about == "stage":
            return world.candidate is not None and world.candidate.stage_at > self.promise.made_at
        if about in PROMISES:
            fact, wanted, _ = PROMISES[about]
            return world.fact(fact) in wanted
        start = self.house.content.flows.entry(about)
        branches = self.house.content.flows.branches(*start) if start else ()
        taken = (b for b in branches if all(world.fact(name) in words for name, words in b.when.items()))
        return bool(next(taken, branches[-1]).say) if branches else False

    def _say(self, world: World) -> list[int]:
        """The promise ends first: what is said now may promise the next thing."""
        store.ends(self.connection, self.promise, "kept", self.now)
        meaning = PROMISES[self.promise.about][2] if self.promise.about in PROMISES else self.promise.about
        return push(world, Heard(event="promise_kept", also=(meaning,)), "notice")
