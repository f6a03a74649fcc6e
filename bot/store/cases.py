"""What HR works on: opens cases and keeps what happens to them. Who may do what is decided by bot.inbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import events
from bot.store.tables import candidates, case_events, case_reasons, cases
from bot.vocabulary import URGENCY, USUAL_URGENCY

OPEN = cases.c.state != "resolved"
ASSIGN = "assign"  # the clock of a case that nobody has been given yet
SILENT = frozenset({"claimed", "waiting"})  # a person of HR talks with the candidate: the bot begins nothing


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


def is_claimed(connection: Connection, candidate_id: int) -> bool:
    """Whether somebody of HR is talking with the candidate: then the bot begins nothing."""
    return claimed(connection, candidate_id) is not None


def claimed(connection: Connection, candidate_id: int) -> int | None:
    """The case with which somebody of HR holds the candidate."""
    held = cases.c.candidate_id == candidate_id, cases.c.state.in_(sorted(SILENT))
    return connection.execute(sa.select(cases.c.id).where(*held)).scalar()


def open_case(
    connection: Connection,
    candidate_id: int | None,
    address_id: int | None,
    reason: str,
    now: datetime,
    detail: bytes | None = None,
) -> int:
    """One open case a person: a further reason joins it, with its sealed detail, and may make it more urgent. Who is
    given it, and who hears of it, follows with the next tick. Gives the case's id."""
    who = cases.c.candidate_id == candidate_id if candidate_id else cases.c.address_id == address_id
    found = connection.execute(sa.select(*COLUMNS).where(who, OPEN)).first()
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
        }
        case_id = int(connection.execute(sa.insert(cases).values(row).returning(cases.c.id)).scalar_one())
        tell(connection, case_id, "case.opened", now)
    else:
        case_id = found.id
        again: dict[str, Any] = {"asked": cases.c.asked + 1}
        if urgency < found.urgency:
            again |= {"urgency": urgency, "reason": reason, "next_at": now}
        if found.state == "snoozed" and urgency <= 1:
            again |= {"state": "new", "claimed_by": None, "clock": ASSIGN, "next_at": now, "warned_at": None}
        change(connection, case_id, now, **again)
    connection.execute(sa.insert(case_reasons).values(case_id=case_id, reason=reason, detail=detail, at=now))
    return case_id


def load(connection: Connection, case_id: int, hold: bool = False) -> Case | None:
    """`hold`: nobody else changes it until the transaction ends."""
    wanted = sa.select(*COLUMNS).where(cases.c.id == case_id)
    row = connection.execute(wanted.with_for_update() if hold else wanted).first()
    return Case(*row) if row else None


def open_of(connection: Connection, candidate_id: int) -> Case | None:
    """The candidate's open case."""
    row = connection.execute(sa.select(*COLUMNS).where(cases.c.candidate_id == candidate_id, OPEN)).first()
    return Case(*row) if row else None


def due(connection: Connection, now: datetime, limit: int) -> list[Case]:
    """Whose clock strikes, held until the transaction ends."""
    struck = sa.select(*COLUMNS).where(cases.c.next_at <= now).order_by(cases.c.next_at).limit(limit)
    return [Case(*row) for row in connection.execute(struck.with_for_update(skip_locked=True))]


def change(connection: Connection, case_id: int, now: datetime, **columns: Any) -> None:
    """Pages that show the case see that it has changed."""
    values = {"updated_at": now, "version": cases.c.version + 1, **columns}
    connection.execute(sa.update(cases).where(cases.c.id == case_id).values(values))


def note(
    connection: Connection,
    case_id: int,
    actor: str,
    what: str,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    sealed: bytes | None = None,
) -> None:
    """One line of what happened to a case. Actor: `staff:<code>`, `candidate`, `bot`."""
    row = {"case_id": case_id, "at": now, "actor": actor, "what": what, "note": sealed}
    connection.execute(sa.insert(case_events).values(row | {"detail": dict(detail) if detail else None}))


def tell(connection: Connection, case_id: int, kind: str, now: datetime) -> None:
    """Lets the company's own systems know how the case stands."""
    its = sa.select(
        cases.c.candidate_id, cases.c.state, cases.c.reason, cases.c.urgency, cases.c.outcome, candidates.c.code
    )
    row = connection.execute(
        its.outerjoin(candidates, cases.c.candidate_id == candidates.c.id).where(cases.c.id == case_id)
    ).one()
    body = {"case": case_id, "candidate": row.code, "state": row.state, "reason": row.reason, "urgency": row.urgency}
    events.keep(connection, kind, row.candidate_id, body | {"outcome": row.outcome}, now)
