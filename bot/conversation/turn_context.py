"""The house as the engine sees it during one turn: what is so, what is done, what the words are."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot import links
from bot.conversation import interpret
from bot.engine.flow import Effect
from bot.engine.talk import MessageRef, Talk
from bot.engine.turn import Collected, Heard
from bot.record import facts
from bot.record.model import Candidate
from bot.record.vocabulary import DUE_FACT, TASK_FACT
from bot.runtime import Runtime
from bot.store import links as given_links
from bot.store import moves, pauses, people
from bot.store.people import Person
from bot.store.tables import codes
from bot.values import phones
from bot.values.message import Card

_AT_HOME = 6  # messages after which nobody needs to be told who we are; getting in takes five at most
_PROVED_FOR = timedelta(hours=1)
_TAKEN_BACK_FOR = timedelta(hours=48)  # a withdrawal, by saying so
_FROM_HISTORY = {"history", "waited_days"}
_WHEREABOUTS = ("store", "store_address", "store_phone", "manager", "place", "address", "map_link")  # of people of ours
_FROM_TASKS = {"tasks", "task_due"}


Do = Callable[["TurnContext", Effect, Heard], str]


class TurnContext:
    """Lives for one turn, inside its transaction."""

    def __init__(
        self,
        connection: Connection,
        house: Runtime,
        person: Person,
        talk: Talk,
        effects: Mapping[str, Do],
        now: datetime,
        touch_id: int | None = None,
    ) -> None:
        self.touch_id = touch_id  # what we say by ourselves, if this turn is that
        self.connection, self.house, self.person, self.talk = connection, house, person, talk
        self.effects, self.now = effects, now
        self.locale: str = house.settings.company.locale
        self.chosen = ""  # a language that was asked for in this turn
        self.candidate_id: int | None = None
        self.candidate: Candidate | None = None
        self.saved: Mapping[str, Any] = {}
        self.taken: int | None = None  # the candidate whose invite is bound to somebody else already
        self.to_send: list[int] = []
        self._known: dict[str, str] | None = None
        self._values: dict[str, Any] | None = None
        self._link = ""
        self.belongs_to(person.candidate_id)

    def belongs_to(self, candidate_id: int | None) -> None:
        """From here on the turn speaks to this candidate; None: to somebody we do not know."""
        self.candidate_id = candidate_id
        self.candidate = people.load(self.connection, self.house.cipher, candidate_id) if candidate_id else None
        self._known = self._values = None

    @property
    def zone(self) -> ZoneInfo:
        return facts.zone_of(self.candidate, self.house.settings)

    def opens_at(self, hours: tuple[int, int] | None = None) -> datetime:
        """Now, or when by the person's own clock the hours begin in which we may write first."""
        first, last = hours or self.house.settings.pushes.hours
        here = self.now.astimezone(self.zone)
        if first <= here.hour < last:
            return self.now
        day = here if here.hour < first else here + timedelta(days=1)
        return day.replace(hour=first, minute=0, second=0, microsecond=0)

    # What the engine asks.

    def fact(self, name: str) -> str:
        if name == "leaving":
            return pauses.leaving(self.connection, self.candidate_id) if self.candidate_id else "no"
        of_task = name.startswith((TASK_FACT, DUE_FACT))
        if name == "tasks" or of_task:
            self._look_up_tasks()
        if self._known is None:
            self._known = facts.known(self.candidate, self.person.channel, self.house.settings, self.now)
            self._known["met"] = "yes" if self.person.turn else "no"
            self._known["talked"] = "yes" if self.person.turn >= _AT_HOME else "no"
            self._known["pending"] = "yes" if self.talk.pending else "no"
            self._known["back"] = self._may_come_back()
            self._known["links"] = "no" if self.is_one_way else "yes"
        return self._known.get(name, "none") if of_task else self._known[name]

    def _may_come_back(self) -> str:
        """Whether they withdrew, by themselves, and may still take it back."""
        left_at = moves.withdrew_at(self.connection, self.candidate.id) if self.candidate else None
        if left_at is None:
            return "no"
        return "open" if self.now - left_at <= _TAKEN_BACK_FOR else "late"

    def _look_up_tasks(self) -> None:
        if self.candidate and self.candidate.tasks is None:
            self.candidate = replace(self.candidate, tasks=people.tasks_of(self.connection, self.candidate.id))
            self._known = self._values = None

    def do(self, effect: Effect, heard: Heard, saved: Mapping[str, Any]) -> str:
        self.saved = saved
        outcome = self.effects[effect.name](self, effect, heard)
        self._known = None
        return outcome

    def choice(self, flow: str, names: tuple[str, ...], text: str) -> str:
        return interpret.choice(self.house, flow, names, text)

    def stance(self, step: str, asked_for: bool, heard: Heard, choice: tuple[str, str] | None) -> str:
        if not heard.text:
            return "plain"
        if heard.details.get("quotes"):
            return "reports"
        content = self.house.content
        own = (*content.plainly.get(step, ()), *(content.labels(*choice) if choice else ()))
        return self.house.understanding.stance(heard.text, own, asked_for)

    def health(self, heard: Heard) -> str:
        return "ill" if self.house.understanding.tells_illness(heard.text) else "unsaid"

    def how_late(self, heard: Heard) -> str:
        return "said" if self.house.understanding.tells_delay(heard.text) else "unsaid"

    def read(self, collector: str, limit: str, heard: Heard) -> Collected | None:
        zone = facts.zone_of(self.candidate, self.house.settings)
        return interpret.read(self.house, collector, limit, heard, self.now.astimezone(zone).date())

    @property
    def is_one_way(self) -> bool:
        """To mainland China Twilio delivers SMS, none with a URL, and brings none back (its guidelines for China)."""
        return self.person.channel == "sms" and phones.is_mainland(self.person.address)

    # What is said.

    def text(self, said: MessageRef) -> str:
        return self.text_for(said, self.person.channel)

    def text_for(self, said: MessageRef, channel: str) -> str:
        """The same words as another channel has them."""
        return self.house.content.text(self.locale, said, channel, self._all_values(said))

    def tells_where(self, said: MessageRef) -> bool:
        """Whether these words say where people of ours are, or how to reach them."""
        text, values = self.text(said), self._all_values(said)
        return any(values[name] and str(values[name]) in text for name in _WHEREABOUTS)

    def text_without_asking(self, said: MessageRef) -> str:
        """The same by an SMS that nobody can answer: nothing to choose from."""
        values = {**self._all_values(said), "one_way": True}
        return self.house.content.text(self.locale, replace(said, choices=()), "sms", values)

    def lacks(self, said: MessageRef) -> bool:
        """Whether the record does not have, or not any more, what these words tell."""
        return self.house.content.lacks(self.locale, said, self.person.channel, self._all_values(said))

    def card(self, said: MessageRef) -> Card | None:
        return self.house.content.card(self.locale, said, self._all_values(said))

    def words(self, key: str, channel: str, **more: Any) -> str:
        """A text of the binding flow for another channel than this one, like the code to the phone."""
        said = MessageRef("binding", key, more)
        return self.house.content.text(self.locale, said, channel, self._all_values(said))

    def values(self) -> dict[str, Any]:
        """What the record can fill, by its names."""
        if self._values is None:
            labels = self.house.content.words[self.locale].labels
            self._values = facts.values(self.candidate, labels, self.house.settings, self.locale, self.now)
        return self._values

    def _all_values(self, said: MessageRef) -> Mapping[str, Any]:
        """What the words need, and what was saved: a day as a day."""
        needs = self.house.content.words[self.locale].say[f"{said.flow}.{said.key}"].placeholders
        if needs & _FROM_HISTORY and self.candidate and not self.candidate.stage_times:
            times = people.history(self.connection, self.candidate.id)
            since = (self.candidate.stage, self.candidate.stage_at)
            self.candidate = replace(self.candidate, stage_times=tuple(times) or (since,))
            self._values = None
        if needs & _FROM_TASKS:
            self._look_up_tasks()
        values = self.values()
        if "page_link" in needs and self.candidate:
            values["page_link"] = self.page_link()
        if "masked" in needs:
            values["masked"] = self._masked()
        if "invite" in needs and self.candidate:
            values["invite"] = people.invite_of(self.connection, self.house.cipher, self.candidate.id)
        if "task_due" in needs:
            values["task_due"] = facts.task_due(self.candidate, said.key, self.house.settings)
        return {**values, **{name: as_day(value) for name, value in said.values.items()}}

    def page_link(self) -> str:
        """A short link to the candidate's page, one a message."""
        if self.candidate and not self._link:
            given = given_links.give(self.connection, self.candidate, self.touch_id, self.now)
            self._link = links.short(self.house.settings, given)
        return self._link

    def _masked(self) -> str:
        """The name of whom this is about, so that only its owner knows it again."""
        who = self.candidate_id or self.proved_here()
        return facts.masked(people.load(self.connection, self.house.cipher, who).name) if who else ""

    # Codes sent to a phone.

    def last_code(self) -> sa.Row[Any] | None:
        """The newest code asked for here: the only one that counts."""
        mine = sa.select(codes).where(codes.c.address_id == self.person.id)
        return self.connection.execute(mine.order_by(codes.c.id.desc()).limit(1)).first()

    def proved_here(self) -> int | None:
        """The candidate whose number was proved here within the hour."""
        row = self.last_code()
        if row is None or row.proved_at is None or row.proved_at + _PROVED_FOR < self.now:
            return None
        return int(row.candidate_id) if row.candidate_id else None


def as_day(value: Any) -> Any:
    """A saved answer that is a day, as a date; anything else as it is."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == len("2026-12-01") else value
    except ValueError:
        return value
