"""Watches who may leave: reckons the risk when something happened or its moment comes, lets the bot try first, then
gives HR a case: so many a day for one recruiter, the most urgent first."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.risk.history import History
from bot.risk.load_history import histories
from bot.risk.nudges import Ladder, Nudged, ladder
from bot.risk.score import RiskLimits, reckon
from bot.settings import Settings
from bot.store import cases, events, risk, touches
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared, word
from bot.store.risk import RiskBefore
from bot.store.tables import touches as table

_AT_ONCE = 50  # candidates in a transaction
REASON = "risk"  # of the case
_NUDGES = (touches.NUDGE, touches.NUDGE_OTHER)
_NUDGED = Prepared(
    sa.select(table.c.candidate_id, table.c.entry, table.c.state, table.c.ended_at)
    .where(table.c.candidate_id.in_(sa.bindparam("ids")), table.c.entry.in_(map(word, _NUDGES)))
    .order_by(table.c.id)
)
_NEW = 12  # points of a signal that brings a candidate back whom HR was done with


class Deployment(Protocol):
    """What watching needs of the house."""

    @property
    def settings(self) -> Settings: ...

    @property
    def cipher(self) -> Cipher: ...


def score_due(connection: Connection, house: Deployment, now: datetime) -> tuple[int, list[int]]:
    """Takes those who are due; gives how many. Nothing is sent by this."""
    ids = risk.due(connection, now, _AT_ONCE)
    if ids:
        found = histories(connection, house.settings, ids, now)
        nudged = _nudged(connection, ids)
        looks = [
            _Look(connection, house.settings, who, found[who.id], nudged.get(who.id, []), now)
            for who in risk.standing(connection, ids)
        ]
        risk.save_signals(connection, ids, [row for look in looks for row in look.fired()])
        risk.save_scores(connection, [look.keep() for look in looks])
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


class _Look:
    """At one candidate. `nudged`: entry, state and end of each nudge they got."""

    def __init__(
        self,
        connection: Connection,
        settings: Settings,
        who: RiskBefore,
        history: History,
        nudged: Sequence[Nudged],
        now: datetime,
    ) -> None:
        self.connection, self.who, self.history, self.nudged, self.now = connection, who, history, nudged, now
        self.found = reckon(history, _limits(settings, who.cohort), who.risk, now)

    def fired(self) -> list[dict[str, Any]]:
        """The signals in force, as rows."""
        return [
            {
                "candidate_id": self.who.id,
                "name": signal.name,
                "at": signal.at,
                "points": signal.points,
                "evidence": dict(signal.evidence),
                "fired_at": self.now,
            }
            for signal in self.found.signals
        ]

    def keep(self) -> dict[str, Any]:
        """Notes a change of level, takes the next step, and gives when to look again."""
        if self.found.level != self.who.risk:
            self._changed()
        step = self._next_step()
        if step.plan:
            touches.plan(self.connection, [step.plan], "risk", self.now)
        moments = [moment for moment in (self.found.next_at, step.next_at) if moment]
        case_at = self.now if step.case else None
        points, next_at = self.found.points, min(moments, default=None)
        return {"candidate": self.who.id, "points": points, "next_at": next_at, "case_at": case_at}

    def _changed(self) -> None:
        who, found, now = self.who, self.found, self.now
        names = [signal.name for signal in found.signals if signal.points > 0][:5]
        risk.save_level(self.connection, who.id, found.level, found.points, names, now)
        body = {"candidate": who.code, "from": who.risk, "to": found.level, "points": found.points, "why": names}
        events.keep(self.connection, "risk.changed", who.id, body, now)

    def _next_step(self) -> Ladder:
        """While HR has an open case the bot tries nothing by itself; and what HR was done with needs something new."""
        who, found = self.who, self.found
        case = cases.open_of(self.connection, who.id)
        if found.level == "low" or not who.released or (case and case.clock != cases.REST):
            return Ladder()
        done_at = case.reopened_at if case else cases.last_resolved(self.connection, who.id)
        if done_at and not any(signal.at > done_at and signal.points >= _NEW for signal in found.signals):
            return Ladder()
        return ladder(who.id, self.history, found, self.nudged, self.now)


def _nudged(connection: Connection, ids: Sequence[int]) -> dict[int, list[Nudged]]:
    """The nudges of each: entry, state, and when it ended, the oldest first."""
    found: dict[int, list[Nudged]] = {}
    for row in _NUDGED.rows(connection, {"ids": ids}):
        found.setdefault(row.candidate_id, []).append((row.entry, row.state, row.ended_at))
    return found


def _limits(settings: Settings, cohort: str | None) -> RiskLimits:
    own = settings.hr.cohorts.get(cohort or "", settings.hr.risk)
    return RiskLimits(own.medium, own.high, own.margin)


def _day(settings: Settings, now: datetime) -> tuple[datetime, datetime]:
    """When this day began for the company, and when HR's next one does."""
    here = now.astimezone(settings.company.zone)
    begun = here.replace(hour=0, minute=0, second=0, microsecond=0)
    return begun, (begun + timedelta(days=1)).replace(hour=settings.hr.digest_at)
