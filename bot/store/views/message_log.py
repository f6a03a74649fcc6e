"""What keepwarm said by itself, message by message: when, to whom, why, by which road, and what became of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import addresses, candidates, outbound, touches

MILLION = 1_000_000
_USUALLY = {"wechat": "service"}  # else the road is called as the channel

_TO_HR = "alert"  # the kind of what staff hear


@dataclass(frozen=True, slots=True)
class LogLine:
    """One message by one road; or a touch that became none, without a road.

    `at`: when it was sent, else when it ended or is due. `why`: what deferred it. `cost`: in millionths of the
    company's currency. `timezone`: the candidate's own, "" for the company's.
    """

    at: datetime
    candidate: str
    timezone: str
    entry: str
    occasion: str
    kind: str
    road: str
    state: str
    why: str
    reason: str
    meant_at: datetime | None
    said: str
    after: bool  # another road had not carried it
    parts: int
    cost: int


@dataclass
class Sum:
    """What became of one entry: how many were planned, how many messages went, by which roads, and at what cost."""

    planned: int = 0
    sent: int = 0
    roads: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)  # states and reasons of what was not sent
    cost: int = 0


def ledger(connection: Connection) -> list[LogLine]:
    """Everything pushed to candidates, and every touch that was not, in the order of their moments; answers that rode a
    webhook's own answer are not in it."""
    return sorted([*_messages(connection), *_unsaid(connection)], key=_order)


def summary(lines: Iterable[LogLine]) -> dict[str, Sum]:
    """By entry; what no touch said, by its kind."""
    found: dict[str, Sum] = defaultdict(Sum)
    for line in lines:
        one = found[line.entry or f"({line.kind})"]
        one.planned += not line.after
        one.cost += line.cost
        if line.state in ("sent", "delivered", "seen"):
            one.sent += 1
            one.roads[line.road] += 1
        else:
            one.ended[": ".join(filter(None, (line.state, line.reason)))] += 1
    return dict(sorted(found.items()))


def usual_road(channel: str) -> str:
    """By what a message goes on this channel that has not noted it."""
    return _USUALLY.get(channel, channel)


def _messages(connection: Connection) -> list[LogLine]:
    wanted = (
        sa.select(outbound, addresses.c.channel, candidates.c.code, candidates.c.timezone, *_TOUCH)
        .join(addresses, outbound.c.address_id == addresses.c.id)
        .outerjoin(candidates, outbound.c.candidate_id == candidates.c.id)
        .outerjoin(touches, outbound.c.touch_id == touches.c.id)
        .where(outbound.c.road == "push", outbound.c.kind != _TO_HR)
    )
    return [
        LogLine(
            at=row.sent_at or row.due_at or row.created_at,
            candidate=row.code or "",
            timezone=row.timezone or "",
            entry=row.entry or "",
            occasion=row.occasion or "",
            kind=row.kind,
            road=row.via or usual_road(row.channel),
            state=row.state,
            why=row.deferred or "",
            reason=" ".join(filter(None, (row.error_code, row.reason))),
            meant_at=row.meant_at,
            said=row.said or "",
            after=row.after_id is not None,
            parts=row.parts or 0,
            cost=row.cost or 0,
        )
        for row in connection.execute(wanted)
    ]


def _unsaid(connection: Connection) -> list[LogLine]:
    """Touches without a message: what is still planned, and what expired, was cancelled or suppressed."""
    has_message = sa.exists().where(outbound.c.touch_id == touches.c.id)
    wanted = (
        sa.select(touches, candidates.c.code, candidates.c.timezone)
        .join(candidates, touches.c.candidate_id == candidates.c.id)
        .where(~has_message)
    )
    return [
        LogLine(
            at=row.ended_at or row.due_at,
            candidate=row.code,
            timezone=row.timezone or "",
            entry=row.entry,
            occasion=row.occasion,
            kind=row.kind,
            road="",
            state="done" if row.state == "sent" else row.state,  # what a touch does besides speaking, as open a case
            why=row.deferred or "",
            reason=row.reason or "",
            meant_at=row.meant_at,
            said=row.begins,
            after=False,
            parts=0,
            cost=0,
        )
        for row in connection.execute(wanted)
    ]


_TOUCH: Sequence[sa.ColumnElement[object]] = (
    touches.c.entry,
    touches.c.occasion,
    touches.c.deferred,
    touches.c.meant_at,
)


def _order(line: LogLine) -> tuple[object, ...]:
    return line.at, line.candidate, line.entry, line.occasion, line.kind, line.after, line.road, line.said
