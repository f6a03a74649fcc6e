"""What happens when nobody answers an open question: its road goes on by itself, in the hours when we may write."""

from datetime import datetime

from sqlalchemy.engine import Connection

from bot.engine.turn import SILENCE, Heard
from bot.proactive.push import push, world_of
from bot.runtime import Runtime
from bot.store import pauses, people
from bot.store.people import Person

_AT_ONCE = 20  # people in a transaction


def continue_timed_out(connection: Connection, house: Runtime, now: datetime) -> tuple[int, list[int]]:
    """Takes the questions that have waited long enough; gives how many, and the rows that the outbox should send."""
    to_send: list[int] = []
    waited = people.timed_out(connection, house.cipher, now, _AT_ONCE)
    for person in waited:
        to_send += _Silence(connection, house, person, now).go_on()
    return len(waited), to_send


class _Silence:
    """One person's unanswered question."""

    def __init__(self, connection: Connection, house: Runtime, person: Person, now: datetime) -> None:
        self.connection, self.house, self.person, self.now = connection, house, person, now
        self.world = world_of(connection, house, person, now)

    def go_on(self) -> list[int]:
        opens = self.world.opens_at()
        if opens > self.now:
            people.stands(self.connection, self.house.cipher, self.person, self.person.talk, opens)
            return []
        return self._walk()

    def _walk(self) -> list[int]:
        """What is said goes out, unless the person wants none or HR has them; what is done is done."""
        quiet = self.person.stopped or self.person.wrong_number or self.world.fact("pushes") == "off" or self._paused()
        return push(self.world, Heard(event=SILENCE), "answer", quiet=quiet)

    def _paused(self) -> bool:
        who = self.world.candidate_id
        return who is not None and pauses.why(self.connection, who, self.now) not in ("", pauses.SHAKEN)
