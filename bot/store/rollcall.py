"""The roll call: who came to a training and who did not, recorded once a person; who did not is a case at once."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ConfigError
from bot.settings import Stages
from bot.store import audit, cases, cohorts, moves
from bot.store.cohorts import CohortRow
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import candidates

NO_SHOW = "no_show"  # the stage, and the reason of the case
Seen = Callable[[Connection], sa.ColumnElement[bool]]  # the condition on `candidates` under which one may be recorded
_LINK_LIVES_ON = timedelta(days=3)  # after the last day of the training


@dataclass(frozen=True, slots=True)
class Recorded:
    """Somebody whom the roll has been called for."""

    code: str
    name: str
    came: bool


def require_no_show(stages: Stages) -> None:
    """Raises ConfigError where the road has no end for who does not come."""
    if NO_SHOW not in stages.all:
        raise ConfigError(f"stages.ends has no {NO_SHOW}: a roll call needs it")


def opens_at(cohort: CohortRow, zone: ZoneInfo) -> datetime | None:
    """When the first day begins, by the clock of the place."""
    if cohort.starts_at is None:
        return None
    return cohort.starts_at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def link_ends_at(cohort: CohortRow) -> datetime | None:
    """Until when a link to call the roll is good."""
    last = cohort.ends_at or cohort.starts_at
    return last + _LINK_LIVES_ON if last else None


def everybody(_connection: Connection) -> sa.ColumnElement[bool]:
    """For the operator, who sees all."""
    return sa.true()


def call(
    database: Database,
    cohort: CohortRow,
    came: Mapping[int, bool],
    stages: Stages,
    who: str,
    now: datetime,
    seen: Seen = everybody,
) -> Counter[str]:
    """Records who came, some candidates in a transaction; gives how many entered which stage. Whoever the roll has been
    called for already, does not wait for this cohort any more, or is not `seen` (asked in each transaction) stays as
    they are."""
    done, ids = Counter[str](), list(came)
    for begin in range(0, len(ids), cohorts.AT_ONCE):
        part = {number: came[number] for number in ids[begin : begin + cohorts.AT_ONCE]}
        done += database.write(partial(_call, cohort=cohort, came=part, stages=stages, who=who, now=now, seen=seen))
    return done


def _call(
    connection: Connection,
    cohort: CohortRow,
    came: Mapping[int, bool],
    stages: Stages,
    who: str,
    now: datetime,
    seen: Seen,
) -> Counter[str]:
    done: Counter[str] = Counter()
    theirs = candidates.c.id.in_(sorted(came)), seen(connection)
    for number in connection.scalars(sa.select(candidates.c.id).where(*theirs).order_by(candidates.c.id)).all():
        if attended(connection, cohort, number, there := came[number], stages, now):
            done[stages.road[-1] if there else NO_SHOW] += 1
    if done:
        audit.record(connection, who, "cohorts.rollcall", cohort.code, now, done)
    return done


def attended(
    connection: Connection, cohort: CohortRow, candidate_id: int, came: bool, stages: Stages, now: datetime
) -> bool:
    """Moves one who still waits for this cohort to where the roll call puts them; gives whether that was so."""
    this = candidates.c.id == candidate_id, candidates.c.cohort_id == cohort.id
    waits = sa.select(candidates.c.id).where(*this, candidates.c.stage.not_in(stages.closed))
    if connection.execute(waits.with_for_update()).first() is None:
        return False
    moves.to_stage(connection, candidate_id, stages.road[-1] if came else NO_SHOW, "hr", now)
    if not came:
        cases.open_case(connection, candidate_id, None, NO_SHOW, now)
    return True


def recorded(
    connection: Connection, cipher: Cipher, cohort: CohortRow, stages: Stages, seen: sa.ColumnElement[bool]
) -> list[Recorded]:
    """Those of the cohort who came, and those who did not, of those of whom `seen` is so."""
    joined = stages.road[-1]
    theirs = candidates.c.cohort_id == cohort.id, candidates.c.stage.in_((joined, NO_SHOW)), seen
    wanted = sa.select(candidates.c.code, candidates.c.name, candidates.c.stage).where(*theirs)
    return [
        Recorded(row.code, cipher.open(row.name, "candidates.name"), row.stage == joined)
        for row in connection.execute(wanted.order_by(candidates.c.code))
    ]
