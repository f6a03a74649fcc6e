"""Two machines that answer each other talk for ever: the bot falls silent, and a person hears of it."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.engine.turn import NOT_UNDERSTOOD, STRANGER, Turn
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared
from bot.store.people import Person
from bot.store.tables import inbound, outbound
from bot.values.message import Incoming

REASON = "loop"  # of the case
_SAME = 5  # answers in a row that say the same
_SAME_TEXT = 2  # answers to one and the same text by SMS, which a phone sends to whoever writes
_SAME_TEXT_WITHIN = timedelta(days=7)
_TO_A_STRANGER = 12  # answers, whatever they say
_WITHIN = timedelta(minutes=10)
_SILENT_FOR = timedelta(minutes=30)
_TELLS_NOTHING = frozenset({"repair", "smalltalk", "hello", "greeting", "binding"})  # flows that a person can miss
_ANSWERS = Prepared(
    sa.select(inbound.c.turn, inbound.c.received_at, inbound.c.text, sa.func.min(outbound.c.said).label("said"))
    .join(outbound, outbound.c.inbound_id == inbound.c.id)
    .where(inbound.c.address_id == sa.bindparam("address"), inbound.c.turn >= sa.bindparam("since", type_=sa.Integer))
    .group_by(inbound.c.turn, inbound.c.received_at, inbound.c.text)
    .order_by(inbound.c.turn.desc())
)


def goes_round(
    connection: Connection,
    cipher: Cipher,
    person: Person,
    incoming: Incoming,
    stranger: bool,
    walked: Turn,
    now: datetime,
) -> bool:
    """Whether this answer would only be one more of many that came within minutes, or to the same text by SMS."""
    if not walked.said or not (stranger or {said.flow for said in walked.said} <= _TELLS_NOTHING):
        return False
    since = {"address": person.id, "since": person.turn - _TO_A_STRANGER}
    before = _ANSWERS.rows(connection, since)
    saying = _alike(min(f"{said.flow}.{said.key}" for said in walked.said))
    if incoming.channel == "sms" and _repeats(before[:_SAME_TEXT], saying, incoming.text, cipher, now):
        return True
    same = [_alike(row.said) for row in before[:_SAME]] == [saying] * _SAME
    return (same and _is_recent(before[:_SAME], now)) or (
        stranger and len(before) >= _TO_A_STRANGER and _is_recent(before[:_TO_A_STRANGER], now)
    )


def _repeats(answers: list[Any], saying: str, text: str, cipher: Cipher, now: datetime) -> bool:
    """Whether the last answers said the same, and went to the same text."""
    return len(answers) == _SAME_TEXT and all(
        _alike(row.said) == saying
        and now - row.received_at <= _SAME_TEXT_WITHIN
        and row.text is not None
        and cipher.open(row.text, "inbound.text") == text
        for row in answers
    )


def _alike(said: str) -> str:
    """What says in this way or that way that nothing was understood says the same."""
    return NOT_UNDERSTOOD[0] if said.startswith((f"{NOT_UNDERSTOOD[0]}.", ".".join(STRANGER))) else said


def _is_recent(answers: list[Any], now: datetime) -> bool:
    """Whether they came close together, and not long ago."""
    first, last = answers[-1].received_at, answers[0].received_at
    return bool(last - first <= _WITHIN and now - last <= _SILENT_FOR)
