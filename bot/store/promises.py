"""What the bot has promised to come back with, and when to look whether the record has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import risk
from bot.store.db.insert import insert_unless_there
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import update
from bot.store.tables import Moment, candidates, cohorts, promises, stores

BY_A_DAY = ("date", "cohort")  # what a cohort says by when it will be known
OVERDUE = "promise_overdue"  # the touch that says so, and the reason of the case

_FIRST_LOOK = timedelta(minutes=2)  # the record may have been changing while we promised
_NEXT_LOOK = timedelta(hours=6)  # a change of the record brings it forward
_OPEN = promises.c.state == word("open")  # as an index has it
_WHOSE = {cohorts: candidates.c.cohort_id, stores: candidates.c.store_id, candidates: candidates.c.id}


@dataclass(frozen=True, slots=True)
class Promise:
    """An open one."""

    id: int
    candidate_id: int
    about: str
    made_at: datetime
    due_at: datetime | None
    overdue_at: datetime | None


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
    if table in _WHOSE and ids:
        _LOOKED_AT[table].changed(connection, {"ids": ids, "now": now})
        follow(connection, table, ids, now)


def follow(connection: Connection, table: sa.Table, ids: Sequence[int], now: datetime) -> None:
    """What was promised about a date is due by the day that its cohort names now, if that is still to come; another day
    may become overdue anew. A day that has passed, or that nobody names any more, leaves what was promised."""
    if table not in (cohorts, candidates) or not ids:
        return
    _FOLLOWS[table].changed(connection, {"ids": ids, "now": now})


_NAMED = (
    sa.select(cohorts.c.date_by)
    .join(candidates, candidates.c.cohort_id == cohorts.c.id)
    .where(candidates.c.id == promises.c.candidate_id)
    .correlate(promises)
    .scalar_subquery()
)


_NOW = sa.bindparam("now", type_=Moment)
_CONCERNED = {
    table: (_OPEN, promises.c.candidate_id.in_(sa.select(candidates.c.id).where(whose.in_(sa.bindparam("ids")))))
    for table, whose in _WHOSE.items()
}
_LOOKED_AT = {
    table: Prepared(sa.update(promises).where(*theirs).values(look_at=_NOW)) for table, theirs in _CONCERNED.items()
}
_FOLLOWS = {
    table: Prepared(
        sa.update(promises)
        .where(
            *theirs,
            promises.c.about.in_(map(word, BY_A_DAY)),
            _NAMED > _NOW,
            promises.c.due_at.is_(None) | (promises.c.due_at != _NAMED),
        )
        .values(due_at=_NAMED, overdue_at=None, look_at=_NOW)
    )
    for table, theirs in _CONCERNED.items()
}

_PROMISE = tuple(promises.c[name] for name in Promise.__dataclass_fields__)
_TO_LOOK_AT = Prepared(
    sa.select(*_PROMISE)
    .where(_OPEN, promises.c.look_at <= sa.bindparam("now"))
    .order_by(promises.c.look_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)


def to_look_at(connection: Connection, now: datetime, limit: int) -> list[Promise]:
    """Open promises that are due for a look, held until the transaction ends."""
    return [Promise(*row) for row in _TO_LOOK_AT.rows(connection, {"now": now, "limit": limit})]


def look_again(
    connection: Connection, promise: Promise, at: datetime | None, now: datetime, before: datetime | None = None
) -> None:
    """Still open: at this moment; else when the record changes or in some hours, and `before` at the latest."""
    look_at = at or min(filter(None, (now + _NEXT_LOOK, before)))
    update(connection, promises, [promise.id], {"look_at": look_at})


def are_kept(connection: Connection, candidate_id: int, now: datetime) -> None:
    """The candidate was told the date."""
    theirs = promises.c.candidate_id == candidate_id, _OPEN, promises.c.about.in_(BY_A_DAY)
    connection.execute(sa.update(promises).where(*theirs).values(state="kept", ended_at=now))


def becomes_overdue(connection: Connection, promise: Promise, now: datetime) -> None:
    connection.execute(sa.update(promises).where(promises.c.id == promise.id).values(overdue_at=now))
    risk.wake(connection, [promise.candidate_id], now)


def is_any_overdue(connection: Connection, candidate_id: int) -> bool:
    """Whether the candidate still waits for something that they should have heard by now."""
    theirs = _OPEN, promises.c.candidate_id == candidate_id, promises.c.overdue_at.is_not(None)
    return connection.execute(sa.select(promises.c.id).where(*theirs).limit(1)).first() is not None


def ends(connection: Connection, promise: Promise, state: Literal["kept", "dropped"], now: datetime) -> None:
    connection.execute(sa.update(promises).where(promises.c.id == promise.id).values(state=state, ended_at=now))
    risk.wake(connection, [promise.candidate_id], now)
