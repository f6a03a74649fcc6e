"""When the clock has something to do next, from every row that waits for a moment.

A job that waits for other moments names them in _MOMENTS.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.prepared import word
from bot.store.tables import (
    addresses,
    alerts,
    candidates,
    cases,
    events,
    hook_calls,
    hooks,
    outbound,
    promises,
    stopped_channels,
    suggestions,
    touches,
)

# In the words of the partial indexes: SQLite takes one only where it finds its condition word by word.
_QUEUED = sa.text("state = 'queued'")
_WAITING = sa.text("state IN ('queued', 'sending')")
_TO_ASK = sa.text("via IN ('sms', 'template') AND state IN ('unknown', 'sent') AND due_at IS NOT NULL")
_UNTOLD = sa.select(sa.func.min(hooks.c.told)).where(hooks.c.stopped_at.is_(None)).scalar_subquery()
_MOMENTS: Sequence[tuple[sa.Column[datetime], sa.ColumnElement[bool] | sa.TextClause]] = (
    (touches.c.due_at, touches.c.state == word("planned")),
    (touches.c.look_at, touches.c.look_at.is_not(None)),
    (candidates.c.plan_at, candidates.c.plan_at.is_not(None)),
    (promises.c.look_at, promises.c.state == "open"),
    (addresses.c.wait_until, addresses.c.wait_until.is_not(None)),
    (outbound.c.due_at, _QUEUED),
    (outbound.c.expires_at, _QUEUED),
    (outbound.c.lease_until, sa.and_(_WAITING, outbound.c.state == "sending")),
    (outbound.c.due_at, _TO_ASK),
    (stopped_channels.c.look_at, sa.true()),
    (candidates.c.risk_due_at, candidates.c.risk_due_at.is_not(None)),
    (candidates.c.case_due_at, candidates.c.case_due_at.is_not(None)),
    (cases.c.next_at, cases.c.next_at.is_not(None)),
    (suggestions.c.look_at, sa.text("state = 'open' AND look_at IS NOT NULL")),
    (alerts.c.due_at, sa.text("state = 'due'")),
    (events.c.at, events.c.id > _UNTOLD),
    (hook_calls.c.due_at, sa.text("state = 'due'")),
    (alerts.c.due_at, sa.text("state = 'out'")),
)
_NEXT = sa.select(
    *(sa.select(sa.func.min(moment)).where(condition).scalar_subquery() for moment, condition in _MOMENTS)
)


def next_due(connection: Connection) -> datetime | None:
    """The moment of the next decision: one that has passed if something is due, None if nothing is awaited at all."""
    return min((moment for moment in connection.execute(_NEXT).one() if moment), default=None)


def under_way(connection: Connection, now: datetime) -> bool:
    """Whether some process is sending a message just now."""
    held = _WAITING, outbound.c.lease_until > now
    return connection.execute(sa.select(outbound.c.id).where(*held).limit(1)).first() is not None
