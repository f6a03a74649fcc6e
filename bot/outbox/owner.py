"""Whose address a message goes to. What was written for somebody goes to nobody else: where the address is no longer
theirs, it follows them to the one they have now."""

from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from bot.errors import Unreachable
from bot.outbox.attempt import Attempt
from bot.outbox.fallback import sms_address
from bot.outbox.results import Books, SendOutcome
from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.messages import STAFF

_NOT_THEIRS = "not_theirs"
_ANSWERS = frozenset({"answer", "rest", "code"})  # to what was said from the old address, and meant for who said it


def is_theirs(cipher: Cipher, parcel: Attempt, row: Any) -> bool:
    """`row`: with the candidate that it was written for, their contacts, and the address's `owner`."""
    if row.candidate_id is None or row.owner == row.candidate_id:
        return True
    if parcel.channel == "sms":
        return row.phone_index is not None and bytes(row.phone_index) == cipher.index(parcel.address, "phone")
    return parcel.channel == "email" and cipher.open_maybe(row.email, "candidates.email") == parcel.address


def follow(connection: Connection, books: Books, parcel: Attempt, row: Any, now: datetime) -> SendOutcome:
    """Queues it for where the same road leads to them now; else it looks for another."""
    if parcel.kind in _ANSWERS and row.said != STAFF:
        return books.cancelled(connection, parcel, "not their address any more")
    address_id = _where(connection, books.cipher, parcel, row.candidate_id, now)
    if address_id is None:
        return books.failed(connection, parcel, Unreachable(_NOT_THEIRS), now, tried=False)
    return books.readdressed(connection, parcel, address_id, now)


def _where(connection: Connection, cipher: Cipher, parcel: Attempt, candidate_id: int, now: datetime) -> int | None:
    if parcel.channel == "sms":
        return sms_address(connection, cipher, candidate_id, parcel.letter.text, now)
    if parcel.channel == "email":
        mailbox = people.email_of(connection, cipher, candidate_id)
        return people.get_or_create(connection, cipher, "email", mailbox, now).id if mailbox else None
    return next(iter(people.bound_elsewhere(connection, candidate_id, parcel.channel, parcel.address_id)), None)
