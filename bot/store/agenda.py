"""When the clock has something to do next, from every row that waits for a moment.

Where time is played a job runs when one of its moments in MOMENTS has come: one that waits for others names them there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.alerts import LACKS_DIGEST
from bot.store.db.prepared import Prepared, word
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
    staff,
    stopped_channels,
    suggestions,
    touches,
)

# In the words of the partial indexes: SQLite takes one only where it finds its condition word by word.
_QUEUED = sa.text("state = 'queued'")
_WAITING = sa.text("state IN ('queued', 'sending')")
_TO_ASK = sa.text("via IN ('sms', 'template') AND state IN ('unknown', 'sent') AND due_at IS NOT NULL")
_UNTOLD = sa.select(sa.func.min(hooks.c.told)).where(hooks.c.stopped_at.is_(None)).scalar_subquery()
MOMENTS: Mapping[str, Sequence[tuple[sa.Column[datetime], sa.ColumnElement[bool] | sa.TextClause]]] = {
    "alerts": (
        (alerts.c.due_at, sa.text("state = 'due'")),
        (alerts.c.due_at, sa.text("state = 'out'")),
        (staff.c.updated_at, LACKS_DIGEST),
    ),
    "cases": (
        (cases.c.next_at, cases.c.next_at.is_not(None)),
        (suggestions.c.look_at, sa.text("state = 'open' AND look_at IS NOT NULL")),
    ),
    "deliver": (
        (outbound.c.due_at, _QUEUED),
        (outbound.c.expires_at, _QUEUED),
        (outbound.c.lease_until, sa.and_(_WAITING, outbound.c.state == "sending")),
        (stopped_channels.c.look_at, sa.true()),
    ),
    "hooks": ((events.c.at, events.c.id > _UNTOLD), (hook_calls.c.due_at, sa.text("state = 'due'"))),
    "plans": ((candidates.c.plan_at, candidates.c.plan_at.is_not(None)),),
    "promises": ((promises.c.look_at, promises.c.state == "open"),),
    "reconcile": ((outbound.c.due_at, _TO_ASK),),
    "risk": (
        (candidates.c.risk_due_at, candidates.c.risk_due_at.is_not(None)),
        (candidates.c.case_due_at, candidates.c.case_due_at.is_not(None)),
    ),
    "touches": (
        (touches.c.due_at, touches.c.state == word("planned")),
        (touches.c.look_at, touches.c.look_at.is_not(None)),
    ),
    "waits": ((addresses.c.wait_until, addresses.c.wait_until.is_not(None)),),
}
_NEXT = Prepared(
    sa.select(
        *(
            sa.select(sa.func.min(moment)).where(condition).scalar_subquery().label(f"{job}{number}")
            for job, moments in MOMENTS.items()
            for number, (moment, condition) in enumerate(moments)
        )
    )
)
_JOBS = [job for job, moments in MOMENTS.items() for _ in moments]


_UNDER_WAY = Prepared(sa.select(outbound.c.id).where(_WAITING, outbound.c.lease_until > sa.bindparam("now")).limit(1))


def awaited(connection: Connection) -> dict[str, datetime]:
    """The moment of each job's next decision, by its name: one that has passed if something is due."""
    first: dict[str, datetime] = {}
    for job, moment in zip(_JOBS, _NEXT.rows(connection, {})[0], strict=True):
        if moment:
            first[job] = min(moment, first.get(job, moment))
    return first


def next_due(connection: Connection) -> datetime | None:
    """The moment of the next decision of all; None if nothing is awaited."""
    return min(awaited(connection).values(), default=None)


def under_way(connection: Connection, now: datetime) -> bool:
    """Whether some process is sending a message just now."""
    return _UNDER_WAY.first(connection, {"now": now}) is not None
