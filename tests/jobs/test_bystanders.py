"""HR's office in a play: dates are fixed when they are due, the roll is called, people move on."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.store import people
from bot.store.tables import candidates, cohorts, touches
from jobs.context import JobContext
from jobs.simulation.actors import SimulatedHr
from tests.conftest import NOW

DAY = timedelta(days=1)


@pytest.fixture
def office(desk: JobContext) -> SimulatedHr:
    return SimulatedHr(desk)


def stage(desk: JobContext, code: str) -> str:
    return str(desk.database.read(lambda c: c.execute(sa.select(candidates.c.stage).filter_by(code=code)).scalar_one()))


def cohort(desk: JobContext, code: str) -> tuple[str, datetime | None]:
    wanted = sa.select(cohorts.c.date_state, cohorts.c.starts_at).where(cohorts.c.code == code)
    return tuple(desk.database.read(lambda c: c.execute(wanted).one()))


def notices(desk: JobContext, code: str) -> int:
    who = desk.database.read(lambda c: people.by_code(c, code))
    told = touches.c.candidate_id == who, touches.c.entry == "training_notice"
    return desk.database.read(lambda c: c.execute(sa.select(sa.func.count()).where(*told)).scalar_one())


def test_it_opens_at_ten_and_once_a_day(office: SimulatedHr) -> None:
    assert office.act(NOW - timedelta(hours=1)) == (0, NOW)
    assert office.act(NOW)[1] == NOW + DAY
    assert office.act(NOW + timedelta(hours=3)) == (0, NOW + DAY)


def test_a_date_is_published_on_the_day_by_which_it_was_to_be_fixed(office: SimulatedHr, desk: JobContext) -> None:
    office.act(NOW)
    assert cohort(desk, "PLANBY")[0] == "planned"
    office.act(NOW + 5 * DAY)
    assert cohort(desk, "PLANBY")[0] == "published"
    assert notices(desk, "PLANBY") == 1


def test_the_roll_is_called_on_the_first_day_and_who_waits_moves_on(office: SimulatedHr, desk: JobContext) -> None:
    office.act(NOW)
    assert stage(desk, "TOM") == "training_notice"
    assert stage(desk, "PLANBY") == "training_notice", "who has been in the check for days is through"
    office.act(NOW + DAY)
    assert stage(desk, "TOM") in ("joined", "no_show")
    assert stage(desk, "PUB") == "training_notice"
