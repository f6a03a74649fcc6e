"""keepwarm speaks first while a question is open, or to somebody who talks with it already."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.store import people, touches
from bot.store.db.database import Database
from bot.store.tables import outbound
from bot.store.tables import touches as table
from tests.conftest import NOW
from tests.talking import Person

pytestmark = pytest.mark.usefixtures("company")
MINUTE = timedelta(minutes=1)


def plan(database: Database, entry: str, begins: str, at: datetime, by: touches.By = "rhythm") -> None:
    number = database.read(lambda c: people.by_code(c, "PUB"))
    assert number
    one = Planned(number, entry, "", "notice", begins, at)
    database.write(lambda c: touches.plan(c, [one], by, at))


def said(house: Runtime, database: Database, at: datetime) -> list[str]:
    """What goes out at this moment."""
    before = database.read(lambda c: c.execute(sa.select(sa.func.max(outbound.c.id))).scalar()) or 0
    database.write(lambda c: send_due(c, house, at))
    wanted = sa.select(outbound.c.said).where(outbound.c.id > before, outbound.c.road == "push")
    return " ".join(database.read(lambda c: list(c.execute(wanted).scalars()))).split()


def test_a_question_that_was_just_asked_is_not_repeated_by_a_push(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("换个日子")
    assert person.keys == ["training.change"]
    for number, hours in enumerate((1, 8)):
        plan(database, f"hello{number}", "privacy.notice", NOW, "hr")
        assert ("training.change" in said(house, database, NOW + timedelta(hours=hours))) == (hours > 6)


def test_an_open_question_that_was_not_repeated_can_still_be_answered(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("换个日子")
    plan(database, "tomorrow", "countdown.three", NOW)
    assert "training.change" not in said(house, database, NOW + 17 * MINUTE)
    assert person.says("下周都行").keys == ["training.change_noted"]


@pytest.mark.parametrize("entry", ["standing", "welcome", "id_copy"])
def test_nothing_new_is_begun_while_somebody_has_just_said_that_they_do_not_come(
    person: Person, house: Runtime, database: Database, entry: str
) -> None:
    begins = house.content.rhythm.entries[entry].begins[0]
    assert person.is_bound_to("PUB").says("我不来了").keys == ["leave.withdraw"]
    plan(database, entry, begins, NOW)
    assert said(house, database, NOW + 17 * MINUTE) == []
    after = said(house, database, NOW + timedelta(hours=2))
    assert after
    assert "leave.withdraw" not in after


@pytest.mark.parametrize("entry", ["standing", "welcome"])
def test_who_talks_with_the_bot_already_is_not_greeted_as_a_stranger(
    person: Person, house: Runtime, database: Database, entry: str
) -> None:
    person.is_bound_to("PUB")
    for text in ("什么时候培训", "在哪里", "要带什么", "培训几天", "怎么走", "我的门店在哪"):
        person.says(text)
    plan(database, entry, house.content.rhythm.entries[entry].begins[0], NOW)
    assert said(house, database, NOW + 30 * MINUTE) == []
    assert database.read(lambda c: c.execute(sa.select(table.c.reason)).scalar()) == "talked is yes"
