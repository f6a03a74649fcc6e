"""What the bot has promised to come back with, and when to look whether the record has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.inserting import insert_unless_there
from bot.store.prepared import Prepared, word
from bot.store.tables import candidates, cohorts, promises, stores

_FIRST_LOOK = timedelta(minutes=2)  # the record may have been changing while we promised
_NEXT_LOOK = timedelta(hours=6)  # a change of the record brings it forward
_TO_LOOK_AT = Prepared(
    sa.select(promises.c.id, promises.c.candidate_id, promises.c.about, promises.c.made_at)
    .where(promises.c.state == word("open"), promises.c.look_at <= sa.bindparam("now"))
    .order_by(promises.c.look_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_WHOSE = {cohorts: candidates.c.cohort_id, stores: candidates.c.store_id, candidates: candidates.c.id}


@dataclass(frozen=True, slots=True)
class Promise:
    """An open one."""

    id: int
    candidate_id: int
    about: str
    made_at: datetime


def make(connection: Connection, candidate_id: int, about: str, due_at: datetime | None, now: datetime) -> None:
    """We said that we would come back; saying it twice is one promise."""
    row = {
        "candidate_id": candidate_id,
        "about": about,
        "state": "open",
        "made_at": now,
        "due_at": due_at,
        "look_at": now + _FIRST_LOOK,
    }
    insert_unless_there(connection, promises, row)


def wake(connection: Connection, table: sa.Table, ids: Sequence[int], now: datetime) -> None:
    """Rows of the record changed: what was promised about them is looked at with the next tick."""
    concerned = sa.select(candidates.c.id).where(_WHOSE[table].in_(ids)) if table in _WHOSE and ids else None
    if concerned is not None:
        theirs = promises.c.state == "open", promises.c.candidate_id.in_(concerned)
        connection.execute(sa.update(promises).where(*theirs).values(look_at=now))


def to_look_at(connection: Connection, now: datetime, limit: int) -> list[Promise]:
    """Open promises that are due for a look, held until the transaction ends."""
    due = _TO_LOOK_AT.rows(connection, {"now": now, "limit": limit})
    return [Promise(row.id, row.candidate_id, row.about, row.made_at) for row in due]


def look_again(connection: Connection, promise: Promise, at: datetime | None, now: datetime) -> None:
    """Still open: at this moment, else when the record changes or in some hours."""
    this = sa.update(promises).where(promises.c.id == promise.id)
    connection.execute(this.values(look_at=at or now + _NEXT_LOOK))


def ends(connection: Connection, promise: Promise, state: Literal["kept", "dropped"], now: datetime) -> None:
    connection.execute(sa.update(promises).where(promises.c.id == promise.id).values(state=state, ended_at=now))
