"""When the clock has something to do next, from every row that waits for a moment.

A job that waits for other moments names them in _MOMENTS.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import addresses, candidates, outbound, promises, stopped_channels, touches

_Condition = sa.ColumnElement[bool]
_IN_DOUBT_FOR = timedelta(days=1)  # so long after it was written an unknown message may still be settled
_MOMENTS: Sequence[tuple[sa.Column[datetime], tuple[_Condition, ...]]] = (
    (touches.c.due_at, (touches.c.state == "planned",)),
    (touches.c.look_at, (touches.c.look_at.is_not(None),)),
    (candidates.c.plan_at, (candidates.c.plan_at.is_not(None),)),
    (promises.c.look_at, (promises.c.state == "open",)),
    (addresses.c.wait_until, (addresses.c.wait_until.is_not(None),)),
    (outbound.c.due_at, (outbound.c.state == "queued",)),
    (outbound.c.expires_at, (outbound.c.state == "queued",)),
    (outbound.c.lease_until, (outbound.c.state == "sending",)),
    (stopped_channels.c.look_at, ()),
)
_UNKNOWN = sa.exists().where(outbound.c.state == "unknown", outbound.c.created_at > sa.bindparam("since"))
_NEXT = sa.select(
    *(sa.select(sa.func.min(moment)).where(*conditions).scalar_subquery() for moment, conditions in _MOMENTS),
    _UNKNOWN,
)


def next_due(connection: Connection, now: datetime) -> datetime | None:
    """The moment of the next decision: one that has passed if something is due, None if nothing is awaited at all."""
    *moments, in_doubt = connection.execute(_NEXT, {"since": now - _IN_DOUBT_FOR}).one()
    found = [moment for moment in (*moments, now if in_doubt else None) if moment]
    return min(found, default=None)


def under_way(connection: Connection, now: datetime) -> bool:
    """Whether some process is sending a message just now."""
    held = outbound.c.state.in_(("queued", "sending")), outbound.c.lease_until > now
    return connection.execute(sa.select(outbound.c.id).where(*held).limit(1)).first() is not None
