"""Who was lost: by week, by store, and by what they had last said about why."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.reports import people
from bot.reports.model import ReportColumn, ReportRequest, Table
from bot.store.tables import candidates, case_reasons, cases

_WEEKS = 12  # shown where no time is asked about
_MOST_WEEKS = 60
_MOST_STORES = 200
# Why they are gone is not that they are gone; what is their own business stays it.
_TAKEN_BACK = ("staying", "took_back", "back", "undone")
_SAYS_NOTHING = ("withdrawing", "leaving", "withdrawn", "no_show", "unconfirmed", "cannot_come", "risk", *_TAKEN_BACK)
_PERSONAL = ("family", "ill", "health", "danger", "hardship")
_COUNT = ReportColumn("lost", "count")


def tables(connection: Connection, asked: ReportRequest) -> list[Table]:
    return [by_week(connection, asked), by_store(connection, asked), by_reason(connection, asked)]


def by_week(connection: Connection, asked: ReportRequest) -> Table:
    """Each week of the time asked about, also those in which nobody was lost."""
    mondays = _mondays(asked)
    ends = [people.day_begins(asked, monday + timedelta(days=7)) for monday in mondays]
    week = sa.case(*((candidates.c.stage_at < end, place) for place, end in enumerate(ends)), else_=len(mondays)).label(
        "nth_week"
    )
    since = candidates.c.stage_at >= people.day_begins(asked, mondays[0])
    wanted = people.of(asked, week, sa.func.count(), dated=False).where(people.is_lost(asked.settings.stages), since)
    found = {row[0]: row[1] for row in connection.execute(wanted.group_by("nth_week"))}
    rows = [(monday, found.get(place, 0)) for place, monday in enumerate(mondays)]
    return Table("lost_by_week", (ReportColumn("week", "week"), _COUNT), rows, ("week", "lost"))


def by_store(connection: Connection, asked: ReportRequest) -> Table:
    """The stores that lost most, with how many came."""
    stages = asked.settings.stages
    lost, joined = people.number(people.is_lost(stages)), people.number(people.has_joined(stages))
    wanted = people.of(asked, people.store_code.label("store"), lost.label("lost"), joined.label("joined"), dated=False)
    wanted = wanted.where(*people.within(asked, candidates.c.stage_at)).group_by(people.store_code).having(lost > 0)
    ordered = wanted.order_by(lost.desc(), people.store_code).limit(_MOST_STORES)
    rows = [tuple(row) for row in connection.execute(ordered)]
    columns = (ReportColumn("store", "code"), _COUNT, ReportColumn("joined", "count"))
    return Table("lost_by_store", columns, rows, ("store", "lost"))


def by_reason(connection: Connection, asked: ReportRequest) -> Table:
    """By the last reason of their cases that says why. What is personal is told as that."""
    reason = sa.func.coalesce(_told_last(), people.NOBODY)
    kept = sa.case((reason.in_(_PERSONAL), "personal"), else_=reason)
    gone = people.of(asked, kept.label("reason"), dated=False).where(
        people.is_lost(asked.settings.stages), *people.within(asked, candidates.c.stage_at)
    )
    each = gone.subquery()
    count = sa.func.count()
    wanted = sa.select(each.c.reason, count).group_by(each.c.reason).order_by(count.desc(), each.c.reason)
    rows = [tuple(row) for row in connection.execute(wanted)]
    return Table("lost_by_reason", (ReportColumn("reason", "code"), _COUNT), rows, ("reason", "lost"))


def _told_last() -> Any:
    return (
        sa.select(case_reasons.c.reason)
        .join(cases, case_reasons.c.case_id == cases.c.id)
        .where(cases.c.candidate_id == candidates.c.id, case_reasons.c.reason.not_in(_SAYS_NOTHING))
        .order_by(case_reasons.c.id.desc())
        .limit(1)
        .correlate(candidates)
        .scalar_subquery()
    )


def _mondays(asked: ReportRequest) -> list[date]:
    today = asked.now.astimezone(asked.zone).date()
    last = asked.until or today
    first = asked.since or last - timedelta(weeks=_WEEKS - 1)
    monday = max(first - timedelta(days=first.weekday()), last - timedelta(weeks=_MOST_WEEKS))
    monday -= timedelta(days=monday.weekday())
    return [monday + timedelta(weeks=count) for count in range(max(0, (last - monday).days) // 7 + 1)]
