"""The list of cases as HR reads it: filtered, the most urgent first, then who has waited longest; page by page."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.cases import OPEN, REST
from bot.store.db.cipher import Cipher
from bot.store.tables import Moment, candidates, cases, cohorts, stores
from bot.store.visibility import Visibility, case_seen_by

PAGE = 50
STATES = ("open", "new", "claimed", "waiting", "snoozed", "resolved")
_LONGEST_NUMBER = 16  # digits
WHOSE = ("team", "mine", "unassigned")
_OPEN = ("new", "claimed", "waiting")


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases. `candidates`: only of these (None: of anybody). `after`: the last of the page before."""

    state: str = "open"
    whose: str = "team"
    urgency: int | None = None
    store: str = ""
    cohort: str = ""
    reason: str = ""
    candidates: Collection[int] | None = None
    after: "Key | None" = None


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page ends."""

    urgency: int
    since: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.urgency}~{self.since.isoformat()}~{self.id}"

    @classmethod
    def read(cls, text: str) -> "Key | None":
        try:
            urgency, since, number = text.split("~")
            at = datetime.fromisoformat(since).astimezone(UTC)
            return cls(int(urgency), at, int(number)) if max(len(urgency), len(number)) < _LONGEST_NUMBER else None
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the list. `since`: from when on somebody waits. `code`: none for a stranger's."""

    id: int
    code: str | None
    name: str
    stage: str | None
    risk: str | None
    store: str | None
    cohort: str | None
    state: str
    reason: str
    urgency: int
    since: datetime
    assigned: str | None
    claimed_by: str | None
    next_at: datetime | None
    outcome: str | None
    clock: str | None

    @property
    def rests(self) -> bool:
        """Handed back: nobody's duty until the candidate needs HR again."""
        return self.clock == REST

    @property
    def key(self) -> Key:
        return Key(self.urgency, self.since, self.id)


_SINCE = sa.func.coalesce(cases.c.unanswered_since, cases.c.reopened_at, cases.c.opened_at, type_=Moment)
_ENDED = sa.func.coalesce(cases.c.resolved_at, cases.c.opened_at, type_=Moment)


def page(
    connection: Connection, cipher: Cipher, sight: Visibility, wanted: CaseFilter, limit: int = PAGE
) -> list[CaseRow]:
    """At most `limit` and one more, by which the reader knows that there is another page. Which cases comes first, so
    that who they are about is looked up for these alone."""
    ended = wanted.state == "resolved"
    since, order = (_ENDED, [cases.c.id.desc()]) if ended else (_SINCE, [cases.c.urgency, _SINCE, cases.c.id])
    further = _before(wanted) if ended else _after(wanted)
    these = sa.select(cases.c.id).where(case_seen_by(sight), *_conditions(wanted, sight), *further)
    found = _select(since).where(cases.c.id.in_(these.order_by(*order).limit(limit + 1)))
    return _read(connection, cipher, found.order_by(*order))


def some(connection: Connection, cipher: Cipher, sight: Visibility, ids: Collection[int]) -> list[CaseRow]:
    """Those of these that are theirs to see."""
    found = _select(_SINCE).where(case_seen_by(sight), cases.c.id.in_(ids))
    return _read(connection, cipher, found.order_by(cases.c.urgency, _SINCE, cases.c.id))


def has_open_case() -> sa.ColumnElement[bool]:
    """The condition on `candidates`; those cases are few, and looked up once."""
    open_ = sa.select(cases.c.candidate_id).where(OPEN)
    return candidates.c.id.in_(open_)


def _select(since: Any) -> "sa.Select[Any]":
    return (
        sa.select(
            cases.c.id,
            candidates.c.code,
            candidates.c.name,
            candidates.c.stage,
            candidates.c.risk,
            stores.c.name.label("store"),
            cohorts.c.code.label("cohort"),
            cases.c.state,
            cases.c.reason,
            cases.c.urgency,
            since.label("since"),
            cases.c.assigned,
            cases.c.claimed_by,
            cases.c.next_at,
            cases.c.outcome,
            cases.c.clock,
        )
        .select_from(cases)
        .outerjoin(candidates, cases.c.candidate_id == candidates.c.id)
        .outerjoin(stores, candidates.c.store_id == stores.c.id)
        .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
    )


def _conditions(wanted: CaseFilter, sight: Visibility) -> list[sa.ColumnElement[bool]]:
    found = [cases.c.state.in_(_OPEN) if wanted.state == "open" else cases.c.state == wanted.state]
    if wanted.state != "resolved":
        found.append(OPEN)
    if wanted.whose == "mine":
        found.append(sa.or_(cases.c.claimed_by == sight.code, cases.c.assigned == sight.code))
    if wanted.whose == "unassigned":
        found += [cases.c.assigned.is_(None), cases.c.claimed_by.is_(None)]
    if wanted.urgency is not None:
        found.append(cases.c.urgency == wanted.urgency)
    if wanted.candidates is not None:
        found.append(cases.c.candidate_id.in_(sorted(wanted.candidates)))
    if wanted.reason:
        found.append(cases.c.reason == wanted.reason)
    for column, place, code in (
        (candidates.c.store_id, stores, wanted.store),
        (candidates.c.cohort_id, cohorts, wanted.cohort),
    ):
        if code:
            there = sa.select(candidates.c.id).join(place, column == place.c.id).where(place.c.code == code)
            found.append(cases.c.candidate_id.in_(there))
    return found


def _after(wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
    key = wanted.after
    if key is None:
        return []
    since = sa.literal(key.since, Moment)
    further = sa.or_(since < _SINCE, sa.and_(since == _SINCE, cases.c.id > key.id))
    return [sa.or_(cases.c.urgency > key.urgency, sa.and_(cases.c.urgency == key.urgency, further))]


def _before(wanted: CaseFilter) -> list[sa.ColumnElement[bool]]:
    return [cases.c.id < wanted.after.id] if wanted.after else []


def _read(connection: Connection, cipher: Cipher, wanted: "sa.Select[Any]") -> list[CaseRow]:
    found = []
    for row in connection.execute(wanted):
        name = cipher.open(row.name, "candidates.name") if row.name else ""
        found.append(CaseRow(row.id, row.code, name, *row[3:]))
    return found
