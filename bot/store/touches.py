"""What keepwarm will say by itself: planned, claimed when due, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.rhythm import Planned
from bot.rhythm.planning import Difference
from bot.store import risk
from bot.store.db import bulk
from bot.store.db.insert import insert_unless_there
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import update
from bot.store.signs import is_sign
from bot.store.tables import Moment, candidates, inbound, outbound, touches

Ended = Literal["sent", "expired", "cancelled", "suppressed"]
By = Literal["rhythm", "hr", "promise", "risk"]

TRAINING = ("training_notice", "training_moved", "training_cancelled", "training_slipped")  # HR's news of a training
TAKE_BACK = timedelta(minutes=10)  # so long after it is published nobody is told, and it can be taken back
DATED = ("training_notice", "training_moved")  # of which that tell a date
CHANGES = ("training_moved", "training_cancelled")  # of what they were told before
NUDGE, NUDGE_OTHER = "nudge", "nudge_other"  # to somebody at risk: in the chat, then by another road
WINDOW = "window"  # why a story was put off: no chat is open


@dataclass(frozen=True, slots=True)
class Touch:
    """A touch whose moment has come."""

    id: int
    candidate_id: int
    entry: str
    occasion: str
    by: str
    kind: str
    begins: str
    template: str | None
    urgent: bool
    meant_at: datetime | None
    due_at: datetime
    deferred: str | None
    expires_at: datetime | None
    expects: str | None
    within: int | None  # seconds
    unmet: str | None
    ended_at: datetime | None


_TOUCH = tuple(touches.c[name] for name in Touch.__dataclass_fields__)
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_PLANNED, _IS_DUE = touches.c.state == word("planned"), touches.c.due_at <= sa.bindparam("now")
_highest = sa.select(sa.func.max(touches.c.priority).label("priority")).where(_PLANNED)
_each = _highest.cte("each", recursive=True)
_each = _each.union_all(  # from one priority to the next, past all touches that have it
    sa.select(_highest.where(touches.c.priority < _each.c.priority).scalar_subquery()).where(
        _each.c.priority.is_not(None)
    )
)
_PRIORITIES_DUE = Prepared(
    sa.select(_each.c.priority)
    .where(sa.exists().where(_PLANNED, touches.c.priority == _each.c.priority, _IS_DUE))
    .order_by(_each.c.priority.desc())
)
_DUE = Prepared(
    sa.select(*_TOUCH)
    .where(_PLANNED, touches.c.priority == sa.bindparam("priority"), _IS_DUE)
    .order_by(touches.c.due_at, touches.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_TO_JUDGE = Prepared(
    sa.select(*_TOUCH)
    .where(touches.c.look_at <= sa.bindparam("now"))
    .order_by(touches.c.look_at)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_END = Prepared(
    sa.update(touches)
    .where(touches.c.id == sa.bindparam("touch_id"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("state", "reason", "ended_at", "outbound_id", "look_at")})
)
_WINDOW_OPENS = Prepared(
    sa.update(touches)
    .where(
        touches.c.candidate_id == sa.bindparam("candidate"),
        touches.c.state == word("planned"),
        touches.c.deferred == word(WINDOW),
    )
    .values(due_at=sa.bindparam("new_due_at", type_=Moment))
)
_STORIES = Prepared(
    sa.select(touches.c.ended_at)
    .where(
        touches.c.candidate_id == sa.bindparam("candidate"),
        touches.c.kind == word("story"),
        touches.c.state == word("sent"),
        touches.c.outbound_id.is_not(None),
        touches.c.ended_at > sa.bindparam("since"),
    )
    .order_by(touches.c.ended_at)
)
_LAST_SAID = Prepared(
    sa.select(sa.func.max(touches.c.ended_at).label("at")).where(
        touches.c.candidate_id == sa.bindparam("candidate_id"),
        touches.c.state == word("sent"),
        touches.c.outbound_id.is_not(None),
    )
)


def plan(connection: Connection, planned: Sequence[Planned], by: By, now: datetime, urgent: bool = False) -> None:
    """What is planned already, or was, stays as it is: nothing is said twice."""
    for one in planned:
        insert_unless_there(connection, touches, _row(one, by, now, urgent))


def plan_anew(connection: Connection, planned: Sequence[Planned], by: By, now: datetime, urgent: bool = False) -> None:
    """As `plan`, but what was said before under the same occasion is to be said once more: it is true again."""
    ended = ("deferred", "reason", "outbound_id", "look_at", "seen_at", "answered_at", "unmet_at", "ended_at")
    for one in planned:
        this = _is(one.candidate_id, one.entry, one.occasion), touches.c.state != "planned"
        row = _row(one, by, now, urgent) | dict.fromkeys(ended)
        if not connection.execute(sa.update(touches).where(*this).values(**row)).rowcount:
            plan(connection, [one], by, now, urgent)


def _row(one: Planned, by: By, now: datetime, urgent: bool = False) -> dict[str, Any]:
    return {
        "candidate_id": one.candidate_id,
        "entry": one.entry,
        "occasion": one.occasion,
        "by": by,
        "kind": one.kind,
        "begins": one.begins,
        "template": one.template or None,
        "priority": one.priority,
        "urgent": urgent,
        "state": "planned",
        "meant_at": one.at,
        "due_at": one.at,
        "expires_at": one.expires_at,
        "expects": one.expects or None,
        "within": int(one.within.total_seconds()) if one.within else None,
        "unmet": one.unmet or None,
        "created_at": now,
    }


def apply(connection: Connection, changes: Sequence[tuple[int, Difference]], now: datetime) -> int:
    """Brings what is planned for these candidates to what the rhythm wants now; gives how many touches changed. A touch
    that was put off keeps its later moment, unless the rhythm wants it at another one."""
    bulk.insert(connection, touches, [_row(one, "rhythm", now) for _, change in changes for one in change.new])
    for _, change in changes:
        for one in change.back:
            fresh = _row(one, "rhythm", now) | {"deferred": None, "reason": None, "ended_at": None}
            _update(connection, one, "cancelled", fresh)
        for one in change.other:
            kept = sa.case((touches.c.meant_at == one.at, touches.c.due_at), else_=one.at)
            row = _row(one, "rhythm", now) | {"due_at": kept}
            _update(connection, one, "planned", {k: v for k, v in row.items() if k not in ("created_at", "urgent")})
    for candidate_id, change in changes:
        for told in change.gone:
            this = _is(candidate_id, told.entry, told.occasion), touches.c.state == "planned"
            ended = {"state": "cancelled", "reason": "no longer in the plan", "ended_at": now}
            connection.execute(sa.update(touches).where(*this).values(ended))
    return sum(len(c.new) + len(c.back) + len(c.other) + len(c.gone) for _, c in changes)


def _update(connection: Connection, one: Planned, state: str, row: Mapping[str, Any]) -> None:
    this = _is(one.candidate_id, one.entry, one.occasion), touches.c.state == state
    connection.execute(sa.update(touches).where(*this).values(**row))


def _is(candidate_id: int, entry: str, occasion: str) -> sa.ColumnElement[bool]:
    return (touches.c.candidate_id == candidate_id) & (touches.c.entry == entry) & (touches.c.occasion == occasion)


def take_back(connection: Connection, entry: str, occasion: str, reason: str, now: datetime) -> int:
    """Cancels what is planned under this entry and occasion, for everybody; gives how many."""
    these = touches.c.entry == entry, touches.c.occasion == occasion, _PLANNED
    ended = sa.update(touches).where(*these).values(state="cancelled", reason=reason, ended_at=now)
    return connection.execute(ended).rowcount


def due(connection: Connection, now: datetime, limit: int) -> list[Touch]:
    """Planned touches whose moment has come, the most urgent first, held until the transaction ends. Priority by
    priority, so that a batch costs the same however many are due."""
    found: list[Touch] = []
    for row in _PRIORITIES_DUE.rows(connection, {"now": now}):
        wanted = {"priority": row.priority, "now": now, "limit": limit - len(found)}
        found += [Touch(*each) for each in _DUE.rows(connection, wanted)]
        if len(found) == limit:
            break
    return found


def to_judge(connection: Connection, now: datetime, limit: int) -> list[Touch]:
    """Touches that were said and whose time to be answered is over, held until the transaction ends."""
    return [Touch(*row) for row in _TO_JUDGE.rows(connection, {"now": now, "limit": limit})]


def save_result(connection: Connection, touch: Touch, met_at: datetime | None, now: datetime) -> None:
    """Answered or seen at that moment, or not at all."""
    met = {"answered_at" if touch.expects != "seen" else "seen_at": met_at} if met_at else {"unmet_at": now}
    connection.execute(sa.update(touches).where(touches.c.id == touch.id).values(look_at=None, **met))
    risk.wake(connection, [touch.candidate_id], now)


def heard_after(connection: Connection, candidate_id: int, at: datetime) -> datetime | None:
    """When the candidate wrote for the first time after this moment."""
    theirs = inbound.c.candidate_id == candidate_id, inbound.c.received_at > at, is_sign
    return connection.execute(sa.select(sa.func.min(inbound.c.received_at)).where(*theirs)).scalar()


def seen_at(connection: Connection, touch: Touch) -> datetime | None:
    """When the candidate showed on their page that they had seen it."""
    return connection.execute(sa.select(touches.c.seen_at).where(touches.c.id == touch.id)).scalar()


def mark_seen(connection: Connection, candidate_id: int, now: datetime) -> None:
    """The candidate did something on their page: what was said to them before has been seen."""
    said = touches.c.candidate_id == candidate_id, touches.c.state == "sent", touches.c.seen_at.is_(None)
    connection.execute(sa.update(touches).where(*said).values(seen_at=now))
    risk.wake(connection, [candidate_id], now)


def is_the_latest(connection: Connection, touch: Touch) -> bool:
    """Whether no newer notice of the same matter has replaced it since."""
    if touch.entry not in TRAINING:
        return True
    newest = last_news(connection, touch.candidate_id)
    return newest is None or newest.id == touch.id


def defer(connection: Connection, touch: Touch, until: datetime, why: str = "") -> None:
    """`why`: hours, talk, cap, spacing, case, leaving, window, or busy."""
    update(connection, touches, [touch.id], {"due_at": until} | ({"deferred": why} if why else {}))


def window_opens(connection: Connection, candidate_id: int, at: datetime) -> None:
    """The chat of the candidate is open again: stories that waited for that are due at this moment."""
    _WINDOW_OPENS.changed(connection, {"candidate": candidate_id, "new_due_at": at})


def end(
    connection: Connection, touch: Touch, state: Ended, reason: str, now: datetime, outbound_id: int | None = None
) -> None:
    """What was sent and expects something is looked at again when its time is over; and the candidate's plan may change
    by what was said."""
    hopes = state == "sent" and touch.expects and touch.within
    ended = {
        "touch_id": touch.id,
        "new_state": state,
        "new_reason": reason or None,
        "new_ended_at": now,
        "new_outbound_id": outbound_id,
        "new_look_at": now + timedelta(seconds=touch.within or 0) if hopes else None,
    }
    _END.rows(connection, ended)
    if touch.expects or touch.by == "risk":
        risk.wake(connection, [touch.candidate_id], now)
    if touch.entry in TRAINING and state == "sent":
        theirs = candidates.c.id == touch.candidate_id, candidates.c.released_at.is_not(None)
        connection.execute(sa.update(candidates).where(*theirs).values(plan_at=now))


def stories_since(connection: Connection, candidate_id: int, since: datetime) -> list[datetime]:
    """When stories were said to the candidate after this moment, oldest first."""
    return [row.ended_at for row in _STORIES.rows(connection, {"candidate": candidate_id, "since": since})]


def last_said(connection: Connection, candidate_id: int) -> datetime | None:
    """When anything was said to the candidate without being asked."""
    at: datetime | None = _LAST_SAID.first(connection, {"candidate_id": candidate_id}).at
    return at


def notice_waits(connection: Connection, candidate_id: int) -> bool:
    """Whether the date of their training is about to be told."""
    this = touches.c.candidate_id == candidate_id, touches.c.entry.in_(DATED), touches.c.state == "planned"
    return connection.execute(sa.select(touches.c.id).where(*this).limit(1)).first() is not None


def last_news(connection: Connection, candidate_id: int) -> Any:
    """What the candidate was told last about the training: id, occasion, ended_at, seen_at, the state of its message;
    or None."""
    wanted = (
        sa.select(touches.c.id, touches.c.occasion, touches.c.ended_at, touches.c.seen_at, outbound.c.state)
        .outerjoin(outbound, touches.c.outbound_id == outbound.c.id)
        .where(touches.c.candidate_id == candidate_id, touches.c.entry.in_(TRAINING), touches.c.state == "sent")
        .order_by(touches.c.ended_at.desc())
        .limit(1)
    )
    return connection.execute(wanted).first()
