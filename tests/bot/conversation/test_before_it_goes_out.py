"""A published date is planned for its candidates until the notice can no longer be taken back."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.proactive.promises import keep_due
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.store import cohorts, people, touches
from bot.store.cohorts import TAKE_BACK
from bot.store.db.database import Database
from bot.store.tables import candidates, outbound
from tests.bot.test_cohorts import find, promised, published
from tests.conftest import NOW
from tests.talking import Person

pytestmark = pytest.mark.usefixtures("company")
MINUTE = timedelta(minutes=1)


def pushed(database: Database) -> list[str]:
    wanted = sa.select(outbound.c.said).where(outbound.c.road == "push").order_by(outbound.c.id)
    return database.read(lambda c: list(c.execute(wanted).scalars()))


def test_who_asks_before_the_notice_goes_out_hears_the_date_as_planned(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PLANBY")
    published(database, "PLANBY")
    person.now += MINUTE
    assert person.says("什么时候培训").keys == ["training.when_planned_by"]
    assert person.says("我确认参加").keys == ["training.confirm_planned"]
    assert "还没最后定" in person.text
    kept = sa.select(candidates.c.confirmed_start).where(candidates.c.code == "PLANBY")
    assert database.read(lambda c: c.execute(kept).scalar()) is None
    database.write(lambda c: cohorts.unpublish(c, find(database, "PLANBY"), NOW + 5 * MINUTE))
    person.now = NOW + TAKE_BACK
    assert person.says("什么时候培训").keys == ["training.when_planned_by"], "it was taken back"


def test_once_the_notice_goes_out_the_date_is_fixed_and_told_once(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PLANBY")
    published(database, "PLANBY")
    person.now += MINUTE
    person.says("什么时候培训")
    assert ("date", "open") in promised(database)
    assert database.write(lambda c: keep_due(c, house, NOW + 5 * MINUTE))[1] == []
    out = NOW + TAKE_BACK + 2 * MINUTE  # a talk is over, too
    assert database.write(lambda c: keep_due(c, house, out))[1] == []
    database.write(lambda c: send_due(c, house, out))
    assert pushed(database) == ["notice.training"]
    assert {state for about, state in promised(database) if about == "date"} == {"kept"}
    database.write(lambda c: keep_due(c, house, out + timedelta(hours=7)))
    assert pushed(database) == ["notice.training"]
    person.now = out
    assert person.says("1").keys == ["training.confirm_done"]


def test_at_night_a_notice_that_waits_for_the_morning_hides_nothing_any_more(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PLANBY")
    night = NOW + timedelta(hours=13)  # 23:00 in Shanghai
    published(database, "PLANBY", night)
    database.write(lambda c: send_due(c, house, night + TAKE_BACK))
    person.now = night + TAKE_BACK
    assert person.says("什么时候培训").keys == ["training.when_published"]


def test_what_hangs_on_a_fixed_date_waits_for_the_notice(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PLANBY")
    number = database.read(lambda c: people.by_code(c, "PLANBY"))
    assert number
    week = Planned(number, "week_before", "2026-12-07", "notice", "countdown.week", NOW)
    published(database, "PLANBY")
    database.write(lambda c: touches.plan(c, [week], "rhythm", NOW))
    database.write(lambda c: send_due(c, house, NOW + MINUTE))
    for minutes in (10, 45):
        database.write(lambda c, after=minutes: send_due(c, house, NOW + after * MINUTE))  # type: ignore[misc]
    assert pushed(database) == ["notice.training", "countdown.week"]
