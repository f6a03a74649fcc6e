"""Settles what may have gone out, where the provider can be asked or told again, and asks for final statuses that
never came.

Twilio lists what it has. WeChat drops a template that it has had already, by our key, for 10 minutes. Service messages,
subscription notices and e-mails cannot be asked about: they stay unknown.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.channels.twilio import inbound as twilio_inbound
from bot.errors import TryLater
from bot.outbox.attempt import Attempt, opened
from bot.outbox.precheck import SAME_FOR
from bot.outbox.receipts import keep_receipt
from bot.outbox.results import MOST_ATTEMPTS, Books
from bot.store.tables import outbound
from bot.values.message import ChannelMessage, SendResult

AT_ONCE = 100
_AGAIN = timedelta(minutes=5)  # after a question that nobody answered
_STATUS_EVERY, _STATUS_FOR = timedelta(hours=1), timedelta(days=1)
_EARLIER = timedelta(minutes=1)  # our clock and the provider's may differ
_TO_ASK = (
    sa.text("via IN ('sms', 'template') AND state IN ('unknown', 'sent') AND due_at IS NOT NULL"),
    outbound.c.due_at <= sa.bindparam("now"),
)


@runtime_checkable
class Asks(Protocol):
    """A sender whose provider can be asked what it has. Raises DeliveryError where it cannot just now."""

    def find(self, letter: ChannelMessage, since: datetime, known: Collection[str]) -> SendResult | None:
        """The message like this letter that was sent since then and is none of the `known`."""
        ...


@dataclass(frozen=True, slots=True)
class Doubt:
    """One message to ask about. `state`: unknown, or sent long ago without a final status."""

    parcel: Attempt
    state: str
    provider_id: str | None
    since: datetime
    sent_at: datetime | None
    known: tuple[str, ...]


def take(connection: Connection, books: Books, now: datetime) -> tuple[int, list[Doubt]]:
    """Settles what needs no question; gives how many were looked at, and what to ask, which nobody else asks now."""
    due = sa.select(outbound).where(*_TO_ASK).order_by(outbound.c.due_at).limit(AT_ONCE)
    rows = list(connection.execute(due.with_for_update(skip_locked=True), {"now": now}))
    for row in rows:
        if row.via == "template":
            _tell_again(connection, row, now)
    asked = {row.id: row for row in rows if row.via == "sms"}
    if asked:
        later = sa.update(outbound).where(outbound.c.id.in_(list(asked))).values(due_at=now + _AGAIN)
        connection.execute(later)
    parcels = opened(connection, books.cipher, list(asked), now)
    return len(rows), [
        _doubt(connection, replace(each, attempts=each.attempts - 1), asked[each.id]) for each in parcels
    ]


def found(connection: Connection, books: Books, doubt: Doubt, posted: SendResult, now: datetime) -> None:
    """The provider has it."""
    if doubt.state == "unknown":
        books.sent(connection, doubt.parcel, posted, now)
        return
    if posted.provider_id == doubt.provider_id and posted.status:
        status = twilio_inbound.Status(posted.provider_id or "", posted.status)
        keep_receipt(connection, books.cipher, books.terms, status, now)
    _look_again(connection, doubt, now)


def not_found(connection: Connection, books: Books, doubt: Doubt, now: datetime) -> None:
    """The provider does not have it, so sending it doubles nothing."""
    if doubt.state == "sent":
        _look_again(connection, doubt, now)
        return
    never = replace(doubt.parcel, tried_at=None)
    if never.attempts >= MOST_ATTEMPTS:
        books.failed(connection, never, TryLater("never_taken"), now)
        return
    again = {"state": "queued", "due_at": now, "tried_at": None, "reason": None}
    connection.execute(sa.update(outbound).where(outbound.c.id == never.id, *_as_taken(doubt)).values(again))


def _tell_again(connection: Connection, row: Any, now: datetime) -> None:
    """The same row has the same key, so WeChat drops it if it has had it; later than that nobody can tell."""
    same = row.state == "unknown" and row.tried_at is not None and row.tried_at + SAME_FOR > now
    values = {"state": "queued", "due_at": now} if same else {"due_at": None}
    connection.execute(sa.update(outbound).where(outbound.c.id == row.id).values(values))


def _doubt(connection: Connection, parcel: Attempt, row: Any) -> Doubt:
    others = outbound.c.address_id == row.address_id, outbound.c.id != row.id, outbound.c.provider_id.is_not(None)
    known: Sequence[str] = connection.execute(sa.select(outbound.c.provider_id).where(*others)).scalars().all()
    since = (row.tried_at or row.created_at) - _EARLIER
    return Doubt(parcel, row.state, row.provider_id, since, row.sent_at, tuple(known))


def _look_again(connection: Connection, doubt: Doubt, now: datetime) -> None:
    """For a day; who has not said it by then will not say it any more."""
    over = doubt.sent_at is None or doubt.sent_at + _STATUS_FOR <= now
    next_look = None if over else now + _STATUS_EVERY
    connection.execute(
        sa.update(outbound).where(outbound.c.id == doubt.parcel.id, *_as_taken(doubt)).values(due_at=next_look)
    )


def _as_taken(doubt: Doubt) -> tuple[sa.ColumnElement[bool], ...]:
    """Unless something else was learned of it meanwhile."""
    return outbound.c.state == doubt.state, outbound.c.attempts == doubt.parcel.attempts
