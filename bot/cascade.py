"""Which road a notice takes when one is closed: the candidate's SMS, and where there is none a case for HR to call."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import cases, people
from bot.store.cipher import Cipher
from bot.store.messages import Spoken, keep_outbound
from bot.store.tables import outbound

NOTICE = "notice"
UNREACHABLE = "unreachable"  # the reason of the case


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A notice that its road did not carry."""

    outbound_id: int
    address_id: int
    channel: str
    text: str


def next_road(connection: Connection, cipher: Cipher, lost: Undelivered, now: datetime) -> int | None:
    """Queues the notice on the candidate's next road, or opens a case. Gives the new row's id; None for no row."""
    row = connection.execute(sa.select(outbound).where(outbound.c.id == lost.outbound_id)).one()
    if row.kind != NOTICE or row.candidate_id is None:
        return None
    address_id = sms_address(connection, cipher, row.candidate_id, lost.text, now) if lost.channel != "sms" else None
    if address_id is None:
        cases.open_case(connection, row.candidate_id, lost.address_id, UNREACHABLE, now)
        return None
    spoken = [Spoken(lost.text, row.said or "", NOTICE, pushed=True, expires_at=row.expires_at)]
    return keep_outbound(connection, cipher, address_id, row.candidate_id, None, spoken, now)[0]


def sms_address(connection: Connection, cipher: Cipher, candidate_id: int, text: str, now: datetime) -> int | None:
    """The address of the phone in the record, unless its owner wants nothing or the text may not go there: Twilio
    delivers no SMS with a link to mainland China."""
    phone = people.phone_of(connection, cipher, candidate_id)
    if phone is None or (phone.startswith("+86") and "://" in text):
        return None
    person = people.meet(connection, cipher, "sms", phone, now)
    theirs = person.candidate_id in (None, candidate_id)
    return person.id if theirs and not (person.stopped or person.wrong_number) else None
