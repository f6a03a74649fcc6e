"""Why the bot answered so, kept sealed beside each message, and why it spoke by itself; read for the demo's phone
simulator alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.messages import shown
from bot.store.tables import addresses, inbound, outbound, touches
from bot.store.views.message_log import usual_road

_TOUCH = ("entry", "occasion", "kind", "by", "meant_at", "due_at", "deferred")
_LONGEST_TRAIL = 10


@dataclass(frozen=True, slots=True)
class Why:
    """A message, and what led to its answer: decision, rule, p, top, road, said, facts; any of them may be missing."""

    text: str
    received_at: datetime
    why: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """One road, and what became of the message there."""

    via: str
    state: str
    error_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """Something that was said unasked. `touch`: the entry of the rhythm that it is, if it is one, with its moments;
    `trail`: the roads that did not carry it, before the one that did (`tried`)."""

    text: str
    sent_at: datetime
    provider_id: str
    kind: str
    said: str
    parts: int
    cost: int
    tried: Tried
    trail: tuple[Tried, ...]
    touch: Mapping[str, Any] | None


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


def pushed(connection: Connection, cipher: Cipher, channel: str, address: str, last: int) -> list[Pushed]:
    """The last messages that went to an address unasked, newest first."""
    person = people.find(connection, cipher, channel, address)
    if person is None:
        return []
    sent = outbound.c.sent_at.is_not(None)
    wanted = (
        _pushes()
        .where(outbound.c.address_id == person.id, outbound.c.road == "push", sent)
        .order_by(outbound.c.id.desc())
        .limit(last)
    )
    return [_told(connection, cipher, row) for row in connection.execute(wanted)]


def _pushes() -> sa.Select[Any]:
    return (
        sa.select(outbound, addresses.c.channel, *(touches.c[name].label(f"touch_{name}") for name in _TOUCH))
        .join(addresses, outbound.c.address_id == addresses.c.id)
        .outerjoin(touches, outbound.c.touch_id == touches.c.id)
    )


def _told(connection: Connection, cipher: Cipher, row: Any) -> Pushed:
    before = _before(connection, row.after_id)
    return Pushed(
        text=shown(cipher, row),
        sent_at=row.sent_at,
        provider_id=row.provider_id or "",
        kind=row.kind,
        said=row.said or "",
        parts=row.parts or 0,
        cost=row.cost or 0,
        tried=_tried(row),
        trail=tuple(_tried(each) for each in reversed(before)),
        touch=_touch(row),
    )


def _before(connection: Connection, number: int | None) -> list[Any]:
    """The tries by other roads that led to this one, the last first."""
    found: list[Any] = []
    while number is not None and len(found) < _LONGEST_TRAIL:
        row = connection.execute(_pushes().where(outbound.c.id == number)).first()
        if row is None:
            break
        found.append(row)
        number = row.after_id
    return found


def _tried(row: Any) -> Tried:
    return Tried(row.via or usual_road(row.channel), row.state, row.error_code or "", row.reason or "")


def _touch(row: Any) -> Mapping[str, Any] | None:
    return {name: getattr(row, f"touch_{name}") for name in _TOUCH} if row.touch_entry else None


def _opened(row: Any, cipher: Cipher) -> Why:
    text = cipher.open_maybe(row.text, "inbound.text") or ""
    why = json.loads(cipher.open(row.why, "inbound.why")) if row.why else {}
    return Why(text, row.received_at, why)
