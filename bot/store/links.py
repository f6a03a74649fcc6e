"""The short links that messages carry: given one a message, and what the person showed by them."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.record.model import Candidate
from bot.store import touches
from bot.store.db.prepared import Prepared
from bot.store.tables import links

_LINK = Prepared(sa.select(links).where(links.c.id == sa.bindparam("id")))
_GIVE = Prepared(sa.insert(links).returning(links.c.id))


@dataclass(frozen=True, slots=True)
class Given:
    """A link as it was given. `seen`: the person has shown already that they saw what came with it."""

    candidate_id: int
    page_version: int
    created_at: datetime
    touch_id: int | None
    seen: bool


def give(connection: Connection, candidate: Candidate, touch_id: int | None, now: datetime) -> int:
    """Gives the number that the link is made of."""
    row = {"candidate_id": candidate.id, "touch_id": touch_id, "page_version": candidate.page_version}
    return int(_GIVE.first(connection, row | {"created_at": now}).id)


def find(connection: Connection, number: int) -> Given | None:
    row = _LINK.first(connection, {"id": number})
    if row is None:
        return None
    return Given(row.candidate_id, row.page_version, row.created_at, row.touch_id, row.seen_at is not None)


def mark_seen(connection: Connection, number: int, candidate_id: int, now: datetime) -> None:
    """The person did something on the page: what was said to them before has been seen."""
    this = links.c.id == number, links.c.seen_at.is_(None)
    connection.execute(sa.update(links).where(*this).values(seen_at=now))
    touches.mark_seen(connection, candidate_id, now)
