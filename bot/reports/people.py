"""Whom a report is about, as conditions and expressions for the queries: whom the asker may see, and nobody else."""

from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.reports import model
from bot.reports.model import ReportRequest
from bot.settings import Stages
from bot.store.tables import candidates, cohorts, stage_times, stores
from bot.store.visibility import seen_by

_REJECTED = "rejected"  # by the company: nobody whom it has lost

NOBODY: sa.ColumnElement[str] = sa.literal_column(f"'{model.NOBODY}'", sa.Text)  # in the words of SQL: it is grouped by
cohort_code = sa.func.coalesce(cohorts.c.code, NOBODY)
store_code = sa.func.coalesce(stores.c.code, NOBODY)
_began = stage_times.alias("began")


def lost_stages(stages: Stages) -> tuple[str, ...]:
    """Where the road ends for those who do not come."""
    return tuple(stage for stage in stages.ends if stage != _REJECTED)


def is_lost(stages: Stages) -> sa.ColumnElement[bool]:
    return candidates.c.stage.in_(lost_stages(stages))


def is_waiting(stages: Stages) -> sa.ColumnElement[bool]:
    return candidates.c.stage.in_(stages.open)


def has_joined(stages: Stages) -> sa.ColumnElement[bool]:
    return candidates.c.stage == stages.road[-1]


def of(asked: ReportRequest, *columns: Any, dated: bool = True) -> sa.Select[Any]:
    """A query over the people asked about, with their cohort and store. `dated`: those whose wait began in the time
    asked about."""
    first = sa.and_(_began.c.candidate_id == candidates.c.id, _began.c.stage == asked.settings.stages.road[0])
    wanted = (
        sa.select(*columns)
        .select_from(candidates)
        .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
        .outerjoin(stores, candidates.c.store_id == stores.c.id)
        .where(seen_by(asked.sight))
    )
    if asked.cohort:
        wanted = wanted.where(cohorts.c.code == asked.cohort)
    if dated and (asked.since or asked.until):
        began = sa.func.coalesce(_began.c.at, candidates.c.created_at)
        wanted = wanted.outerjoin(_began, first).where(*within(asked, began))
    return wanted


def ids(asked: ReportRequest) -> sa.Select[Any]:
    """The ids of the people asked about, whenever their wait began."""
    return of(asked, candidates.c.id, dated=False)


def within(asked: ReportRequest, moment: Any) -> list[sa.ColumnElement[bool]]:
    """The conditions under which a moment lies in the time asked about."""
    found: list[sa.ColumnElement[bool]] = []
    if asked.since:
        found.append(moment >= day_begins(asked, asked.since))
    if asked.until:
        found.append(moment < day_begins(asked, asked.until + timedelta(days=1)))
    return found


def day_begins(asked: ReportRequest, day: Any) -> datetime:
    return datetime.combine(day, time(), asked.zone)


def number(condition: Any) -> Any:
    """How many rows of a group are so."""
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)


def seconds(connection: Connection, begin: Any, end: Any) -> Any:
    """The whole seconds between two moments."""
    if connection.dialect.name == "sqlite":
        days = sa.func.julianday(end, type_=sa.Float) - sa.func.julianday(begin, type_=sa.Float)
        return sa.cast(sa.func.round(days * 86_400), sa.Integer)
    return sa.cast(sa.func.extract("epoch", end - begin), sa.Integer)
