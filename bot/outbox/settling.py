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
from bot.store.prepared import Prepared, word
from bot.store.tables import addresses, outbound

EXPIRED = "expired"
_AT_ONCE = 500
_QUEUED = outbound.c.state == word("queued")
_OPEN = sa.text("state IN ('queued', 'sending')")  # as the index has it: SQLite compares the words

_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_ADOPT = Prepared(
    sa.update(outbound)
    .where(_QUEUED, outbound.c.via.is_(None))
    .values(via=sa.select(first_road).where(addresses.c.id == outbound.c.address_id).scalar_subquery())
)
_ABANDONED = Prepared(
    sa.select(outbound.c.id)
    .where(_OPEN, outbound.c.state == word("sending"), outbound.c.lease_until < sa.bindparam("now"))
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_LATE = Prepared(
    sa.select(outbound.c.id)
    .where(_QUEUED, outbound.c.expires_at <= sa.bindparam("now"))
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)


def settle(connection: Connection, books: Books, now: datetime) -> None:
    _adopt(connection)
    _doubt(connection, books, now)
    _expire(connection, books, now)


def _adopt(connection: Connection) -> None:
    """What the version before this one queued has no road yet."""
    _ADOPT.changed(connection, {})


def _doubt(connection: Connection, books: Books, now: datetime) -> None:
    """It may have gone out just before its sender died; the provider is asked where it can be."""
    found = [row.id for row in _ABANDONED.rows(connection, {"now": now, "limit": _AT_ONCE})]
    for parcel in opened(connection, books.cipher, found, now):
        this = replace(parcel, attempts=parcel.attempts - 1)
        books.left_in_doubt(connection, this, Unknown("abandoned", "nobody finished it"), now)


def _expire(connection: Connection, books: Books, now: datetime) -> None:
    some = [row.id for row in _LATE.rows(connection, {"now": now, "limit": _AT_ONCE})]
    if not some:
        return
    values = {"state": "expired", "reason": "too late to be useful", "lease_until": None}
    ended = sa.update(outbound).where(outbound.c.id.in_(some), _QUEUED).values(values)
    for row in connection.execute(ended.returning(outbound.c.id, outbound.c.kind, outbound.c.error_code)).all():
        if row.kind == NOTICE:
            give_up(connection, books.cipher, row.id, row.error_code or EXPIRED, now)
