"""When whose risk is to be reckoned anew, and what it was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db import bulk
from bot.store.db.prepared import Prepared
from bot.store.tables import candidates, cohorts, risk_changes, signals, stores

_OF = {cohorts: candidates.c.cohort_id, stores: candidates.c.store_id, candidates: candidates.c.id}
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_DUE = Prepared(
    sa.select(candidates.c.id)
    .where(candidates.c.risk_due_at <= sa.bindparam("now"))
    .order_by(candidates.c.risk_due_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_WAKE = Prepared(
    sa.update(candidates)
    .where(candidates.c.id == sa.bindparam("candidate"))
    .values(risk_due_at=sa.bindparam("now"))
    .returning(candidates.c.id)
)
_WANTED = Prepared(
    sa.select(candidates.c.id, candidates.c.owner)
    .where(candidates.c.case_due_at <= sa.bindparam("now"))
    .order_by(candidates.c.risk_points.desc(), candidates.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_IDS: sa.BindParameter[Any] = sa.bindparam("ids")
_STANDING = Prepared(
    sa.select(
        candidates.c.id,
        candidates.c.code,
        candidates.c.owner,
        cohorts.c.code.label("cohort"),
        candidates.c.risk,
        candidates.c.released_at.is_not(None).label("released"),
    )
    .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
    .where(candidates.c.id.in_(_IDS))
)
_FIRED = Prepared(
    sa.select(signals.c.candidate_id, signals.c.name, signals.c.at).where(signals.c.candidate_id.in_(_IDS))
)
_RECKONED = (
    sa.update(candidates)
    .where(candidates.c.id == sa.bindparam("candidate"))
    .values(
        risk_points=sa.bindparam("points"), risk_due_at=sa.bindparam("next_at"), case_due_at=sa.bindparam("case_at")
    )
)


@dataclass(frozen=True, slots=True)
class RiskBefore:
    """A candidate as the risk stood before. `released`: the rhythm is theirs, so the bot may speak first."""

    id: int
    code: str
    owner: str | None
    cohort: str | None
    risk: str
    released: bool


def wake(connection: Connection, ids: Sequence[int], now: datetime, table: sa.Table = candidates) -> None:
    """Something happened to these candidates (or to the cohorts or stores of some): reckoned with the next tick."""
    if len(ids) == 1 and table is candidates:
        _WAKE.rows(connection, {"candidate": ids[0], "now": now})
    elif ids and table in _OF:
        connection.execute(sa.update(candidates).where(_OF[table].in_(ids)).values(risk_due_at=now))


def due(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Whose risk to reckon now, held until the transaction ends."""
    return [row.id for row in _DUE.rows(connection, {"now": now, "limit": limit})]


def standing(connection: Connection, ids: Sequence[int]) -> list[RiskBefore]:
    return [RiskBefore(*row) for row in _STANDING.rows(connection, {"ids": ids})]


def save_signals(connection: Connection, ids: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> None:
    """Signals of these candidates, whom the transaction holds, have come true; each is kept once."""
    known = {tuple(row) for row in _FIRED.rows(connection, {"ids": ids})}
    new = {(row["candidate_id"], row["name"], row["at"]): row for row in rows}
    bulk.insert(connection, signals, [row for key, row in new.items() if key not in known])


def save_level(
    connection: Connection, candidate_id: int, level: str, points: int, names: Sequence[str], now: datetime
) -> None:
    """The level is another one from now on."""
    row = {"candidate_id": candidate_id, "level": level, "points": points, "signals": list(names), "at": now}
    connection.execute(sa.insert(risk_changes).values(row))
    this = sa.update(candidates).where(candidates.c.id == candidate_id)
    connection.execute(this.values(risk=level, risk_at=now))


def save_scores(connection: Connection, found: Sequence[Mapping[str, Any]]) -> None:
    """`candidate`, `points`, `next_at` and `case_at` of each."""
    if not found:
        return
    connection.execute(_RECKONED, list(found))


def wanting_a_case(connection: Connection, now: datetime, limit: int) -> list[tuple[int, str | None]]:
    """Candidate and owner, those at the highest risk first, held until the transaction ends."""
    return [(row.id, row.owner) for row in _WANTED.rows(connection, {"now": now, "limit": limit})]


def case_later(connection: Connection, ids: Sequence[int], at: datetime | None) -> None:
    """None: they have theirs."""
    if ids:
        connection.execute(sa.update(candidates).where(candidates.c.id.in_(ids)).values(case_due_at=at))
