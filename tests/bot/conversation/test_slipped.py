"""A planned date that moves: an apology for it goes to whoever was told that date, in a push or an answer."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.content import Content
from bot.conversation import Runtime
from bot.proactive.touches import send_due
from bot.store import cohorts
from bot.store.cohorts import CANCELLED, SLIPPED
from bot.store.db.database import Database
from tests.bot.test_cohorts import becomes, find, planned
from tests.conftest import NOW
from tests.talking import Person

pytestmark = pytest.mark.usefixtures("company")
DAY = timedelta(days=1)


def change(database: Database, code: str, **columns: Any) -> int:
    held = find(database, code)
    return becomes(database, held, replace(held, **columns), NOW)


def goes_out(database: Database, house: Runtime) -> None:
    database.write(lambda c: send_due(c, house, NOW + timedelta(minutes=10)))


def test_who_was_told_that_no_date_is_known_hears_no_apology_for_one(person: Person, database: Database) -> None:
    assert person.is_bound_to("UNKBY").says("什么时候培训").keys == ["training.when_unknown_by"]
    assert change(database, "UNKBY", starts_at=NOW + 28 * DAY, date_state="planned") == 0
    assert change(database, "UNKBY", starts_at=NOW + 29 * DAY) == 0
    assert not planned(database)


def test_who_asked_and_was_told_the_planned_date_hears_that_it_moved(person: Person, database: Database) -> None:
    assert person.is_bound_to("PLANBY").says("什么时候培训").keys == ["training.when_planned_by"]
    held = find(database, "PLANBY")
    after = replace(held, starts_at=NOW + 30 * DAY, version=held.version + 1)
    shown = database.read(
        lambda c: cohorts.members(c, person.house.cipher, after, (), untold=True, entry=SLIPPED, before=held)
    )
    assert [member.code for member in shown] == ["PLANBY"], "the preview says so too"
    assert change(database, "PLANBY", starts_at=NOW + 30 * DAY) == 1


def test_who_was_promised_a_word_but_told_no_date_hears_no_apology(person: Person, database: Database) -> None:
    assert person.is_bound_to("PLANBY").says("培训在哪里").keys == ["training.where_undated"]
    assert change(database, "PLANBY", starts_at=NOW + 30 * DAY) == 0


def test_a_later_day_for_fixing_it_is_told_to_who_was_promised_that_day(person: Person, database: Database) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    assert change(database, "UNKBY", date_by=NOW + 20 * DAY) == 1


@pytest.mark.parametrize(("state", "entry"), [("planned", SLIPPED), ("published", CANCELLED)])
def test_who_heard_that_the_date_is_gone_was_not_told_the_next_one(
    person: Person, house: Runtime, database: Database, state: str, entry: str
) -> None:
    person.is_bound_to("PLANBY").says("什么时候培训")
    if state == "published":
        change(database, "PLANBY", date_state=state)
        goes_out(database, house)
    change(database, "PLANBY", starts_at=None, ends_at=None, date_state="unknown")
    assert [touch.entry for touch in planned(database).values()] == [entry]
    goes_out(database, house)
    assert change(database, "PLANBY", starts_at=NOW + 30 * DAY, date_state="planned") == 0
    assert change(database, "PLANBY", starts_at=NOW + 31 * DAY) == 0
    person.says("什么时候培训")
    assert change(database, "PLANBY", starts_at=NOW + 32 * DAY) == 1


def test_words_of_a_planned_date_are_known_by_their_keys(content: Content) -> None:
    """What the store looks for in what was said."""
    for flow in content.flows.by_name.values():
        for branch in flow.branches:
            states = branch.when.get("date", frozenset())
            for key in (f"{flow.name}.{key}" for key in branch.say):
                if "start" in content.words["zh"].say[key].placeholders and states == {"planned"}:
                    assert cohorts.tells_a_day(key), key
                if states and states <= {"none", "unknown"}:
                    assert cohorts.tells_of_none(key), key
