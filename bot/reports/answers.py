"""How soon HR answers: from a case's opening to its first answer, by the clock on the wall."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.reports import people
from bot.reports.model import EVERYBODY, ReportColumn, ReportRequest, Table
from bot.store.tables import cases
from bot.store.visibility import case_seen_by

_COLUMNS = (
    ReportColumn("staff", "code"),
    ReportColumn("cases", "count"),
    ReportColumn("open", "count"),
    ReportColumn("answered", "count"),
    ReportColumn("median", "span"),
    ReportColumn("p90", "span"),
    ReportColumn("missed", "count"),
)


def table(connection: Connection, asked: ReportRequest) -> Table:
    """Cases that were opened in the time asked about: a row of all, and one for each whose case it is."""
    rows = [*_rows(connection, asked, sa.literal(EVERYBODY)), *_rows(connection, asked, _whose())]
    return Table("answers", _COLUMNS, rows, ("staff", "median"), total=True)


def _whose() -> Any:
    return sa.func.coalesce(cases.c.claimed_by, cases.c.assigned, people.NOBODY)


def _rows(connection: Connection, asked: ReportRequest, group: Any) -> list[tuple[Any, ...]]:
    """The percentiles are by nearest rank: the answer time that so many of the answered cases did not exceed."""
    took = people.seconds(connection, cases.c.opened_at, cases.c.answered_at)
    each = sa.select(group.label("whose"), cases.c.state, cases.c.missed, cases.c.answered_at, took.label("took"))
    each = each.where(case_seen_by(asked.sight), *people.within(asked, cases.c.opened_at))
    if asked.cohort:
        each = each.where(cases.c.candidate_id.in_(people.ids(asked)))
    one = each.subquery()
    by_time = one.c.took.asc().nulls_last()
    ranked = sa.select(
        one,
        sa.func.row_number().over(partition_by=one.c.whose, order_by=by_time).label("place"),
        sa.func.count(one.c.took).over(partition_by=one.c.whose).label("answered"),
    ).subquery()
    wanted = sa.select(
        ranked.c.whose,
        sa.func.count(),
        people.number(ranked.c.state != "resolved"),
        sa.func.max(ranked.c.answered),
        _at_rank(ranked, 50),
        _at_rank(ranked, 90),
        people.number(ranked.c.missed > 0),
    )
    return [tuple(row) for row in connection.execute(wanted.group_by(ranked.c.whose).order_by(ranked.c.whose))]


def _at_rank(ranked: Any, percent: int) -> Any:
    rank = (ranked.c.answered * percent + 99) // 100
    return sa.func.max(sa.case(((ranked.c.place == rank) & (ranked.c.answered > 0), ranked.c.took)))
