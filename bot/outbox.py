"""Hands what waits to the channels, once. A row's `state`:

queued → sending → sent → delivered; or failed, unknown (it may have gone out: never resent blindly), expired.
A batch is reserved by a lease while its rows are still queued, and each row becomes "sending" at the moment of its own
send: who dies in the middle of a batch leaves one row in doubt, and the rest for the next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bot.cascade import Undelivered, next_road
from bot.channels import sms
from bot.channels.senders import Sender
from bot.channels.sms_api import OPTED_OUT
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown
from bot.message import Letter, Posted
from bot.store import people
from bot.store.cipher import Cipher
from bot.store.database import Database
from bot.store.inserting import insert_unless_there
from bot.store.tables import addresses, outbound, receipts

BATCH = 50
_LEASE = timedelta(minutes=2)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=5)
_MOST_ATTEMPTS = 12
_VIA = {"wechat": "service", "sms": "sms", "email": "email"}
_BECOMES = {"sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed"}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One text on its way; `attempts` counts this one."""

    id: int
    address_id: int
    channel: str
    address: str
    text: str
    attempts: int


class Outbox:
    """Takes batches and sends them; safe in any number of processes."""

    def __init__(
        self, database: Database, cipher: Cipher, senders: Mapping[str, Sender], clock: Callable[[], datetime]
    ) -> None:
        self._database, self._cipher, self._senders, self._clock = database, cipher, senders, clock

    def deliver(self, ids: Sequence[int] | None = None) -> int:
        """Sends what is due now (or of it only `ids`), in the order it was written; gives how many were taken."""
        parcels = self._database.write(lambda connection: self._reserve(connection, ids))
        for parcel in parcels:
            if self._database.write(partial(self._begin, parcel=parcel)):
                self._send(parcel)
        return len(parcels)

    def settle(self) -> None:
        """What nobody finished is unknown, and what came too late is expired."""
        self._database.write(lambda connection: _settle(connection, self._clock()))

    def _reserve(self, connection: Connection, ids: Sequence[int] | None) -> list[Parcel]:
        now = self._clock()
        due = sa.select(outbound.c.id).where(
            outbound.c.state == "queued",
            outbound.c.due_at <= now + timedelta(seconds=1),
            sa.or_(outbound.c.expires_at.is_(None), outbound.c.expires_at > now),
            sa.or_(outbound.c.lease_until.is_(None), outbound.c.lease_until < now),
        )
        if ids is not None:
            due = due.where(outbound.c.id.in_(ids))
        due = due.order_by(outbound.c.due_at, outbound.c.id).limit(BATCH).with_for_update(skip_locked=True)
        reserved = list(connection.execute(due).scalars())
        if not reserved:
            return []
        lease = sa.update(outbound).where(outbound.c.id.in_(reserved)).values(lease_until=now + _LEASE)
        connection.execute(lease)
        return self._parcels(connection, reserved)

    def _begin(self, connection: Connection, parcel: Parcel) -> bool:
        """Whether the row is still ours to send; from here on it may have gone out."""
        now = self._clock()
        ours = (
            outbound.c.id == parcel.id,
            outbound.c.state == "queued",
            outbound.c.attempts == parcel.attempts - 1,
            outbound.c.lease_until > now,
        )
        sending = {"state": "sending", "attempts": parcel.attempts, "lease_until": now + _LEASE}
        return connection.execute(sa.update(outbound).where(*ours).values(sending)).rowcount == 1

    def _parcels(self, connection: Connection, ids: Sequence[int]) -> list[Parcel]:
        rows = connection.execute(
            sa.select(outbound, addresses.c.channel, addresses.c.address)
            .join(addresses, outbound.c.address_id == addresses.c.id)
            .where(outbound.c.id.in_(ids))
            .order_by(outbound.c.due_at, outbound.c.id)
        )
        return [
            Parcel(
                row.id,
                row.address_id,
                row.channel,
                self._cipher.open(row.address, "addresses.address"),
                self._cipher.open(row.text, "outbound.text"),
                row.attempts + 1,
            )
            for row in rows
        ]

    def _send(self, parcel: Parcel) -> None:
        try:
            sender = self._senders.get(parcel.channel)
            if sender is None:
                raise Misconfigured("off", f"the channel {parcel.channel} has no account")
            letter = Letter(parcel.id, parcel.address, parcel.text, _VIA[parcel.channel])
            posted = sender.send(letter)
        except DeliveryError as error:
            _log.warning("not_sent", outbound=parcel.id, kind=type(error).__name__, code=error.code)
            self._database.write(partial(self._failed, parcel=parcel, error=error))
        else:
            self._database.write(partial(self._sent, parcel=parcel, posted=posted))

    def _sent(self, connection: Connection, parcel: Parcel, posted: Posted) -> None:
        row = {
            "state": "sent",
            "sent_at": self._clock(),
            "provider_id": posted.provider_id,
            "parts": posted.parts,
            "via": _VIA[parcel.channel],
            "lease_until": None,
        }
        connection.execute(sa.update(outbound).where(outbound.c.id == parcel.id).values(row))
        if posted.provider_id:
            _apply_receipts(connection, posted.provider_id, self._clock())

    def _failed(self, connection: Connection, parcel: Parcel, error: DeliveryError) -> None:
        row: dict[str, Any] = {
            "state": "failed",
            "error_code": error.code,
            "reason": error.reason or None,
            "lease_until": None,
        }
        if isinstance(error, Unknown):
            row["state"] = "unknown"
        elif isinstance(error, TryLater | Misconfigured) and parcel.attempts < _MOST_ATTEMPTS:
            row |= {"state": "queued", "due_at": self._clock() + _pause(parcel.attempts)}
        connection.execute(sa.update(outbound).where(outbound.c.id == parcel.id).values(row))
        if error.code == OPTED_OUT:
            people.change(connection, parcel.address_id, stopped_at=self._clock())
        if row["state"] == "failed":
            lost = Undelivered(parcel.id, parcel.address_id, parcel.channel, parcel.text)
            next_road(connection, self._cipher, lost, self._clock())


def keep_receipt(connection: Connection, status: sms.Status, now: datetime) -> None:
    """A status callback: kept once, and applied to its message if that is known already."""
    row = {"provider_id": status.provider_id, "status": status.status, "error_code": status.error_code, "at": now}
    insert_unless_there(connection, receipts, row)
    _apply_receipts(connection, status.provider_id, now)


def _apply_receipts(connection: Connection, provider_id: str, now: datetime) -> None:
    """The highest status counts, in whatever order they came; a final one is never left again."""
    if connection.dialect.name == "postgresql":  # of two that are kept at once the second must see the first
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(provider_id, 0))))
    rows = list(connection.execute(sa.select(receipts).where(receipts.c.provider_id == provider_id)))
    known = [row for row in rows if row.status in _BECOMES]
    if not known:
        return
    best = max(known, key=lambda row: sms.RANKS[row.status])
    changed: dict[str, Any] = {
        "state": _BECOMES[best.status],
        "error_code": next((row.error_code for row in rows if row.error_code), None),
    }
    if changed["state"] == "delivered":
        changed["delivered_at"] = now
    connection.execute(sa.update(outbound).where(outbound.c.provider_id == provider_id).values(changed))


def _settle(connection: Connection, now: datetime) -> None:
    abandoned = outbound.c.state == "sending", outbound.c.lease_until < now
    unknown = {"state": "unknown", "reason": "nobody finished it", "lease_until": None}
    connection.execute(sa.update(outbound).where(*abandoned).values(unknown))
    late = outbound.c.state == "queued", outbound.c.expires_at <= now
    connection.execute(sa.update(outbound).where(*late).values(state="expired"))


def _pause(attempts: int) -> timedelta:
    """Doubling, so that a long outage is not hammered."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(attempts - 1, 10)
    return min(pause, _LONGEST_PAUSE)
