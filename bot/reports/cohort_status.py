"""How the cohorts stand: who waits, is bound, has not seen the notice, is silent, was lost, showed up."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.reports import people
from bot.reports.model import EVERYBODY, ReportColumn, ReportRequest, Table
from bot.store.signs import is_sign
from bot.store.tables import addresses, candidates, cohorts, contacts, inbound, links, touches
from bot.store.touches import TRAINING

_SILENT_FOR = timedelta(days=7)
_COUNTS = ("people", "waiting", "bound", "unseen", "silent", "lost", "joined")


def table(connection: Connection, asked: ReportRequest) -> Table:
    """A row a cohort and one of all; `lost_share`: of those whose wait is over, in percent; beside it the company's
    figure of before."""
    group = people.cohort_code
    wanted = people.of(asked, group.label("cohort"), *_counts(asked)).group_by(group)
    begins = sa.func.min(cohorts.c.starts_at)
    rows = [tuple(row) for row in connection.execute(wanted.order_by(begins.desc().nulls_last(), group))]
    total = (EVERYBODY, *(sum(row[place] for row in rows) for place in range(1, len(_COUNTS) + 1)))
    columns = [
        ReportColumn("cohort", "code"),
        *(ReportColumn(name, "count") for name in _COUNTS),
        ReportColumn("lost_share", "percent"),
    ]
    earlier = asked.settings.reports.earlier_lost
    if earlier is not None:
        columns.append(ReportColumn("earlier_lost", "percent"))
    whole = [_with_shares(row, earlier) for row in (total, *rows)]
    return Table("standing", columns, whole, ("cohort", "lost_share"), total=True)


def _with_shares(row: tuple[Any, ...], earlier: Decimal | None) -> tuple[Any, ...]:
    lost, joined = row[6], row[7]
    share = Decimal(100 * lost) / (lost + joined) if lost + joined else None
    return (*row, share) if earlier is None else (*row, share, earlier)


def _counts(asked: ReportRequest) -> list[Any]:
    stages = asked.settings.stages
    waits = people.is_waiting(stages)
    found = (
        sa.func.count(),
        people.number(waits),
        people.number(waits & _bound()),
        people.number(waits & _unseen()),
        people.number(waits & _silent(asked)),
        people.number(people.is_lost(stages)),
        people.number(people.has_joined(stages)),
    )
    return [count.label(name) for count, name in zip(found, _COUNTS, strict=True)]


def _bound() -> sa.ColumnElement[bool]:
    """Somewhere they can be written to."""
    theirs = addresses.c.candidate_id == candidates.c.id
    return sa.exists().where(theirs, addresses.c.wrong_number_at.is_(None), addresses.c.unfollowed_at.is_(None))


def _unseen() -> sa.ColumnElement[bool]:
    """The newest notice about their training was sent, and they have neither seen nor answered it."""
    newest = touches.c.occasion == cohorts.c.code + ":" + sa.cast(cohorts.c.version, sa.Text)
    theirs = touches.c.candidate_id == candidates.c.id, touches.c.entry.in_(TRAINING), newest
    return sa.exists().where(
        *theirs, touches.c.state == "sent", touches.c.seen_at.is_(None), touches.c.answered_at.is_(None)
    )


def _silent(asked: ReportRequest) -> sa.ColumnElement[bool]:
    """For seven days no message of theirs, nothing done on the page, and no talk with a person."""
    since = asked.now - _SILENT_FOR
    wrote = sa.exists().where(inbound.c.candidate_id == candidates.c.id, inbound.c.received_at > since, is_sign)
    looked = sa.exists().where(links.c.candidate_id == candidates.c.id, links.c.seen_at > since)
    spoke = sa.exists().where(
        contacts.c.candidate_id == candidates.c.id, contacts.c.at > since, contacts.c.outcome == "reached"
    )
    return sa.and_(candidates.c.created_at <= since, ~wrote, ~looked, ~spoke)
