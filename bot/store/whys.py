"""Why the bot answered so, kept sealed beside each message; read for the demo's phone simulator alone."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import people
from bot.store.cipher import Cipher
from bot.store.tables import inbound


@dataclass(frozen=True, slots=True)
class Why:
    """A message, and what led to its answer: decision, rule, p, top, road, said, facts; any of them may be missing."""

    text: str
    received_at: datetime
    why: dict[str, Any]


def newest(connection: Connection, cipher: Cipher, channel: str, address: str, last: int) -> list[Why]:
    """The last messages from an address, newest first; none from one that never wrote."""
    person = people.find(connection, cipher, channel, address)
    if person is None:
        return []
    wanted = (
        sa.select(inbound.c.text, inbound.c.received_at, inbound.c.why)
        .where(inbound.c.address_id == person.id)
        .order_by(inbound.c.id.desc())
        .limit(last)
    )
    return [_opened(row, cipher) for row in connection.execute(wanted)]


def _opened(row: Any, cipher: Cipher) -> Why:
    text = cipher.open_maybe(row.text, "inbound.text") or ""
    why = json.loads(cipher.open(row.why, "inbound.why")) if row.why else {}
    return Why(text, row.received_at, why)
