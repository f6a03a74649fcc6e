"""Touches are planned for whoever is released, and anew whenever the record or the rhythm changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.proactive.replan import plan_some
from bot.rhythm import Rhythm
from bot.store import moves, people, plans
from bot.store.db.database import Database
from bot.store.tables import candidates, tasks, touches
from tests.talking import Person

Key = tuple[str, str]


def release(database: Database, house: Runtime, code: str, now: datetime) -> int:
    number = database.read(lambda c: people.by_code(c, code))
    assert number
    database.write(lambda c: plans.release(c, [number], now))
    database.write(lambda c: plan_some(c, house, now))
    return number


def again(database: Database, house: Runtime, now: datetime) -> int:
    return database.write(lambda c: plan_some(c, house, now))[0]


def planned(database: Database, who: int, state: str = "planned") -> dict[str, datetime]:
    wanted = sa.select(touches.c.entry, touches.c.due_at).where(touches.c.candidate_id == who, touches.c.state == state)
    return {row.entry: row.due_at for row in database.read(lambda c: list(c.execute(wanted)))}


def test_nobody_is_planned_before_they_are_released(
    house: Runtime, database: Database, now: datetime, person: Person
) -> None:
    person.is_bound_to("PUB")
    assert again(database, house, now) == 0
    who = release(database, house, "PUB", now)
    assert {"week_before", "three_days_before", "day_before", "morning_of", "standing"} <= planned(database, who).keys()
    assert again(database, house, now) == 0, "nothing has changed"


def test_who_waited_already_hears_where_they_stand_and_not_what_they_missed(
    house: Runtime, database: Database, now: datetime, person: Person
) -> None:
    person.is_bound_to("PUB")
    who = release(database, house, "PUB", now)
    assert "welcome" not in planned(database, who)
    assert planned(database, who)["standing"] == now + timedelta(minutes=10)


def test_who_is_invited_is_welcomed_right_after_binding(
    house: Runtime, database: Database, now: datetime, person: Person
) -> None:
    number = database.read(lambda c: people.by_code(c, "NONE"))
    assert number
    fresh = sa.update(candidates).where(candidates.c.id == number).values(stage_at=now)
    database.write(lambda c: c.execute(fresh))
    passed = sa.text("UPDATE stage_times SET at = :at WHERE candidate_id = :who")
    database.write(lambda c: c.execute(passed.bindparams(sa.bindparam("at", now, touches.c.due_at.type), who=number)))
    who = release(database, house, "NONE", now)
    assert {"invite", "unbound"} <= planned(database, who).keys()
    person.now = now + timedelta(hours=3)
    person.is_bound_to("NONE")
    assert again(database, house, person.now) == 1
    assert planned(database, who)["welcome"] == person.now
    assert "unbound" not in planned(database, who)
    assert "unbound" in planned(database, who, "cancelled")


def test_a_moved_start_moves_what_hangs_on_it_and_closing_ends_all(
    house: Runtime, database: Database, now: datetime
) -> None:
    who = release(database, house, "PUB", now)
    before = planned(database, who)
    later = now + timedelta(days=3)
    cohort = sa.text("UPDATE cohorts SET starts_at = :at WHERE code = 'PUB'")
    at = datetime(2026, 12, 4, 1, 0, tzinfo=UTC)
    database.write(lambda c: c.execute(cohort.bindparams(sa.bindparam("at", at, touches.c.due_at.type))))
    database.write(lambda c: people.change_candidate(c, who, now))
    again(database, house, now)
    assert planned(database, who)["morning_of"] == at - timedelta(hours=2) == before["morning_of"] + timedelta(days=3)
    database.write(lambda c: moves.to_stage(c, who, "withdrawn", "hr", later))
    again(database, house, later)
    assert planned(database, who) == {}


def test_another_rhythm_is_planned_for_everybody_a_bit_at_a_time(
    house: Runtime, database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = release(database, house, "PUB", now)
    other = house.content.rhythm
    fewer = Rhythm({name: entry for name, entry in other.entries.items() if name == "day_before"}, version="other")
    changed = replace(house, content=replace(house.content, rhythm=fewer))
    while again(database, changed, now):
        pass
    assert list(planned(database, who)) == ["day_before"]
    assert again(database, changed, now) == 0
    while again(database, house, now):
        pass
    assert "morning_of" in planned(database, who)


def test_the_tasks_of_the_rhythm_get_their_due_days(house: Runtime, database: Database, now: datetime) -> None:
    who = release(database, house, "PUB", now)
    due = sa.select(tasks.c.code, tasks.c.due_at).where(tasks.c.candidate_id == who)
    assert dict(database.read(lambda c: [tuple(row) for row in c.execute(due)])) == {
        "id_copy": datetime(2026, 11, 24, 1, 0, tzinfo=UTC),
        "health_certificate": datetime(2026, 11, 28, 1, 0, tzinfo=UTC),
    }


def test_a_touch_that_was_put_off_keeps_its_later_moment(
    house: Runtime, database: Database, now: datetime, person: Person
) -> None:
    person.is_bound_to("PUB")
    who = release(database, house, "PUB", now)
    put_off = now + timedelta(days=1)
    later = sa.update(touches).where(touches.c.entry == "standing").values(due_at=put_off, deferred="hours")
    database.write(lambda c: c.execute(later))
    database.write(lambda c: people.change_candidate(c, who, now, position="后厨"))
    again(database, house, now)
    assert planned(database, who)["standing"] == put_off
