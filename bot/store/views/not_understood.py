"""The messages that nobody understood: what people wrote where we could only ask, or say that we did not understand."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.engine.turn import NOT_UNDERSTOOD, STRANGER
from bot.store.db.cipher import Cipher
from bot.store.tables import candidates, inbound, outbound

_SAID = (f"%{NOT_UNDERSTOOD[0]}.%", f"%{'.'.join(STRANGER)}%")  # by the flows that answer what is not understood
_MEANING = "%.%"  # a meaning has a dot in it, a rule has none


class Missed(NamedTuple):
    """A text as it came, opened: personal data."""

    text: str
    at: datetime
    id: int = 0


def since(
    connection: Connection,
    cipher: Cipher,
    start: datetime,
    whose: sa.ColumnElement[bool] | None = None,
    limit: int | None = None,
) -> list[Missed]:
    """Newest first. A text that answers a question of ours is none of them, nor what a rule decided. `whose`: only
    those of candidates of whom this is so."""
    said = sa.or_(*map(outbound.c.said.like, _SAID))
    repaired = sa.exists().where(outbound.c.inbound_id == inbound.c.id, said)
    wanted = (
        sa.select(inbound.c.text, inbound.c.received_at, inbound.c.id)
        .where(inbound.c.kind == "text", inbound.c.text.is_not(None), inbound.c.received_at >= start)
        .where(sa.or_(inbound.c.intent.is_(None), inbound.c.intent.like(_MEANING)))
        .where(repaired)
        .order_by(inbound.c.id.desc())
        .limit(limit)
    )
    if whose is not None:
        wanted = wanted.where(inbound.c.candidate_id.in_(sa.select(candidates.c.id).where(whose)))
    return [
        Missed(cipher.open(row.text, "inbound.text"), row.received_at, row.id) for row in connection.execute(wanted)
    ]
