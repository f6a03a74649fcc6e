"""Whom a member of staff may see: who is theirs, and who belongs to the cities, stores and cohorts of their scope."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import alerts, candidates, cases, cohorts, staff, stores, taught

_BETWEEN = re.compile(r"[\s,;、，；|]+")


@dataclass(frozen=True, slots=True)
class Visibility:
    """`everybody`: an admin. `owners`: whose candidates they see: their own, those of who is below them and of who is
    away with them as deputy. `unowned`: also nobody's (managers). `scope`: cities, codes of stores and cohorts."""

    code: str
    role: str
    everybody: bool = False
    owners: frozenset[str] = frozenset()
    unowned: bool = False
    scope: frozenset[str] = frozenset()


def read_scope(text: str | None) -> frozenset[str]:
    """Cities, codes of stores and of cohorts, as people write them one after the other."""
    return frozenset(part for part in _BETWEEN.split(text or "") if part)


def sight_of(connection: Connection, code: str, now: datetime) -> Visibility | None:
    """None for who is no staff (any more)."""
    row = connection.execute(sa.select(staff.c.role, staff.c.scope).where(staff.c.code == code)).first()
    if row is None:
        return None
    scope = read_scope(row.scope)
    if row.role == "admin":
        return Visibility(code, row.role, everybody=True)
    if row.role == "manager":
        owners = _below(connection, code) | _away(connection, code, now)
        return Visibility(code, row.role, owners=owners, unowned=not scope, scope=scope)
    if row.role == "recruiter":
        return Visibility(code, row.role, owners=_away(connection, code, now) | {code}, scope=scope)
    return Visibility(code, row.role, scope=scope)


def seen_by(sight: Visibility) -> sa.ColumnElement[bool]:
    """The condition on `candidates` under which a row is theirs to see."""
    if sight.everybody:
        return sa.true()
    seen: list[sa.ColumnElement[bool]] = [candidates.c.owner.in_(sorted(sight.owners))] if sight.owners else []
    if sight.unowned:
        seen.append(candidates.c.owner.is_(None))
    if sight.scope:
        here, with_them = _in_scope(sight)
        seen += [candidates.c.store_id.in_(here), candidates.c.cohort_id.in_(with_them)]
    return sa.or_(*seen) if seen else sa.false()


@dataclass(frozen=True, slots=True)
class Scope:
    """Ids of the stores and cohorts whose candidates are theirs to see, whoever owns them."""

    stores: frozenset[int]
    cohorts: frozenset[int]


def scope_of(connection: Connection, sight: Visibility) -> Scope:
    here, with_them = _in_scope(sight)
    return Scope(frozenset(connection.scalars(here)), frozenset(connection.scalars(with_them)))


def sees_row(sight: Visibility, scope: Scope, owner: str | None, store: int | None, cohort: int | None) -> bool:
    """What `seen_by` says in SQL, of a row that is not stored yet."""
    mine = owner in sight.owners if owner is not None else sight.unowned
    return sight.everybody or mine or store in scope.stores or cohort in scope.cohorts


def _in_scope(sight: Visibility) -> tuple[sa.Select[tuple[int]], sa.Select[tuple[int]]]:
    scope = sorted(sight.scope)
    here = sa.select(stores.c.id).where(stores.c.city.in_(scope) | stores.c.code.in_(scope))
    return here, sa.select(cohorts.c.id).where(cohorts.c.code.in_(scope))


def store_seen_by(sight: Visibility) -> sa.ColumnElement[bool]:
    """The condition on `stores`: those of their scope."""
    scope = sorted(sight.scope)
    return sa.true() if sight.everybody else stores.c.city.in_(scope) | stores.c.code.in_(scope)


def cohort_seen_by(sight: Visibility) -> sa.ColumnElement[bool]:
    """The condition on `cohorts`: those of their scope."""
    return sa.true() if sight.everybody else cohorts.c.code.in_(sorted(sight.scope))


def case_seen_by(sight: Visibility) -> sa.ColumnElement[bool]:
    """The condition on `cases`: of somebody they see, given to them, or told to them, since who is asked to take a case
    must be able to; of a stranger's, a manager's and an admin's."""
    theirs = cases.c.candidate_id.in_(sa.select(candidates.c.id).where(seen_by(sight)))
    mine = sa.or_(cases.c.assigned == sight.code, cases.c.claimed_by == sight.code)
    told = sa.exists().where(alerts.c.case_id == cases.c.id, alerts.c.staff == sight.code)
    strangers = cases.c.candidate_id.is_(None) if sight.everybody or sight.role == "manager" else sa.false()
    return sa.true() if sight.everybody else sa.or_(theirs, mine, told, strangers)


def lesson_seen_by(sight: Visibility) -> sa.ColumnElement[bool]:
    """The condition on `taught`: what they taught themselves, for it is what a candidate of theirs wrote."""
    return sa.true() if sight.everybody else taught.c.staff == sight.code


def sees(connection: Connection, sight: Visibility, candidate_id: int) -> bool:
    """Whether this one is theirs to see."""
    this = sa.select(candidates.c.id).where(candidates.c.id == candidate_id, seen_by(sight))
    return connection.execute(this).first() is not None


def sees_case(connection: Connection, sight: Visibility, case_id: int) -> bool:
    return (
        connection.execute(sa.select(cases.c.id).where(cases.c.id == case_id, case_seen_by(sight))).first() is not None
    )


def _away(connection: Connection, code: str, now: datetime) -> frozenset[str]:
    """Those for whom they stand in just now."""
    theirs = staff.c.deputy == code, staff.c.away_until > now
    return frozenset(connection.scalars(sa.select(staff.c.code).where(*theirs)))


def _below(connection: Connection, code: str) -> frozenset[str]:
    """They and all who report to them, at any remove; a ring of managers ends where it began."""
    found: set[str] = {code}
    above: Collection[str] = [code]
    while above:
        below = set(connection.scalars(sa.select(staff.c.code).where(staff.c.manager.in_(above)))) - found
        found |= below
        above = sorted(below)
    return frozenset(found)
