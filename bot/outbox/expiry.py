"""What time alone decides: what nobody finished is in doubt, what comes too late expires."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import Unknown
from bot.outbox.attempt import opened
from bot.outbox.fallback import NOTICE, give_up
from bot.outbox.results import Books
from bot.store.db.prepared import Prepared, word
from bot.store.messages import first_road
from bot.store.tables import Moment, addresses, outbound

EXPIRED = "expired"
_AT_ONCE = 500
_QUEUED = outbound.c.state == word("queued")
_OPEN = sa.text("state IN ('queued', 'sending')")  # as the index has it: SQLite compares the words

_NOW = sa.bindparam("now", type_=Moment)
_ROADLESS = _QUEUED, outbound.c.via.is_(None)
_ABANDONED = _OPEN, outbound.c.state == word("sending"), outbound.c.lease_until < _NOW
_LATE = _QUEUED, outbound.c.expires_at <= _NOW
_ANY = Prepared(
    sa.select(
        sa.exists().where(*_ROADLESS).label("roadless"),
        sa.exists().where(*_ABANDONED).label("abandoned"),
        sa.exists().where(*_LATE).label("late"),
    )
)
_SOME = sa.select(outbound.c.id).limit(_AT_ONCE).with_for_update(skip_locked=True)


def settle(connection: Connection, books: Books, now: datetime) -> None:
    """One look at all three: mostly there is nothing."""
    found = _ANY.first(connection, {"now": now})
    if found.roadless:
        _adopt(connection)
    if found.abandoned:
        _doubt(connection, books, now)
    if found.late:
        _expire(connection, books, now)


def _adopt(connection: Connection) -> None:
    """What the version before this one queued has no road yet."""
    road = sa.select(first_road).where(addresses.c.id == outbound.c.address_id)
    connection.execute(sa.update(outbound).where(*_ROADLESS).values(via=road.scalar_subquery()))


def _doubt(connection: Connection, books: Books, now: datetime) -> None:
    """It may have gone out just before its sender died; the provider is asked where it can be."""
    found = connection.execute(_SOME.where(*_ABANDONED), {"now": now}).scalars().all()
    for parcel in opened(connection, books.cipher, found, now):
        this = replace(parcel, attempts=parcel.attempts - 1)
        books.left_in_doubt(connection, this, Unknown("abandoned", "nobody finished it"), now)


def _expire(connection: Connection, books: Books, now: datetime) -> None:
    some = connection.execute(_SOME.where(*_LATE), {"now": now}).scalars().all()
    values = {"state": "expired", "reason": "too late to be useful", "lease_until": None}
    ended = sa.update(outbound).where(outbound.c.id.in_(some), _QUEUED).values(values)
    for row in connection.execute(ended.returning(outbound.c.id, outbound.c.kind, outbound.c.error_code)).all():
        if row.kind == NOTICE:
            give_up(connection, books.cipher, row.id, row.error_code or EXPIRED, now)
