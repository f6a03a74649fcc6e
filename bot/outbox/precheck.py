"""The last look before a message goes: it is still ours, still theirs and welcome, and its road is open; from here on
it may have gone out."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import Unreachable
from bot.outbox import owner
from bot.outbox.address_facts import SHUT
from bot.outbox.attempt import Attempt
from bot.outbox.claim import LEASE
from bot.outbox.results import Books, SendOutcome
from bot.store import credits, people
from bot.store.db.prepared import Prepared, word
from bot.store.messages import STAFF
from bot.store.tables import addresses, candidates, outbound, stopped_channels
from bot.values import windows

_PUSHES = ("notice", "story")
SAME_FOR = timedelta(minutes=9)  # WeChat drops a template that it has had already, for 10 minutes
_other = outbound.alias("earlier")
_HALTED = sa.exists().where(stopped_channels.c.channel == sa.bindparam("channel"))
_BEHIND = sa.exists().where(  # another batch has something for the same person
    _other.c.address_id == outbound.c.address_id,
    _other.c.id != outbound.c.id,
    _other.c.lease_until > sa.bindparam("now"),
    sa.or_(
        _other.c.state == word("sending"),
        sa.and_(
            _other.c.state == word("queued"),
            _other.c.id < outbound.c.id,
            _other.c.lease_until != sa.bindparam("lease"),
        ),
    ),
)
_STANDING = Prepared(
    sa.select(
        outbound.c.state,
        outbound.c.attempts,
        outbound.c.lease_until,
        outbound.c.expires_at,
        outbound.c.candidate_id,
        outbound.c.said,
        addresses.c.candidate_id.label("owner"),
        addresses.c.stopped_at,
        addresses.c.wrong_number_at,
        addresses.c.unreachable_code,
        addresses.c.window_left,
        addresses.c.window_until,
        addresses.c.brief_left,
        addresses.c.brief_until,
        addresses.c.brief_by,
        candidates.c.pushes_stopped_at,
        candidates.c.stage,
        candidates.c.phone_index,
        candidates.c.email,
        _HALTED.label("halted"),
        _BEHIND.label("behind"),
    )
    .select_from(outbound)
    .join(addresses, outbound.c.address_id == addresses.c.id)
    .outerjoin(candidates, outbound.c.candidate_id == candidates.c.id)
    .where(outbound.c.id == sa.bindparam("id"))
    .with_for_update(of=addresses, key_share=True)
)
_BEGIN = Prepared(
    sa.update(outbound)
    .where(
        outbound.c.id == sa.bindparam("this"),
        outbound.c.state == word("queued"),
        outbound.c.attempts == sa.bindparam("before"),
        outbound.c.lease_until == sa.bindparam("lease"),
    )
    .values(
        state=word("sending"),
        attempts=sa.bindparam("new_attempts"),
        lease_until=sa.bindparam("new_lease"),
        tried_at=sa.func.coalesce(outbound.c.tried_at, sa.bindparam("now", type_=outbound.c.tried_at.type)),
    )
    .returning(outbound.c.id)
)


def begin(connection: Connection, books: Books, parcel: Attempt, now: datetime) -> Attempt | SendOutcome:
    """The parcel with the credit that it spent, and with a lease of its own; or what became of it without a send."""
    row = _STANDING.first(connection, {"id": parcel.id, "now": now, "lease": parcel.lease, "channel": parcel.channel})
    if not _is_ours(row, parcel, now) or row.behind or (row.halted and not parcel.probing):
        return SendOutcome("held")
    begun = _BEGIN.first(
        connection,
        {
            "this": parcel.id,
            "before": parcel.attempts - 1,
            "lease": parcel.lease,
            "new_attempts": parcel.attempts,
            "new_lease": now + LEASE,
            "now": now,
        },
    )
    if begun is None:
        return SendOutcome("held")
    parcel = replace(parcel, lease=now + LEASE)
    if not owner.is_theirs(books.cipher, parcel, row):
        return owner.follow(connection, books, parcel, row, now)
    if parcel.kind in _PUSHES and _is_unwelcome(row, books):
        return books.cancelled(connection, parcel, "wants no messages")
    if parcel.kind == "story" and parcel.via != "service":
        return books.cancelled(connection, parcel, "a story rides the chat alone")
    if parcel.via == "template" and parcel.tried_at and parcel.tried_at + SAME_FOR <= now:
        return books.left_in_doubt(connection, parcel)
    return _spent(connection, books, parcel, row, now)


def is_sending(connection: Connection, parcel: Attempt) -> bool:
    """Whether it is still this try that sends it."""
    ours = outbound.c.state == "sending", outbound.c.attempts == parcel.attempts, outbound.c.lease_until == parcel.lease
    return connection.execute(sa.select(outbound.c.id).where(outbound.c.id == parcel.id, *ours)).first() is not None


def _is_ours(row: Any, parcel: Attempt, now: datetime) -> bool:
    return (
        row is not None
        and row.state == "queued"
        and row.attempts == parcel.attempts - 1
        and row.lease_until == parcel.lease
        and row.lease_until > now
        and (row.expires_at is None or row.expires_at > now)
    )


def _is_unwelcome(row: Any, books: Books) -> bool:
    """They stopped us, or have left the road, since this was written. What a person of HR wrote to them goes out also
    once they have left it."""
    if row.stopped_at or row.wrong_number_at or row.pushes_stopped_at:
        return True
    return row.said != STAFF and row.stage in books.terms.closed


def _spent(connection: Connection, books: Books, parcel: Attempt, row: Any, now: datetime) -> Attempt | SendOutcome:
    """Takes the credit that this road costs."""
    if parcel.kind in _PUSHES and row.unreachable_code:
        return books.failed(connection, parcel, Unreachable(row.unreachable_code), now, tried=False)
    if parcel.via == "subscription":
        template_id = books.subscription(parcel)
        if template_id and not credits.spend(connection, parcel.address_id, template_id):
            return books.failed(connection, parcel, Unreachable("no_credit"), now, tried=False)
    if parcel.via != "service":
        return parcel
    spent = windows.spend(people.window_of(row), now)
    if spent is None:
        return books.failed(connection, parcel, Unreachable(SHUT), now, tried=False)
    window, credit = spent
    if credit.until is not None:
        people.change(connection, parcel.address_id, **people.window_columns(window))
    return replace(parcel, spent=credit)
