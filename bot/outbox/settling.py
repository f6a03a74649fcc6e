"""What time alone decides: what nobody finished is in doubt, what comes too late expires."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.cascade import NOTICE, give_up
from bot.errors import Unknown
from bot.outbox.books import Books
from bot.outbox.parcel import opened
from bot.store.messages import first_road
from bot.store.prepared import word
from bot.store.tables import addresses, outbound

EXPIRED = "expired"
_AT_ONCE = 500
_QUEUED = outbound.c.state == word("queued")
_OPEN = sa.text("state IN ('queued', 'sending')")  # as the index has it: SQLite compares the words


def settle(connection: Connection, books: Books, now: datetime) -> None:
    _adopt(connection)
    _doubt(connection, books, now)
    _expire(connection, books, now)


def _adopt(connection: Connection) -> None:
    """What the version before this one queued has no road yet."""
    its = sa.select(first_road).where(addresses.c.id == outbound.c.address_id)
    connection.execute(sa.update(outbound).where(_QUEUED, outbound.c.via.is_(None)).values(via=its.scalar_subquery()))


def _doubt(connection: Connection, books: Books, now: datetime) -> None:
    """It may have gone out just before its sender died; the provider is asked where it can be."""
    abandoned = _OPEN, outbound.c.state == "sending", outbound.c.lease_until < now
    found = sa.select(outbound.c.id).where(*abandoned).limit(_AT_ONCE).with_for_update(skip_locked=True)
    for parcel in opened(connection, books.cipher, list(connection.execute(found).scalars()), now):
        this = replace(parcel, attempts=parcel.attempts - 1)
        books.left_in_doubt(connection, this, Unknown("abandoned", "nobody finished it"), now)


def _expire(connection: Connection, books: Books, now: datetime) -> None:
    late = sa.select(outbound.c.id).where(_QUEUED, outbound.c.expires_at <= now)
    some = list(connection.execute(late.limit(_AT_ONCE).with_for_update(skip_locked=True)).scalars())
    if not some:
        return
    values = {"state": "expired", "reason": "too late to be useful", "lease_until": None}
    ended = sa.update(outbound).where(outbound.c.id.in_(some), _QUEUED).values(values)
    for row in connection.execute(ended.returning(outbound.c.id, outbound.c.kind, outbound.c.error_code)).all():
        if row.kind == NOTICE:
            give_up(connection, books.cipher, row.id, row.error_code or EXPIRED, now)
