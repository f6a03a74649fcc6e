"""How much waits: what /metrics and `keepwarm status` show, counted where an index has it.

Every number stops at MOST, and of what is planned only the next hour is counted: looking costs the same with a million
candidates as with a hundred.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.prepared import word
from bot.store.tables import alerts, candidates, cases, hooks, outbound, promises, stopped_channels, touches

MOST = 100_000
SOON = timedelta(hours=1)
# As indexes have it: SQLite compares the words.
_WAITING, _STUCK = sa.text("state IN ('queued', 'sending')"), sa.text("state IN ('unknown', 'failed')")

_Condition = sa.ColumnElement[bool] | sa.TextClause


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a channel stands still, and since when."""

    code: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """`touches_soon`: planned for the next hour. `touch_lag`, `oldest`: since when the oldest touch and the oldest
    message are due, in seconds. `unknown`: all that are in doubt; `failed`: those that were written since a moment.
    `alerts_unreached`: of HR's that nobody can be reached with."""

    touches_due: int
    touches_soon: int
    touch_lag: float
    queued: int
    sending: int
    unknown: int
    failed: int
    oldest: float
    stopped: Mapping[str, Stopped]
    held: int
    promises_open: int
    promises_overdue: int
    cases: int
    hooks_stopped: int = 0
    alerts_unreached: int = 0


def count(connection: Connection, open_stages: Collection[str], since: datetime, now: datetime) -> Counts:
    """`open_stages`: those in which people wait. `since`: from when on failures count."""
    planned = touches.c.state == word("planned")
    queued = _WAITING, outbound.c.state == word("queued")
    promised = promises.c.state == word("open")
    held = candidates.c.released_at.is_(None), candidates.c.stage.in_(open_stages)
    overdue = promises.c.due_at <= now, promises.c.overdue_at.is_not(None)
    return Counts(
        _number(connection, touches, planned, touches.c.due_at <= now),
        _number(connection, touches, planned, touches.c.due_at > now, touches.c.due_at <= now + SOON),
        _age(connection, touches.c.due_at, now, planned),
        _number(connection, outbound, *queued),
        _number(connection, outbound, _WAITING, outbound.c.state == word("sending")),
        _number(connection, outbound, _STUCK, outbound.c.state == word("unknown")),
        _number(connection, outbound, _STUCK, outbound.c.state == word("failed"), outbound.c.created_at >= since),
        _age(connection, outbound.c.due_at, now, *queued),
        {row.channel: Stopped(row.code, row.since) for row in connection.execute(sa.select(stopped_channels))},
        _number(connection, candidates, *held),
        _number(connection, promises, promised),
        _number(connection, promises, promised, *overdue),
        _number(connection, cases, cases.c.state != word("resolved")),
        _number(connection, hooks, hooks.c.stopped_at.is_not(None)),
        _number(connection, alerts, alerts.c.state == word("due"), alerts.c.unreached_at.is_not(None)),
    )


def _number(connection: Connection, table: sa.Table, *conditions: _Condition) -> int:
    """As many as there are, and MOST at the most."""
    some = sa.select(sa.literal(1)).select_from(table).where(*conditions).limit(MOST).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def _age(connection: Connection, moment: sa.Column[datetime], now: datetime, *conditions: _Condition) -> float:
    """Seconds since the first of these moments, 0 if it is still to come."""
    first = connection.execute(sa.select(moment).where(*conditions).order_by(moment).limit(1)).scalar()
    return max((now - first).total_seconds(), 0.0) if first else 0.0
