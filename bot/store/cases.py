"""What HR works on: opens cases and keeps what happens to them. Who may do what is decided by bot.inbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.record.vocabulary import DANGER, URGENCY, USUAL_URGENCY, Happening
from bot.store import alerts, events, risk
from bot.store.db import bulk
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import update
from bot.store.tables import Moment, candidates, case_events, case_reasons, cases

OPEN = cases.c.state != word("resolved")  # as the indexes of open ones have it
ASSIGN = "assign"  # the clock of a case that nobody has been given yet
REST = "rest"  # the clock of a case that is nobody's duty until the candidate needs HR again
LOOKED_AT = timedelta(days=1)  # how often such a case is looked at, in case it is over
_SAME = timedelta(days=7)  # what comes up again so soon is the same case
SILENT = frozenset({"claimed", "waiting"})  # a person of HR talks with the candidate: the bot begins nothing

_STANDING = Prepared(
    sa.select(
        cases.c.id,
        cases.c.state,
        cases.c.urgency,
        sa.func.coalesce(cases.c.reopened_at, cases.c.opened_at, type_=Moment).label("since"),
    ).where(cases.c.candidate_id == sa.bindparam("candidate"), OPEN)
)


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table, without what only queries need."""

    id: int
    candidate_id: int | None
    address_id: int | None
    state: str
    reason: str
    urgency: int
    opened_at: datetime
    updated_at: datetime
    assigned: str | None
    claimed_by: str | None
    claimed_at: datetime | None
    unanswered_since: datetime | None
    answered_at: datetime | None
    staff_wrote_at: datetime | None
    clock: str | None
    next_at: datetime | None
    warned_at: datetime | None
    rung: int
    missed: int
    reopened_at: datetime | None
    resolved_at: datetime | None
    outcome: str | None
    version: int


COLUMNS = tuple(cases.c[name] for name in Case.__dataclass_fields__)
_DUE = Prepared(
    sa.select(*COLUMNS)
    .where(cases.c.next_at <= sa.bindparam("now"))
    .order_by(cases.c.urgency, cases.c.next_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_OF = cases.c.candidate_id == sa.bindparam("candidate")
_OPEN_OF = Prepared(sa.select(*COLUMNS).where(_OF, OPEN))
_LAST_RESOLVED = Prepared(sa.select(sa.func.max(cases.c.resolved_at).label("at")).where(_OF))
_NEXT_VERSION, _ASKED_AGAIN = cases.c.version + 1, cases.c.asked + 1


class OpenCase(NamedTuple):
    """What the bot must know of an open case before it speaks. `since`: when it began, or began anew."""

    id: int
    state: str
    urgency: int
    since: datetime


def standing(connection: Connection, candidate_id: int) -> OpenCase | None:
    """The candidate's open case."""
    row = _STANDING.first(connection, {"candidate": candidate_id})
    return OpenCase(*row) if row else None


def open_case(
    connection: Connection,
    candidate_id: int | None,
    address_id: int | None,
    reason: str,
    now: datetime,
    detail: bytes | None = None,
) -> int:
    """One open case a person: a further reason joins it, with its sealed detail, and may make it more urgent. With an
    address it is the candidate who asked, and waits for a word. Who is given the case, and who hears of it, follows
    with the next tick. Gives the case's id."""
    who = cases.c.candidate_id == candidate_id if candidate_id else cases.c.address_id == address_id
    found = connection.execute(sa.select(*COLUMNS).where(who, OPEN)).first() or _reopened(connection, who, reason, now)
    urgency = URGENCY.get(reason, USUAL_URGENCY)
    if found is None:
        row = {
            "candidate_id": candidate_id,
            "address_id": address_id,
            "state": "new",
            "reason": reason,
            "urgency": urgency,
            "opened_at": now,
            "updated_at": now,
            "clock": ASSIGN,
            "next_at": now,
            "unanswered_since": now if address_id else None,
        }
        case_id = int(connection.execute(sa.insert(cases).values(row).returning(cases.c.id)).scalar_one())
        emit_event(connection, case_id, "case.opened", now)
    else:
        case_id = found.id
        again: dict[str, Any] = {"asked": _ASKED_AGAIN}
        if address_id and found.unanswered_since is None:
            again |= {"unanswered_since": now, "next_at": now}
            again |= {"reason": reason} if urgency <= found.urgency else {}  # what they ask, not why HR was to look
        if urgency < found.urgency:
            again |= {"urgency": urgency, "reason": reason, "next_at": now}
            again |= _endangered(connection, found, now) if urgency == DANGER else {}
        if found.clock == REST:
            again |= {"clock": ASSIGN, "next_at": now, "warned_at": None, "reopened_at": now}
        if found.state == "snoozed" and urgency <= 1:
            again |= {"state": "new", "claimed_by": None, "clock": ASSIGN, "next_at": now, "warned_at": None}
        change(connection, case_id, now, **again)
    connection.execute(sa.insert(case_reasons).values(case_id=case_id, reason=reason, detail=detail, at=now))
    if candidate_id:
        risk.wake(connection, [candidate_id], now)
    return case_id


def _endangered(connection: Connection, case: Any, now: datetime) -> dict[str, Any]:
    """Whoever has the case, or was to take it, hears at once of what it has become, and the ladder begins anew."""
    to = case.claimed_by or case.assigned
    if to and case.clock != ASSIGN and case.state != "snoozed":
        alerts.keep(connection, to, "danger", None, DANGER, case_id=case.id, due_at=now, created_at=now)
    anew: dict[str, Any] = {"rung": 0, "warned_at": None}
    return anew | ({"reopened_at": now} if case.state == "new" else {})


def carry_over(connection: Connection, address_id: int, candidate_id: int, now: datetime) -> None:
    """What was opened for whoever writes from there is the candidate's, once we know who that is."""
    strangers = cases.c.address_id == address_id, cases.c.candidate_id.is_(None), OPEN
    found = connection.execute(sa.select(*COLUMNS).where(*strangers)).first()
    if found is None:
        return
    if standing(connection, candidate_id) is None:
        change(connection, found.id, now, candidate_id=candidate_id)
    else:
        why = sa.select(case_reasons.c.reason, case_reasons.c.detail).where(case_reasons.c.case_id == found.id)
        for row in connection.execute(why.order_by(case_reasons.c.id)).all():
            open_case(connection, candidate_id, address_id, row.reason, now, row.detail)
        over = {"state": "resolved", "resolved_at": now, "outcome": "answered", "unanswered_since": None}
        change(connection, found.id, now, **over, clock=None, next_at=None, warned_at=None)
        log_event(connection, found.id, "bot", "resolved", now, {"outcome": "answered"})
    emit_event(connection, found.id, "case.changed", now)
    risk.wake(connection, [candidate_id], now)


def has_reason(connection: Connection, candidate_id: int | None, address_id: int, reason: str) -> bool:
    """Whether the open case of this person was opened for that too."""
    who = cases.c.candidate_id == candidate_id if candidate_id else cases.c.address_id == address_id
    joined = case_reasons.join(cases, cases.c.id == case_reasons.c.case_id)
    wanted = sa.select(case_reasons.c.id).select_from(joined).where(who, OPEN, case_reasons.c.reason == reason)
    return connection.execute(wanted.limit(1)).first() is not None


def _reopened(connection: Connection, who: sa.ColumnElement[bool], reason: str, now: datetime) -> Any:
    """What was resolved a few days ago was not over: its case goes on, for what it is about now."""
    lately = who, cases.c.state == "resolved", cases.c.resolved_at > now - _SAME
    found = connection.execute(sa.select(*COLUMNS).where(*lately).order_by(cases.c.id.desc()).limit(1)).first()
    if found is None:
        return None
    again = {"state": "new", "claimed_by": None, "claimed_at": None, "resolved_at": None, "outcome": None, "rung": 0}
    again |= {"reason": reason, "urgency": URGENCY.get(reason, USUAL_URGENCY)}
    change(connection, found.id, now, **again, reopened_at=now, clock=ASSIGN, next_at=now, warned_at=None)
    log_event(connection, found.id, "bot", "reopened", now)
    emit_event(connection, found.id, "case.changed", now)
    return connection.execute(sa.select(*COLUMNS).where(cases.c.id == found.id)).first()


def last_resolved(connection: Connection, candidate_id: int) -> datetime | None:
    """When HR was done with the candidate last."""
    at: datetime | None = _LAST_RESOLVED.first(connection, {"candidate": candidate_id}).at
    return at


def opened_since(connection: Connection, owner: str | None, since: datetime) -> int:
    """How many new cases a recruiter has got since then."""
    theirs = candidates.c.owner.is_(None) if owner is None else candidates.c.owner == owner
    joined = cases.join(candidates, cases.c.candidate_id == candidates.c.id)
    wanted = sa.select(sa.func.count()).select_from(joined).where(cases.c.opened_at >= since, theirs)
    return int(connection.execute(wanted).scalar_one())


def load(connection: Connection, case_id: int, hold: bool = False) -> Case | None:
    """`hold`: nobody else changes it until the transaction ends."""
    wanted = sa.select(*COLUMNS).where(cases.c.id == case_id)
    row = connection.execute(wanted.with_for_update() if hold else wanted).first()
    return Case(*row) if row else None


def open_of(connection: Connection, candidate_id: int) -> Case | None:
    """The candidate's open case."""
    row = _OPEN_OF.first(connection, {"candidate": candidate_id})
    return Case(*row) if row else None


def due(connection: Connection, now: datetime, limit: int) -> list[Case]:
    """Whose clock strikes, held until the transaction ends."""
    return [Case(*row) for row in _DUE.rows(connection, {"now": now, "limit": limit})]


def change(connection: Connection, case_id: int, now: datetime, **columns: Any) -> None:
    """Pages that show the case see that it has changed."""
    update(connection, cases, [case_id], {"updated_at": now, "version": _NEXT_VERSION, **columns})


def log_event(
    connection: Connection,
    case_id: int,
    actor: str,
    what: Happening,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    sealed: bytes | None = None,
) -> None:
    """One line of what happened to a case. Actor: `staff:<code>`, `candidate`, `bot`."""
    row = {"case_id": case_id, "at": now, "actor": actor, "what": what, "note": sealed}
    bulk.insert(connection, case_events, [row | {"detail": dict(detail) if detail else None}])


def emit_event(connection: Connection, case_id: int, kind: str, now: datetime) -> None:
    """Lets the company's own systems know how the case stands."""
    its = sa.select(
        cases.c.candidate_id, cases.c.state, cases.c.reason, cases.c.urgency, cases.c.outcome, candidates.c.code
    )
    row = connection.execute(
        its.outerjoin(candidates, cases.c.candidate_id == candidates.c.id).where(cases.c.id == case_id)
    ).one()
    body = {"case": case_id, "candidate": row.code, "state": row.state, "reason": row.reason, "urgency": row.urgency}
    events.keep(connection, kind, row.candidate_id, body | {"outcome": row.outcome}, now)
