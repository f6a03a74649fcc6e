"""What HR has to hear of: which alerts are due, which are on their way, and what became of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.insert import insert_unless_there
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import update
from bot.store.tables import alerts, outbound, staff


@dataclass(frozen=True, slots=True)
class Alert:
    """One row of the table. `tried`: the roads that did not carry it."""

    id: int
    case_id: int | None
    staff: str
    why: str
    rung: int
    urgency: int
    tried: Sequence[str]
    occasion: str | None
    unreached_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Carried:
    """An alert on its way, and how its message stands; `state` is empty where the message is gone."""

    alert: Alert
    outbound_id: int | None
    state: str
    via: str
    error_code: str
    queued_at: datetime | None
    sent_at: datetime | None
    look_at: datetime


DIGEST = "digest"
# Who gets one, and has none coming.
LACKS_DIGEST = sa.and_(
    staff.c.role.in_((word("recruiter"), word("manager"))),
    ~sa.exists().where(alerts.c.staff == staff.c.code, alerts.c.state == word("due"), alerts.c.why == word(DIGEST)),
)

_COLUMNS = tuple(alerts.c[name] for name in Alert.__dataclass_fields__)
_LIMIT = sa.bindparam("limit", type_=sa.Integer)
_DUE = Prepared(
    sa.select(*_COLUMNS)
    .where(alerts.c.state == word("due"), alerts.c.due_at <= sa.bindparam("now"))
    .order_by(alerts.c.urgency, alerts.c.due_at, alerts.c.id)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
)
_OUT = Prepared(
    sa.select(
        *_COLUMNS,
        alerts.c.outbound_id,
        alerts.c.due_at,
        outbound.c.state.label("carried"),
        outbound.c.via,
        outbound.c.error_code,
        outbound.c.created_at.label("queued_at"),
        outbound.c.sent_at,
    )
    .outerjoin(outbound, alerts.c.outbound_id == outbound.c.id)
    .where(alerts.c.state == word("out"))
    .order_by(alerts.c.id)
    .limit(_LIMIT)
    .with_for_update(of=alerts, skip_locked=True)
)


def keep(connection: Connection, staff: str, why: str, occasion: str | None, urgency: int, **more: Any) -> None:
    """Somebody has to hear of this: once for each occasion, whoever says so how often. `more`: case_id, rung, due_at,
    created_at."""
    row: dict[str, Any] = {
        "staff": staff,
        "why": why,
        "occasion": occasion,
        "urgency": urgency,
        "state": "due",
        "tried": [],
    }
    insert_unless_there(connection, alerts, {"case_id": None, "rung": 0} | row | more)


def due(connection: Connection, now: datetime, limit: int) -> list[Alert]:
    """The most urgent first, held until the transaction ends."""
    return [_alert(row) for row in _DUE.rows(connection, {"now": now, "limit": limit})]


def under_way(connection: Connection, limit: int) -> list[Carried]:
    """Held until the transaction ends."""
    return [
        Carried(
            _alert(row),
            row.outbound_id,
            row.carried or "",
            row.via or "",
            row.error_code or "",
            row.queued_at,
            row.sent_at,
            row.due_at,
        )
        for row in _OUT.rows(connection, {"limit": limit})
    ]


def mark_sent(connection: Connection, ids: Sequence[int], staff: str, outbound_id: int, look_at: datetime) -> None:
    """Their message is written. `staff`: who is told in fact; what is said once stays with whom it was meant for.
    `look_at`: when to see what became of it at the latest."""
    theirs = sa.case((alerts.c.occasion.is_(None), staff), else_=alerts.c.staff)
    values = {"state": "out", "staff": theirs, "outbound_id": outbound_id, "due_at": look_at, "unreached_at": None}
    _change(connection, ids, values)


def postpone(connection: Connection, ids: Sequence[int], until: datetime) -> None:
    _change(connection, ids, {"due_at": until})


def mark_told(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    _change(connection, ids, {"state": "told", "ended_at": now})


def give_up(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Nobody hears of these any more, or somebody else does."""
    _change(connection, ids, {"state": "given_up", "ended_at": now})


def try_next_route(connection: Connection, alert: Alert, via: str, now: datetime) -> None:
    """That road did not: the next one at once."""
    tried = [*alert.tried, via] if via and via not in alert.tried else list(alert.tried)
    _change(connection, [alert.id], {"state": "due", "due_at": now, "tried": tried, "outbound_id": None})


def mark_unreachable(connection: Connection, alert: Alert, now: datetime, again_at: datetime) -> None:
    """Every road is tried anew then."""
    since = alert.unreached_at or now
    _change(connection, [alert.id], {"due_at": again_at, "tried": [], "unreached_at": since, "outbound_id": None})


def take_back(connection: Connection, outbound_id: int, reason: str) -> bool:
    """Whether the message had not begun: then nobody sends it any more."""
    waiting = outbound.c.id == outbound_id, outbound.c.state == "queued"
    ended = {"state": "cancelled", "reason": reason, "lease_until": None}
    return connection.execute(sa.update(outbound).where(*waiting).values(ended)).rowcount == 1


def waiting_about(connection: Connection, case_id: int) -> list[int]:
    """Those of a case that nobody is saying just now, held until the transaction ends."""
    theirs = sa.select(alerts.c.id).where(alerts.c.case_id == case_id, alerts.c.state == "due")
    return list(connection.execute(theirs.with_for_update(skip_locked=True)).scalars())


def shared(connection: Connection, cases: Sequence[int]) -> frozenset[tuple[int, int]]:
    """Of these cases the rungs of which several people hear at once."""
    if not cases:
        return frozenset()
    rungs = sa.select(alerts.c.case_id, alerts.c.rung).where(alerts.c.case_id.in_(cases), alerts.c.rung > 0)
    several = rungs.group_by(alerts.c.case_id, alerts.c.rung).having(sa.func.count(alerts.c.staff.distinct()) > 1)
    return frozenset((row.case_id, row.rung) for row in connection.execute(several))


def heard_of(connection: Connection, case_id: int, occasion: str) -> frozenset[str]:
    """Who has been asked already because somebody else could not be reached."""
    same = alerts.c.case_id == case_id, alerts.c.occasion == occasion
    return frozenset(connection.execute(sa.select(alerts.c.staff).where(*same)).scalars())


def _change(connection: Connection, ids: Iterable[int], values: Mapping[str, Any]) -> None:
    update(connection, alerts, list(ids), values)


def _alert(row: Any) -> Alert:
    return Alert(*(getattr(row, name) for name in Alert.__dataclass_fields__))
