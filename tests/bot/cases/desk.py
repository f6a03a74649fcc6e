"""HR of the tests: two recruiters under a manager under an admin, and what happens to a case."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.cases.escalation import escalate_due
from bot.conversation import Runtime
from bot.imports import run as importing
from bot.store import cases, people
from bot.store.cases import Case
from bot.store.db.database import Database
from bot.store.tables import alerts, case_events, touches

_STAFF = """code,name,role,manager,scope,deputy,email
HR1,钱多,recruiter,BOSS,,HR2,hr1@example.com
HR2,孙悦,recruiter,BOSS,,,hr2@example.com
HR3,周敏,recruiter,BOSS,,,hr3@example.com
BOSS,何静,manager,CHIEF,,,boss@example.com
CHIEF,吴磊,admin,,,,chief@example.com
TR1,徐老师,trainer,BOSS,PUB,,
ST1,沈晓燕,store,BOSS,S1,,
"""


def hire(folder: Path, house: Runtime, database: Database, now: datetime) -> None:
    file = folder / "staff.csv"
    file.write_text(_STAFF, encoding="utf-8")
    report = importing.run(importing.ImportJob("staff", file, house.settings, database, house.cipher, now, "cli:test"))
    assert report.bad == 0, report.faults


def number(database: Database, code: str) -> int:
    found = database.read(lambda c: people.by_code(c, code))
    assert found
    return found


def opened(database: Database, code: str, reason: str, now: datetime) -> int:
    who = number(database, code)
    return database.write(lambda c: cases.open_case(c, who, None, reason, now))


def tick(database: Database, house: Runtime, now: datetime) -> int:
    """Until no clock strikes any more."""
    count = 0
    while struck := database.write(lambda c: escalate_due(c, house, now))[0]:
        count += struck
    return count


def case(database: Database, case_id: int) -> Case:
    found = database.read(lambda c: cases.load(c, case_id))
    assert found
    return found


def alerted(database: Database) -> list[tuple[str, str]]:
    """Who was to hear of what, in order."""
    wanted = sa.select(alerts.c.staff, alerts.c.why).order_by(alerts.c.id)
    return [(row.staff, row.why) for row in database.read(lambda c: list(c.execute(wanted)))]


def happened(database: Database, case_id: int) -> list[str]:
    wanted = sa.select(case_events.c.what).where(case_events.c.case_id == case_id).order_by(case_events.c.id)
    return database.read(lambda c: list(c.execute(wanted).scalars()))


def planned(database: Database, code: str, begins: str) -> int:
    """How many touches of this kind wait for the candidate."""
    wanted = touches.c.candidate_id == number(database, code), touches.c.begins == begins
    return database.read(lambda c: c.execute(sa.select(sa.func.count()).where(*wanted)).scalar_one())


@contextmanager
def away(database: Database, code: str, until: datetime) -> Iterator[Any]:
    from bot.store.tables import staff

    change = sa.update(staff).where(staff.c.code == code)
    database.write(lambda c: c.execute(change.values(away_until=until)))
    yield
    database.write(lambda c: c.execute(change.values(away_until=None)))
