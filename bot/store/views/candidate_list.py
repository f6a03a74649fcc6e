"""Candidates as HR looks through them: filtered, by code, page by page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.cases import OPEN
from bot.store.db.cipher import Cipher
from bot.store.tables import candidates, cases, cohorts, stores
from bot.store.visibility import Visibility, seen_by

PAGE = 50
WAITING = "waiting"  # every stage in which people wait


@dataclass(frozen=True, slots=True)
class CandidateFilter:
    """Which candidates. `ids`: only of these. `after`: the last code of the page before."""

    stage: str = WAITING
    risk: str = ""
    store: str = ""
    cohort: str = ""
    owner: str = ""
    held: bool = False
    ids: Collection[int] | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One line of the list. `held`: the rhythm has not begun for them. `case`: their open one."""

    id: int
    code: str
    name: str
    stage: str
    stage_at: datetime
    risk: str
    owner: str | None
    store: str | None
    cohort: str | None
    held: bool
    case: int | None


def page(
    connection: Connection,
    cipher: Cipher,
    sight: Visibility,
    wanted: CandidateFilter,
    closed: Collection[str],
    limit: int = PAGE,
) -> list[CandidateRow]:
    """At most `limit` and one more, by which the reader knows that there is another page."""
    where = seen_by(sight), *conditions(wanted, closed)
    return _read(connection, cipher, _SELECT.where(*where).order_by(candidates.c.code).limit(limit + 1))


def some(connection: Connection, cipher: Cipher, sight: Visibility, codes: Collection[str]) -> list[CandidateRow]:
    """Those of these that are theirs to see."""
    return _read(
        connection,
        cipher,
        _SELECT.where(seen_by(sight), candidates.c.code.in_(sorted(codes))).order_by(candidates.c.code),
    )


def after(wanted: CandidateFilter, code: str) -> CandidateFilter:
    """The page that begins behind this code."""
    return replace(wanted, after=code)


def held(connection: Connection, sight: Visibility, closed: Collection[str], limit: int) -> list[int]:
    """Open candidates of theirs who are not released yet."""
    waiting = candidates.c.released_at.is_(None), candidates.c.stage.not_in(closed), seen_by(sight)
    return list(connection.scalars(sa.select(candidates.c.id).where(*waiting).order_by(candidates.c.code).limit(limit)))


def open_ids(connection: Connection, sight: Visibility, closed: Collection[str], limit: int) -> list[int]:
    """Open candidates of theirs, the newest first."""
    waiting = candidates.c.stage.not_in(closed), seen_by(sight)
    newest = sa.select(candidates.c.id).where(*waiting).order_by(candidates.c.id.desc()).limit(limit)
    return list(connection.scalars(newest))


def named(connection: Connection, table: sa.Table) -> Sequence[Any]:
    """Code and name of all cohorts or stores."""
    return connection.execute(sa.select(table.c.code, table.c.name).order_by(table.c.code)).all()


_OPEN_CASE = sa.select(cases.c.id).where(cases.c.candidate_id == candidates.c.id, OPEN).scalar_subquery()
_SELECT = (
    sa.select(
        candidates.c.id,
        candidates.c.code,
        candidates.c.name,
        candidates.c.stage,
        candidates.c.stage_at,
        candidates.c.risk,
        candidates.c.owner,
        stores.c.name.label("store"),
        cohorts.c.code.label("cohort"),
        candidates.c.released_at.is_(None).label("held"),
        _OPEN_CASE.label("open_case"),
    )
    .outerjoin(stores, candidates.c.store_id == stores.c.id)
    .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
)


def conditions(wanted: CandidateFilter, closed: Collection[str]) -> list[sa.ColumnElement[bool]]:
    """On `candidates`."""
    found: list[sa.ColumnElement[bool]] = []
    if wanted.stage == WAITING:
        found.append(candidates.c.stage.not_in(closed))
    elif wanted.stage:
        found.append(candidates.c.stage == wanted.stage)
    if wanted.risk in ("medium", "high"):  # as the index of those has it
        found.append(candidates.c.risk != sa.literal_column("'low'"))
    if wanted.held:
        found += [candidates.c.released_at.is_(None), candidates.c.stage.not_in(closed)]
    if wanted.ids is not None:
        found.append(candidates.c.id.in_(sorted(wanted.ids)))
    if wanted.store:
        found.append(candidates.c.store_id == sa.select(stores.c.id).filter_by(code=wanted.store).scalar_subquery())
    if wanted.cohort:
        found.append(candidates.c.cohort_id == sa.select(cohorts.c.id).filter_by(code=wanted.cohort).scalar_subquery())
    named_ = ((candidates.c.risk, wanted.risk), (candidates.c.owner, wanted.owner))
    found += [column == value for column, value in named_ if value]
    return [*found, candidates.c.code > wanted.after] if wanted.after else found


def _read(connection: Connection, cipher: Cipher, wanted: "sa.Select[Any]") -> list[CandidateRow]:
    found = []
    for row in connection.execute(wanted):
        name = cipher.open(row.name, "candidates.name")
        where = row.stage, row.stage_at, row.risk, row.owner, row.store, row.cohort
        found.append(CandidateRow(row.id, row.code, name, *where, held=bool(row.held), case=row.open_case))
    return found
