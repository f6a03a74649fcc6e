"""What is said plainly is done at once; what denies, asks, supposes, reports or speaks of others changes nothing.

The sentences stand in tests/sayings: by the meaning that a careless listener takes them for, and by why it is not said.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.conversation import Runtime
from bot.platform import yaml_text
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, case_reasons, tasks
from bot.understanding import Meaning, Understanding
from bot.understanding.danger import Danger
from bot.understanding.own_words import OwnWords
from tests.conftest import NOW
from tests.talking import Person

FOLDER = Path(__file__).parents[2] / "sayings"
NOT_PLAIN = yaml_text.read(FOLDER / "not_plain.yaml").data
PLAIN = yaml_text.read(FOLDER / "plain.yaml").data
ACTING = {
    "late",
    "ill",
    "cannot_come",
    "change_date",
    "call",
    "erase",
    "withdrawing",
    "withdrawn",
    "door",
    "unconfirmed",
}
WHO = {"training.late": "TODAY", "training.ill": "TODAY"}  # whose record would change; else PUB, who trains in a week
BELONGS = {
    ("training.confirm", "denies"): {"ill", "cannot_come"}
}  # where it goes: HR hears of who says that they cannot come
DONE = {
    "training.confirm": "confirmed",
    "leave.withdraw": "withdrawing",
    "training.change": "training.change",
    "training.late": "late",
    "training.ill": "training.ill_now",
    "hr.call": "call",
    "stop.less": "notices_only",
}

Stage = tuple[Runtime, Connection]


class Curtain(Exception):
    """Takes everything back that a sentence has done."""


class Inside:
    """A database in the middle of a transaction that will be taken back."""

    def __init__(self, connection: Connection) -> None:
        self.write = self.read = lambda work: work(connection)


class Careless:
    """An understanding that takes every sentence for one meaning, and is sure of it."""

    def __init__(self, real: Understanding, intent: str) -> None:
        self._real, self._intent = real, intent

    def meaning(
        self, text: str, expecting: frozenset[str] = frozenset(), last_offered: frozenset[str] = frozenset()
    ) -> Meaning:
        found = self._real.meaning(text, expecting, last_offered)
        if found.rule:
            return found
        return replace(found, intent=self._intent, decision="answer", p=0.99, top=((self._intent, 0.99),), also=())

    def corrected(self, text: str) -> str | None:
        return self._real.corrected(text)

    def date(self, text: str, today: date) -> date | None:
        return self._real.date(text, today)

    def danger(self, text: str) -> Danger:
        return self._real.danger(text)

    def own_words(self, text: str) -> OwnWords:
        return self._real.own_words(text)

    def tells_delay(self, text: str) -> bool:
        return self._real.tells_delay(text)

    def tells_illness(self, text: str) -> bool:
        return self._real.tells_illness(text)

    def stance(self, text: str, own: Any, asked_for: bool) -> str:
        return self._real.stance(text, own, asked_for)


@contextmanager
def somebody(database: Database, house: Runtime, who: str) -> Iterator[tuple[Person, Connection]]:
    """A candidate who talks, and whose record is afterwards as before."""
    with database.engine.connect() as connection, connection.begin() as work:
        yield Person(house, Inside(connection), NOW).is_bound_to(who), connection
        work.rollback()


def record(connection: Connection, who: str) -> Mapping[str, Any]:
    """All that a sentence may change about somebody."""
    columns = (
        candidates.c.stage,
        candidates.c.confirmed_at,
        candidates.c.confirmed_start,
        candidates.c.pushes_stopped_at,
        candidates.c.notices_only_at,
    )
    row = connection.execute(sa.select(*columns).where(candidates.c.code == who)).one()
    reasons = set(connection.execute(sa.select(case_reasons.c.reason)).scalars()) & ACTING
    done = set(connection.execute(sa.select(tasks.c.code).where(tasks.c.done_at.is_not(None))).scalars())
    stopped = set(connection.execute(sa.select(addresses.c.stopped_at)).scalars())
    return {**row._mapping, "reasons": reasons, "done": done, "stopped": stopped}


def acted(keys: list[str], before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether something is recorded, or under way to be without a further word."""
    return before != after or any(key.startswith("training.change") and "sure" not in key for key in keys)


def judged(database: Database, house: Runtime, meaning: str, why: str, sentence: str) -> str:
    """What was done upon a sentence that must do nothing, or ""."""
    belongs = BELONGS.get((meaning, why), set())
    who = WHO.get(meaning, "PUB")
    with somebody(database, house, who) as (person, connection):
        before = record(connection, who)
        person.says(sentence)
        after = record(connection, who)
        after = {**after, "reasons": after["reasons"] - belongs}
        return f"{sentence}: {person.keys} {after['reasons']}" if acted(person.keys, before, after) else ""


@pytest.mark.parametrize("meaning", NOT_PLAIN)
def test_what_is_not_plainly_said_changes_nothing(theatre: tuple[Runtime, Database], meaning: str) -> None:
    house, database = theatre
    said = [(why, sentence) for why, listed in NOT_PLAIN[meaning].items() for sentence in listed]
    found = list(filter(None, (judged(database, house, meaning, *each) for each in said)))
    assert found == []


@pytest.mark.parametrize("meaning", [meaning for meaning in NOT_PLAIN if meaning != "stop"])
def test_nor_does_it_where_the_listener_is_careless(theatre: tuple[Runtime, Database], meaning: str) -> None:
    """Whatever a sentence is taken for, its stance is read by itself."""
    house, database = theatre
    assert isinstance(house.understanding, Understanding)
    careless = replace(house, understanding=Careless(house.understanding, meaning))
    said = [(why, sentence) for why, listed in NOT_PLAIN[meaning].items() for sentence in listed]
    found = list(filter(None, (judged(database, careless, meaning, *each) for each in said)))
    assert found == []


@pytest.mark.parametrize("meaning", PLAIN)
def test_what_is_plainly_said_is_done_at_once(theatre: tuple[Runtime, Database], meaning: str) -> None:
    house, database = theatre
    missed = []
    for sentence in PLAIN[meaning]:
        who = WHO.get(meaning, "PUB")
        with somebody(database, house, who) as (person, connection):
            person.says(sentence)
            after = record(connection, who)
            found = {*after["reasons"], *person.keys}
            found |= {name for name in ("confirmed", "notices_only") if after[f"{name}_at"]}
            if DONE[meaning] not in found:
                missed.append(f"{sentence}: {person.keys} {person.outcome and person.outcome.heard}")
    assert missed == []
