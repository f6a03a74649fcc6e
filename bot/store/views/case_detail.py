"""One person as HR reads them: what was said, what happened, what worries, what is to come."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import pauses
from bot.store.db.cipher import Cipher
from bot.store.messages import STAFF, shown
from bot.store.signs import is_sign
from bot.store.tables import (
    addresses,
    case_events,
    case_reasons,
    cases,
    contacts,
    inbound,
    links,
    outbound,
    risk_changes,
    signals,
    stage_times,
    suggestions,
    touches,
)

_LINES = 60


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One message. `by`: candidate, bot or staff (then `staff` has the code of who). `state`, `reason`: what became of
    what we sent. `kind`: text, or what else it was."""

    at: datetime
    by: str
    text: str
    kind: str = "text"
    state: str = ""
    reason: str = ""
    via: str = ""
    staff: str = ""


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the history: `what` it is, of which kind, by whom, with its details and the words of a person."""

    at: datetime
    kind: str  # case, opened, contact, stage, risk
    what: str
    actor: str = ""
    detail: Any = None
    note: str = ""
    id: int = 0  # of its row


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the bot would have answered."""

    id: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TouchLine:
    """What keepwarm said or will say by itself. `waits`: why it is not said yet although its time may come, see
    bot.store.pauses."""

    entry: str
    kind: str
    at: datetime
    state: str
    expects: str | None
    seen: bool
    answered: bool
    waits: str = ""


Whose = tuple[int | None, int | None]  # the candidate, else the address of a stranger


def talk(connection: Connection, cipher: Cipher, whose: Whose, limit: int = _LINES) -> list[ChatLine]:
    """The newest messages of both sides, the oldest of them first."""
    both = [*_heard(connection, cipher, whose, limit), *_said(connection, cipher, whose, limit)]
    return sorted(both, key=lambda one: one.at)[-limit:]


def history(connection: Connection, cipher: Cipher, candidate_id: int | None, case_id: int | None) -> list[Happened]:
    """The newest first. `case_id`: of a stranger's case, which nothing else belongs to."""
    theirs = cases.c.candidate_id == candidate_id if candidate_id else cases.c.id == case_id
    events = _case_events(connection, cipher, theirs)
    found = [*events, *_opened(connection, cipher, theirs)]
    if candidate_id:  # a call is told by its contact
        found = [one for one in found if one.what != "called"]
        found += [
            *_contacts(connection, cipher, candidate_id),
            *_stages(connection, candidate_id),
            *_levels(connection, candidate_id),
        ]
    return sorted(found, key=lambda one: one.at, reverse=True)


def signals_of(connection: Connection, candidate_id: int, limit: int = 12) -> list[Any]:
    """Name, moment, points and evidence, the newest first."""
    theirs = sa.select(signals).where(signals.c.candidate_id == candidate_id)
    return list(connection.execute(theirs.order_by(signals.c.at.desc()).limit(limit)))


def weighing(connection: Connection, candidate_id: int) -> list[str]:
    """The names of what weighed most when the risk changed last, the heaviest first."""
    theirs = sa.select(risk_changes.c.signals).where(risk_changes.c.candidate_id == candidate_id)
    return list(connection.execute(theirs.order_by(risk_changes.c.id.desc()).limit(1)).scalar() or ())


def suggested(connection: Connection, cipher: Cipher, case_id: int) -> list[Suggested]:
    """What is still open, in order."""
    open_ = suggestions.c.case_id == case_id, suggestions.c.state == "open"
    wanted = sa.select(suggestions.c.id, suggestions.c.text, suggestions.c.created_at).where(*open_)
    rows = connection.execute(wanted.order_by(suggestions.c.id))
    return [Suggested(row.id, cipher.open(row.text, "suggestions.text"), row.created_at) for row in rows]


def coming(connection: Connection, candidate_id: int, now: datetime, limit: int = 8) -> list[TouchLine]:
    planned = touches.c.candidate_id == candidate_id, touches.c.state == "planned"
    paused = pauses.why(connection, candidate_id, now)
    return [
        replace(_touch(row, row.due_at), waits=paused if pauses.holds_back(paused, row.entry, row.kind) else "")
        for row in _touches(connection, planned, touches.c.due_at, limit)
    ]


def told(connection: Connection, candidate_id: int, limit: int = 8) -> list[TouchLine]:
    """What was said unasked, the newest first."""
    sent = touches.c.candidate_id == candidate_id, touches.c.state == "sent", touches.c.ended_at.is_not(None)
    theirs = sa.select(sa.func.max(inbound.c.received_at)).where(inbound.c.candidate_id == candidate_id, is_sign)
    heard_at = connection.execute(theirs).scalar()  # who has written since has seen it
    rows = _touches(connection, sent, touches.c.ended_at.desc(), limit)
    return [_touch(row, row.ended_at, bool(heard_at and heard_at > row.ended_at)) for row in rows]


def page_seen(connection: Connection, candidate_id: int) -> bool:
    """Whether they ever did something on their page; when and how often is theirs."""
    seen = links.c.candidate_id == candidate_id, links.c.seen_at.is_not(None)
    return connection.execute(sa.select(links.c.id).where(*seen).limit(1)).first() is not None


def channels_of(connection: Connection, candidate_id: int) -> list[Any]:
    """Where they can be written to: channel, last_inbound_at, and whether that is stopped."""
    wanted = sa.select(
        addresses.c.channel,
        addresses.c.last_inbound_at,
        addresses.c.stopped_at,
        addresses.c.unfollowed_at,
        addresses.c.unreachable_at,
    )
    return list(connection.execute(wanted.where(addresses.c.candidate_id == candidate_id)))


def _touches(connection: Connection, which: Sequence[Any], order: Any, limit: int) -> Sequence[Any]:
    return connection.execute(sa.select(touches).where(*which).order_by(order).limit(limit)).all()


def _touch(row: Any, at: datetime, wrote: bool = False) -> TouchLine:
    seen = wrote or row.seen_at is not None or row.answered_at is not None
    return TouchLine(row.entry, row.kind, at, row.state, row.expects, seen, row.answered_at is not None)


def _of(table: sa.Table, whose: Whose) -> sa.ColumnElement[bool]:
    candidate_id, address_id = whose
    if candidate_id is not None:
        return table.c.candidate_id == candidate_id
    return sa.and_(table.c.address_id == address_id, table.c.candidate_id.is_(None))


def _heard(connection: Connection, cipher: Cipher, whose: Whose, limit: int) -> list[ChatLine]:
    wanted = sa.select(inbound.c.received_at, inbound.c.kind, inbound.c.text).where(_of(inbound, whose))
    rows = connection.execute(wanted.order_by(inbound.c.received_at.desc()).limit(limit))
    return [
        ChatLine(row.received_at, "candidate", cipher.open(row.text, "inbound.text") if row.text else "", row.kind)
        for row in rows
    ]


def _said(connection: Connection, cipher: Cipher, whose: Whose, limit: int) -> list[ChatLine]:
    wanted = sa.select(
        outbound.c.id,
        outbound.c.created_at,
        outbound.c.text,
        outbound.c.kind,
        outbound.c.said,
        outbound.c.state,
        outbound.c.reason,
        outbound.c.via,
    ).where(_of(outbound, whose))
    rows = connection.execute(wanted.order_by(outbound.c.created_at.desc(), outbound.c.id.desc()).limit(limit)).all()
    writers = _writers(connection, [row.id for row in rows if row.said == STAFF], whose)
    return [
        ChatLine(
            row.created_at,
            STAFF if row.said == STAFF else "bot",
            shown(cipher, row),
            state=row.state,
            reason=row.reason or "",
            via=row.via or "",
            staff=writers.get(row.id, ""),
        )
        for row in reversed(rows)
    ]


def _writers(connection: Connection, ids: Sequence[int], whose: Whose) -> dict[int, str]:
    """Who of HR wrote which message."""
    if not ids:
        return {}
    theirs = cases.c.candidate_id == whose[0] if whose[0] else cases.c.address_id == whose[1]
    wanted = sa.select(case_events.c.actor, case_events.c.detail).join(cases, cases.c.id == case_events.c.case_id)
    rows = connection.execute(wanted.where(theirs, case_events.c.what == "replied"))
    told = {row.detail.get("outbound"): row.actor for row in rows if isinstance(row.detail, dict)}
    return {number: actor.removeprefix("staff:") for number, actor in told.items() if isinstance(number, int)}


def _case_events(connection: Connection, cipher: Cipher, theirs: sa.ColumnElement[bool]) -> list[Happened]:
    wanted = sa.select(case_events).join(cases, cases.c.id == case_events.c.case_id).where(theirs)
    return [
        Happened(
            row.at,
            "case",
            row.what,
            row.actor,
            row.detail,
            cipher.open(row.note, "case_events.note") if row.note else "",
            row.id,
        )
        for row in connection.execute(wanted.order_by(case_events.c.id.desc()).limit(_LINES))
    ]


def _opened(connection: Connection, cipher: Cipher, theirs: sa.ColumnElement[bool]) -> list[Happened]:
    wanted = sa.select(case_reasons).join(cases, cases.c.id == case_reasons.c.case_id).where(theirs)
    rows = connection.execute(wanted.order_by(case_reasons.c.id.desc()).limit(_LINES))
    return [Happened(row.at, "opened", row.reason, note=_answers(cipher, row.detail), id=row.id) for row in rows]


def _answers(cipher: Cipher, detail: bytes | None) -> str:
    """What the person said when the case was opened."""
    known = json.loads(cipher.open(detail, "case_reasons.detail")) if detail else {}
    return " · ".join(value for value in known.values() if isinstance(value, str)) if isinstance(known, dict) else ""


def _contacts(connection: Connection, cipher: Cipher, candidate_id: int) -> list[Happened]:
    """Calls that belong to a case are told by its own line."""
    wanted = sa.select(contacts).where(contacts.c.candidate_id == candidate_id)
    rows = connection.execute(wanted.order_by(contacts.c.id.desc()).limit(_LINES))
    return [
        Happened(
            row.at,
            "contact",
            row.how,
            f"staff:{row.staff}",
            {"outcome": row.outcome},
            cipher.open(row.note, "contacts.note") if row.note else "",
            row.id,
        )
        for row in rows
    ]


def _stages(connection: Connection, candidate_id: int) -> list[Happened]:
    rows = connection.execute(sa.select(stage_times).where(stage_times.c.candidate_id == candidate_id))
    return [Happened(row.at, "stage", row.stage) for row in rows]


def _levels(connection: Connection, candidate_id: int) -> list[Happened]:
    theirs = sa.select(risk_changes).where(risk_changes.c.candidate_id == candidate_id)
    rows = connection.execute(theirs.order_by(risk_changes.c.id.desc()).limit(_LINES))
    return [Happened(row.at, "risk", row.level, detail={"signals": row.signals}, id=row.id) for row in rows]
