"""Watches who may leave: reckons the risk when something happened or its moment comes, lets the bot try first, then
gives HR a case: so many a day for one recruiter, the most urgent first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.inbox.nudging import Ladder, ladder
from bot.risk.history import History
from bot.risk.reckoning import Limits, Risk, reckon
from bot.settings import Settings
from bot.store import cases, events, risk, touches
from bot.store.cipher import Cipher
from bot.store.histories import histories
from bot.store.risk import Standing
from bot.store.tables import touches as table

_AT_ONCE = 50  # candidates in a transaction
REASON = "risk"  # of the case
_NUDGES = (touches.NUDGE, touches.NUDGE_OTHER)
_NEW = 12  # points of a signal that brings a candidate back whom HR was done with


class Deployment(Protocol):
    """What watching needs of the house."""

    @property
    def settings(self) -> Settings: ...

    @property
    def cipher(self) -> Cipher: ...


def watch(connection: Connection, house: Deployment, now: datetime) -> tuple[int, list[int]]:
    """Takes those who are due; gives how many. Nothing is sent by this."""
    ids = risk.due(connection, now, _AT_ONCE)
    if ids:
        found = histories(connection, house.settings, ids, now)
        nudged = _nudged(connection, ids)
        later = [
            _look(connection, house.settings, who, found[who.id], nudged.get(who.id, []), now)
            for who in risk.standing(connection, ids)
        ]
        risk.reckoned(connection, later)
    return len(ids), []


def open_cases(connection: Connection, house: Deployment, now: datetime) -> tuple[int, list[int]]:
    """Gives HR the cases that risk wants, as far as the day's number allows; the rest is a list until tomorrow."""
    wanting = risk.wanting_a_case(connection, now, _AT_ONCE)
    day, tomorrow = _day(house.settings, now)
    left: dict[str | None, int] = {}
    later: list[int] = []
    for candidate_id, owner in wanting:
        if owner not in left:
            left[owner] = house.settings.hr.cases_a_day - cases.opened_since(connection, owner, day)
        if left[owner] <= 0:
            later.append(candidate_id)
            continue
        left[owner] -= 1
        cases.open_case(connection, candidate_id, None, REASON, now)
        risk.case_later(connection, [candidate_id], None)
    risk.case_later(connection, later, tomorrow)
    return len(wanting), []


def _look(
    connection: Connection,
    settings: Settings,
    who: Standing,
    history: History,
    nudged: Sequence[tuple[str, str, datetime | None]],
    now: datetime,
) -> dict[str, object]:
    found = reckon(history, _limits(settings, who.cohort), who.risk, now)
    _keep(connection, who, found, now)
    next_step = _next_step(connection, who, history, found, nudged, now)
    if next_step.plan:
        touches.plan(connection, [next_step.plan], "risk", now)
    moments = [moment for moment in (found.next_at, next_step.next_at) if moment]
    case_at = now if next_step.case else None
    return {"candidate": who.id, "points": found.points, "next_at": min(moments, default=None), "case_at": case_at}


def _keep(connection: Connection, who: Standing, found: Risk, now: datetime) -> None:
    for signal in found.signals:
        row = {"points": signal.points, "evidence": dict(signal.evidence), "fired_at": now}
        risk.fired(connection, who.id, signal.name, signal.at, row)
    if found.level != who.risk:
        names = [signal.name for signal in found.signals if signal.points > 0][:5]
        risk.changed(connection, who.id, found.level, found.points, names, now)
        body = {"candidate": who.code, "from": who.risk, "to": found.level, "points": found.points, "why": names}
        events.keep(connection, "risk.changed", who.id, body, now)


def _next_step(
    connection: Connection,
    who: Standing,
    history: History,
    found: Risk,
    nudged: Sequence[tuple[str, str, datetime | None]],
    now: datetime,
) -> Ladder:
    """While HR has an open case the bot tries nothing by itself; and what HR was done with needs something new."""
    if found.level == "low" or not who.released or cases.open_of(connection, who.id):
        return Ladder()
    resolved = cases.last_resolved(connection, who.id)
    if resolved and not any(signal.at > resolved and signal.points >= _NEW for signal in found.signals):
        return Ladder()
    return ladder(who.id, history, found, nudged, now)


def _nudged(connection: Connection, ids: Sequence[int]) -> dict[int, list[tuple[str, str, datetime | None]]]:
    """The nudges of each: entry, state, and when it ended, the oldest first."""
    found: dict[int, list[tuple[str, str, datetime | None]]] = {}
    theirs = table.c.candidate_id.in_(ids), table.c.entry.in_(_NUDGES)
    for row in connection.execute(sa.select(table).where(*theirs).order_by(table.c.id)):
        found.setdefault(row.candidate_id, []).append((row.entry, row.state, row.ended_at))
    return found


def _limits(settings: Settings, cohort: str | None) -> Limits:
    own = settings.hr.cohorts.get(cohort or "", settings.hr.risk)
    return Limits(own.medium, own.high, own.margin)


def _day(settings: Settings, now: datetime) -> tuple[datetime, datetime]:
    """When this day began for the company, and when HR's next one does."""
    here = now.astimezone(settings.company.zone)
    begun = here.replace(hour=0, minute=0, second=0, microsecond=0)
    return begun, (begun + timedelta(days=1)).replace(hour=settings.hr.digest_at)
