"""Takes what is due, a batch at a time: the most urgent first, and no person's burst before everybody else."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.outbox import circuit_breaker
from bot.outbox.attempt import Attempt, opened
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import update
from bot.store.tables import outbound
from bot.values.message import CHANNEL_OF

BATCH = 100  # of one road
LEASE = timedelta(minutes=2)
_OF_ONE_PERSON = 10
_QUEUED = outbound.c.state == word("queued")
_IS_DUE = (
    _QUEUED,
    outbound.c.due_at <= sa.bindparam("soon"),
    sa.or_(outbound.c.expires_at.is_(None), outbound.c.expires_at > sa.bindparam("now")),
    sa.or_(outbound.c.lease_until.is_(None), outbound.c.lease_until < sa.bindparam("now")),
)
_EACH_ROAD: list[Any] = [sa.exists().where(outbound.c.via == word(via), *_IS_DUE).label(via) for via in CHANNEL_OF]
_ROADS = Prepared(sa.select(*_EACH_ROAD))
_BY_RANK = outbound.c.rank, outbound.c.due_at, outbound.c.id
_SOME_DUE = (
    sa.select(outbound.c.id, outbound.c.address_id)
    .where(outbound.c.via == sa.bindparam("via"), *_IS_DUE)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_IN_ORDER = _SOME_DUE.order_by(*_BY_RANK)
_DUE, _DUE_OF_THESE = Prepared(_IN_ORDER), Prepared(_IN_ORDER.where(outbound.c.id.in_(sa.bindparam("ids"))))
# Who tries a stopped channel: what was not refused yet, and then what was tried least, so that none stands before all.
_FRESHEST = Prepared(_SOME_DUE.order_by(outbound.c.error_code.is_not(None), outbound.c.attempts, *_BY_RANK))


class Left(NamedTuple):
    """What was taken and not begun; `until`: nobody takes it before."""

    parcel: Attempt
    until: datetime | None = None


def take(
    connection: Connection,
    cipher: Cipher,
    now: datetime,
    batch: Callable[[str, int], int],
    dry: Collection[str] = (),
    ids: Sequence[int] | None = None,
) -> list[Attempt]:
    """What is due now (or of it only `ids`), ours until the lease ends. `batch`: how many of a channel are worth
    taking at once; `dry`: channels without a token just now."""
    roads = _with_something_due(connection, now)
    if not roads:
        return []
    taken: list[int] = []
    probing: set[int] = set()
    stopped = circuit_breaker.stopped(connection)
    for via in roads:
        channel = CHANNEL_OF[via]
        if channel in dry:
            continue
        if channel not in stopped:
            taken += _fairly(_due(connection, via, now, 2 * BATCH, ids), batch(channel, BATCH))
        elif ids is None and stopped[channel] <= now:
            tried = [row.id for row in _FRESHEST.rows(connection, _moments(now) | {"via": via, "limit": 1})]
            if tried and circuit_breaker.may_try(connection, channel, now):
                probing.update(tried)
                stopped[channel] = now + LEASE
    if not taken and not probing:
        return []
    numbers = [*taken, *probing]
    update(connection, outbound, numbers, {"lease_until": now + LEASE})
    return [
        replace(parcel, probing=True) if parcel.id in probing else parcel
        for parcel in opened(connection, cipher, numbers, now)
    ]


def release(connection: Connection, left: Sequence[Left]) -> None:
    """Gives back what has not begun."""
    for parcel, until in left:
        ours = outbound.c.id == parcel.id, _QUEUED, outbound.c.lease_until == parcel.lease
        values: dict[str, Any] = {"lease_until": None}
        if until is not None:
            values["due_at"] = sa.case((outbound.c.due_at < until, until), else_=outbound.c.due_at)
        connection.execute(sa.update(outbound).where(*ours).values(values))


def put_off(connection: Connection, address_id: int, until: datetime) -> None:
    """All that waits for one person waits longer, in its order; so nobody looks at each of it in vain."""
    theirs = outbound.c.address_id == address_id, _QUEUED, outbound.c.due_at < until
    connection.execute(sa.update(outbound).where(*theirs).values(due_at=until))


def _with_something_due(connection: Connection, now: datetime) -> list[str]:
    """The roads on which something waits, in one look: mostly none."""
    row = _ROADS.first(connection, _moments(now))
    return [via for via, waits in zip(CHANNEL_OF, row, strict=True) if waits]


def _due(connection: Connection, via: str, now: datetime, limit: int, ids: Sequence[int] | None) -> list[Any]:
    values = _moments(now) | {"via": via, "limit": limit}
    return _DUE.rows(connection, values) if ids is None else _DUE_OF_THESE.rows(connection, values | {"ids": ids})


def _moments(now: datetime) -> dict[str, datetime]:
    return {"now": now, "soon": now + timedelta(seconds=1)}


def _fairly(rows: Sequence[Any], limit: int) -> list[int]:
    """A batch with at most so many of one person's."""
    taken: list[int] = []
    theirs: Counter[int] = Counter()
    for row in rows:
        if theirs[row.address_id] < _OF_ONE_PERSON and len(taken) < limit:
            theirs[row.address_id] += 1
            taken.append(row.id)
    return taken
