"""keepwarm speaks first: says what is due, once, in the hours when we may write, by the road that is open.

A notice must arrive: by the chat where the candidate wrote last, by SMS, or by a case for HR to call. A story only
rides a WeChat chat that is open, or expires.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from bot.cascade import UNREACHABLE, sms_address
from bot.conversation.house import House
from bot.conversation.pushing import push, world_of
from bot.conversation.world import World
from bot.engine.turn import TOUCH, Heard
from bot.store import cases, people, touches
from bot.store.people import Person
from bot.store.touches import Touch

_AT_ONCE = 20  # touches in a transaction
_TALKING = timedelta(minutes=10)  # so long after a message nobody is interrupted
_OPEN = timedelta(hours=48)  # WeChat: custom messages after a message of the user's
_LATER = timedelta(hours=1)
_SOON = timedelta(minutes=1)


def speak(connection: Connection, house: House, now: datetime) -> tuple[int, list[int]]:
    """Takes what is due; gives how many, and the rows that the outbox should send."""
    to_send: list[int] = []
    due = touches.due(connection, now, _AT_ONCE)
    for touch in due:
        to_send += _Touching(connection, house, touch, now).speak()
    return len(due), to_send


class _Touching:
    """One touch to one candidate."""

    def __init__(self, connection: Connection, house: House, touch: Touch, now: datetime) -> None:
        self.connection, self.house, self.touch, self.now = connection, house, touch, now

    def speak(self) -> Sequence[int]:
        if self.touch.expires_at and self.touch.expires_at <= self.now:
            return self._end("expired", "too late to be useful")
        try:
            person = self._person()
        except people.Busy:
            touches.defer(self.connection, self.touch, self.now + _SOON)
            return []
        if person is None:
            return self._no_road()
        world = world_of(self.connection, self.house, person, self.now)
        if world.fact("open") == "no":
            return self._end("cancelled", f"the candidate is {world.fact('stage')}")
        if self._is_about_another_cohort(world):
            return self._end("cancelled", "the candidate is in another cohort now")
        if world.fact("pushes") == "off" or person.stopped:
            return self._no_road("wants no messages")
        later = self._not_before(person, world)
        if later > self.now:
            touches.defer(self.connection, self.touch, later)
            return []
        return self._say(world)

    def _person(self) -> Person | None:
        """Where the candidate wrote last; for a notice else the phone in the record."""
        found = people.reachable(self.connection, self.house.cipher, self.touch.candidate_id)
        if found or self.touch.kind == "story":
            return found
        connection, cipher, who = self.connection, self.house.cipher, self.touch.candidate_id
        address_id = sms_address(connection, cipher, who, "", self.now)
        if address_id is None:
            return None
        notice = self.house.settings.privacy.notice_version
        people.bind(connection, address_id, who, "sms", "number", notice, self.now)
        return people.reachable(connection, cipher, who)

    def _is_about_another_cohort(self, world: World) -> bool:
        """The occasion of what is said about a training is `cohort:version`."""
        cohort = world.candidate.cohort if world.candidate else None
        about, _, version = self.touch.occasion.rpartition(":")
        return (
            self.touch.begins.startswith("notice.") and version.isdecimal() and (cohort is None or cohort.code != about)
        )

    def _not_before(self, person: Person, world: World) -> datetime:
        """Not at night, not into a talk that is going on; a story not into a closed window."""
        moments = [world.opens_at()]
        if person.last_at:
            moments.append(person.last_at + _TALKING)
        if self.touch.kind == "story" and (person.last_at is None or person.last_at + _OPEN < self.now):
            moments.append(self.now + _LATER)
        return max(moments)

    def _say(self, world: World) -> Sequence[int]:
        heard = Heard(event=TOUCH, value=self.touch.begins)
        rows = push(world, heard, self.touch.kind, self.touch.expires_at)
        touches.end(self.connection, self.touch, "sent", "", self.now, rows[0] if rows else None)
        return rows

    def _no_road(self, why: str = "no chat and no phone") -> Sequence[int]:
        """A notice that cannot be said is for HR to call about."""
        if self.touch.kind == "notice":
            cases.open_case(self.connection, self.touch.candidate_id, None, UNREACHABLE, self.now)
        return self._end("suppressed", why)

    def _end(self, state: touches.Ended, why: str) -> Sequence[int]:
        touches.end(self.connection, self.touch, state, why, self.now)
        return []
