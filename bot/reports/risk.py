"""Who may leave and why; and what had come before with those who left."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.reports import people
from bot.reports.model import ReportColumn, ReportRequest, Table
from bot.store.tables import candidates, risk_changes, signals

_MOST = 500  # people
_COLUMNS = (
    ReportColumn("candidate", "text"),
    ReportColumn("cohort", "code"),
    ReportColumn("store", "code"),
    ReportColumn("owner", "code"),
    ReportColumn("level", "code"),
    ReportColumn("points", "count"),
    ReportColumn("since", "day"),
    ReportColumn("signals", "code", "signal"),
)


def table(connection: Connection, asked: ReportRequest) -> Table:
    """Who waits at medium or high risk, the most urgent first. `signals`: codes, the heaviest first."""
    newest = (
        sa.select(risk_changes.c.signals)
        .where(risk_changes.c.candidate_id == candidates.c.id)
        .order_by(risk_changes.c.at.desc(), risk_changes.c.id.desc())
        .limit(1)
        .correlate(candidates)
        .scalar_subquery()
    )
    wanted = people.of(
        asked,
        candidates.c.code,
        people.cohort_code,
        people.store_code,
        sa.func.coalesce(candidates.c.owner, people.NOBODY),
        candidates.c.risk,
        candidates.c.risk_points,
        candidates.c.risk_at,
        newest,
    ).where(candidates.c.risk != "low", people.is_waiting(asked.settings.stages))
    ordered = wanted.order_by(candidates.c.risk_points.desc(), candidates.c.id).limit(_MOST)
    rows = [(*row[:7], tuple(row[7] or ())) for row in connection.execute(ordered)]
    return Table("risk", _COLUMNS, rows)


def before_leaving(connection: Connection, asked: ReportRequest) -> Table:
    """Of each signal: how many of those who were lost had it, and of those who came; as numbers and in percent."""
    stages = asked.settings.stages
    whole = people.of(asked, people.number(people.is_lost(stages)), people.number(people.has_joined(stages)))
    lost, joined = connection.execute(whole).one()
    ended = people.of(asked, candidates.c.id, people.is_lost(stages).label("lost")).where(
        sa.or_(people.is_lost(stages), people.has_joined(stages))
    )
    one = ended.subquery()
    had = sa.select(signals.c.name, signals.c.candidate_id).where(signals.c.points > 0).distinct().subquery()
    with_it = people.number(one.c.lost)
    wanted = (
        sa.select(had.c.name, with_it, people.number(sa.not_(one.c.lost)))
        .join(one, had.c.candidate_id == one.c.id)
        .group_by(had.c.name)
        .order_by(with_it.desc(), had.c.name)
    )
    rows = [
        (name, left, _share(left, lost), came, _share(came, joined)) for name, left, came in connection.execute(wanted)
    ]
    columns = (
        ReportColumn("signal", "code"),
        ReportColumn("lost_with", "count"),
        ReportColumn("lost_with_share", "percent"),
        ReportColumn("joined_with", "count"),
        ReportColumn("joined_with_share", "percent"),
    )
    return Table("signals", columns, rows, ("signal", "lost_with_share"))


def _share(part: int, whole: Any) -> Decimal | None:
    return Decimal(100 * part) / whole if whole else None
