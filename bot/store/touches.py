"""What keepwarm will say by itself: planned, claimed when due, and what became of it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.inserting import insert_unless_there
from bot.store.tables import touches

Kind = Literal["notice", "story"]
Ended = Literal["sent", "expired", "cancelled", "suppressed"]


@dataclass(frozen=True, slots=True)
class Planned:
    """A touch as planned. `occasion` tells repeats of an entry apart; `begins`: `flow.step`."""

    candidate_id: int
    entry: str
    occasion: str
    kind: Kind
    begins: str
    due_at: datetime
    expires_at: datetime | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Touch:
    """A touch whose moment has come."""

    id: int
    candidate_id: int
    entry: str
    occasion: str
    kind: Kind
    begins: str
    due_at: datetime
    expires_at: datetime | None


def plan(connection: Connection, planned: Sequence[Planned], now: datetime) -> None:
    """What is planned already, or was, stays as it is: nothing is said twice."""
    for one in planned:
        insert_unless_there(connection, touches, {**asdict(one), "state": "planned", "created_at": now})


def take_back(connection: Connection, entry: str, occasion: str, reason: str, now: datetime) -> int:
    """Cancels what is planned under this entry and occasion, for everybody; gives how many."""
    these = touches.c.entry == entry, touches.c.occasion == occasion, touches.c.state == "planned"
    ended = sa.update(touches).where(*these).values(state="cancelled", reason=reason, ended_at=now)
    return connection.execute(ended).rowcount


def due(connection: Connection, now: datetime, limit: int) -> list[Touch]:
    """Planned touches whose moment has come, the most urgent first, held until the transaction ends."""
    wanted = (
        sa.select(
            touches.c.id,
            touches.c.candidate_id,
            touches.c.entry,
            touches.c.occasion,
            touches.c.kind,
            touches.c.begins,
            touches.c.due_at,
            touches.c.expires_at,
        )
        .where(touches.c.state == "planned", touches.c.due_at <= now)
        .order_by(touches.c.priority.desc(), touches.c.due_at, touches.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Touch(*row) for row in connection.execute(wanted)]


def defer(connection: Connection, touch: Touch, until: datetime) -> None:
    connection.execute(sa.update(touches).where(touches.c.id == touch.id).values(due_at=until))


def end(
    connection: Connection, touch: Touch, state: Ended, reason: str, now: datetime, outbound_id: int | None = None
) -> None:
    ended = {"state": state, "reason": reason or None, "ended_at": now, "outbound_id": outbound_id}
    connection.execute(sa.update(touches).where(touches.c.id == touch.id).values(**ended))
