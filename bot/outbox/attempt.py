"""One message on its way, opened from its row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.outbox.circuit_breaker import SUSPECT
from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared
from bot.store.tables import addresses, outbound
from bot.values import windows
from bot.values.message import CHANNEL_OF, ChannelMessage
from bot.values.windows import Spent


@dataclass(frozen=True, slots=True)
class Attempt:
    """`attempts` counts this one. `lease`: until when it is ours. `tried_at`: since when an earlier try may be at the
    provider. `shut`: its window was closed when it was taken. `probing`: it tries whether a stopped channel goes again.
    `suspect`: it was refused for what our account is, and others went since. `spent`: the credit it took. `since`: from
    when on it is held, by the machine's uptime."""

    id: int
    address_id: int
    via: str
    address: str
    text: str
    kind: str
    attempts: int
    lease: datetime | None
    rank: int = 0
    form: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    tried_at: datetime | None = None
    expires_at: datetime | None = None
    shut: bool = False
    probing: bool = False
    since: float = 0.0
    suspect: bool = False
    spent: Spent | None = None

    @property
    def channel(self) -> str:
        return CHANNEL_OF[self.via]

    @property
    def letter(self) -> ChannelMessage:
        """Roads with words of their own have them in the form."""
        return ChannelMessage(self.id, self.address, self.form.get("text", self.text), self.via, self.form, self.kind)


_OPENED = Prepared(
    sa.select(
        outbound,
        addresses.c.address,
        addresses.c.window_left,
        addresses.c.window_until,
        addresses.c.brief_left,
        addresses.c.brief_until,
        addresses.c.brief_by,
    )
    .join(addresses, outbound.c.address_id == addresses.c.id)
    .where(outbound.c.id.in_(sa.bindparam("ids")))
    .order_by(outbound.c.rank, outbound.c.due_at, outbound.c.id)
)


def opened(connection: Connection, cipher: Cipher, ids: Sequence[int], now: datetime) -> list[Attempt]:
    """In the order in which they are to go."""
    if not ids:
        return []
    return [_parcel(row, cipher, now) for row in _OPENED.rows(connection, {"ids": ids})]


def _parcel(row: Any, cipher: Cipher, now: datetime) -> Attempt:
    others = json.loads(cipher.open(row.others, "outbound.others")) if row.others else {}
    return Attempt(
        row.id,
        row.address_id,
        row.via,
        cipher.open(row.address, "addresses.address"),
        cipher.open(row.text, "outbound.text"),
        row.kind,
        row.attempts + 1,
        row.lease_until,
        row.rank,
        others.get(row.via, {}),
        row.created_at,
        row.tried_at,
        row.expires_at,
        row.via == "service" and windows.open_at(people.window_of(row), now) is False,
        suspect=row.reason == SUSPECT,
    )
