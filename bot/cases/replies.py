"""What a person of HR says to a candidate: by the chat they wrote in last, else by whatever road is open."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.outbox.fallback import sms_address
from bot.settings import Settings
from bot.store.cases import Case
from bot.store.db.cipher import Cipher
from bot.store.messages import STAFF, Draft, enqueue
from bot.store.tables import addresses, candidates


def say(
    connection: Connection, settings: Settings, cipher: Cipher, case: Case, text: str, now: datetime
) -> Sequence[int]:
    """The rows for the outbox; none where nothing of the candidate's can be written to. A reply is an answer that was
    owed: where the chat is closed it goes on like a notice, unless the candidate wants nothing that was not asked."""
    address_id = _where(connection, settings, cipher, case, text, now)
    if address_id is None:
        return []
    theirs = sa.select(candidates.c.pushes_stopped_at).where(candidates.c.id == case.candidate_id)
    stopped = case.candidate_id is None or connection.execute(theirs).scalar() is not None
    others = {} if stopped else {"sms": {"text": text}, "email": {"subject": _subject(settings), "text": text}}
    spoken = Draft(text, STAFF, "answer" if stopped else "notice", pushed=True, others=others)
    return enqueue(connection, cipher, address_id, case.candidate_id, None, [spoken], now)


def _subject(settings: Settings) -> str:
    return settings.company.name


def _where(
    connection: Connection, settings: Settings, cipher: Cipher, case: Case, text: str, now: datetime
) -> int | None:
    """Where they wrote last, else the phone in the record."""
    if case.candidate_id is None:
        return case.address_id
    theirs = addresses.c.candidate_id == case.candidate_id, addresses.c.wrong_number_at.is_(None)
    last = addresses.c.last_inbound_at.desc().nulls_last()
    found = connection.execute(sa.select(addresses.c.id).where(*theirs).order_by(last).limit(1)).scalar()
    if found or not settings.sms.on:
        return found
    return sms_address(connection, cipher, case.candidate_id, text, now)
