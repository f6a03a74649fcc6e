"""What happens when a case's clock strikes: it is given to somebody, they are warned, and it climbs where nobody acts:
the next person, the team, the manager, who stands above. Each is told why."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.cases import actions, sla
from bot.cases.assignment import Teams
from bot.cases.sla import Clock
from bot.record.vocabulary import DANGER
from bot.risk.monitor import Deployment
from bot.store import cases, people
from bot.store.cases import Case

_AT_ONCE = 50


def escalate_due(connection: Connection, house: Deployment, now: datetime) -> tuple[int, list[int]]:
    """Takes the cases whose clock has struck; gives how many. Alerts and what the candidate hears follow by their own
    jobs."""
    due = cases.due(connection, now, _AT_ONCE)
    if due:
        teams = Teams(connection, house.settings, now)
        for case in due:
            _Striking(connection, house, teams, case, now).run()
    return len(due), []


class _Striking:
    """One case."""

    def __init__(self, connection: Connection, house: Deployment, teams: Teams, case: Case, now: datetime) -> None:
        self.connection, self.house, self.teams, self.case, self.now = connection, house, teams, case, now

    def run(self) -> None:
        if self._is_over():
            self._end()
            return
        if self.case.state == "new" and (self.case.assigned is None or self.case.clock == cases.ASSIGN):
            self._assign()
        clock = self._clock()
        if clock is None:
            cases.change(self.connection, self.case.id, self.now, clock=None, next_at=None)
            return
        if clock.at <= self.now:
            self._struck(clock)
            clock = self._clock()
        elif clock.warns_at and clock.warns_at <= self.now and self._may_warn():
            self._warn(clock)
        self._wind(clock)

    def _is_over(self) -> bool:
        """They have joined since: what was feared has not come. What is grave, what they wait for an answer to, and
        what they came with afterwards is for a person to end."""
        if self.case.candidate_id is None or self.case.urgency <= DANGER:
            return False
        stage, since = people.stage_since(self.connection, self.case.candidate_id)
        last = max(self.case.reopened_at or self.case.opened_at, self.case.unanswered_since or self.case.opened_at)
        return stage == self.house.settings.stages.road[-1] and last < since

    def _end(self) -> None:
        actions.end(self.connection, self.case, "kept", self.now)
        cases.log_event(self.connection, self.case.id, "bot", "resolved", self.now, {"outcome": "kept"})
        cases.emit_event(self.connection, self.case.id, "case.changed", self.now)

    def _clock(self) -> Clock | None:
        hours = self.teams.hours(self.case.claimed_by or self.case.assigned)
        return sla.running(self.case, self.house.settings.hr, hours, self.now)

    def _wind(self, clock: Clock | None) -> None:
        warns = clock.warns_at if clock and self._may_warn() else None
        strikes = max(clock.at, clock.again) if clock and clock.again and clock.at <= self.now else clock and clock.at
        self._change(clock=clock and clock.name, next_at=warns if warns and warns > self.now else strikes)

    def _may_warn(self) -> bool:
        """Once; and who has missed it was told that already."""
        return self.case.warned_at is None and self.case.rung == 0

    def _assign(self) -> None:
        to = self.case.assigned if self.case.clock != cases.ASSIGN else self.teams.choose(self.case.candidate_id)
        to = to or self.case.assigned
        self._change(assigned=to, rung=0)
        if to:
            cases.log_event(self.connection, self.case.id, "bot", "assigned", self.now, {"to": to})
            self._alert(to, "reopened" if self.case.reopened_at else "new")

    def _warn(self, clock: Clock) -> None:
        to = self.case.claimed_by or self.case.assigned
        self._change(warned_at=self.now)
        if to:
            cases.log_event(self.connection, self.case.id, "bot", "warned", self.now, {"clock": clock.name, "to": to})
            self._alert(to, f"warned_{clock.name}")

    def _struck(self, clock: Clock) -> None:
        if clock.name == cases.REST:
            self._change(next_at=self.now + cases.LOOKED_AT)
        elif clock.name == "wake":
            self._wake()
        elif clock.name == "hand_back":
            self._hand_back()
        else:
            self._climb(clock)

    def _wake(self) -> None:
        state = "claimed" if self.case.claimed_by else "new"
        self._change(state=state, next_at=self.now, claimed_at=self.now if self.case.claimed_by else None)
        cases.log_event(self.connection, self.case.id, "bot", "woken", self.now)
        if self.case.claimed_by or self.case.assigned:
            self._alert(self.case.claimed_by or self.case.assigned or "", "woken")

    def _hand_back(self) -> None:
        """The candidate hears that the bot is there again; whoever had the case is told that it is free."""
        had = self.case.claimed_by or ""
        actions.give_back(self.connection, self.case, self.now, rests=self._owes_nothing())
        self.case = cases.load(self.connection, self.case.id) or self.case
        cases.log_event(self.connection, self.case.id, "bot", "handed_back", self.now, {"from": had})
        cases.emit_event(self.connection, self.case.id, "case.changed", self.now)
        self._alert(had, "handed_back")

    def _owes_nothing(self) -> bool:
        """HR wrote last, and it is the candidate who is silent; danger is a person's to end, however long it lasts."""
        return self.case.urgency > DANGER and self.case.answered_at is not None and self.case.unanswered_since is None

    def _climb(self, clock: Clock) -> None:
        """A rung with nobody on it is passed. Who is on the first or the third has the case from now on."""
        number, top = self.case.rung + 1, sla.top(self.case, self.house.settings.hr)
        while not (people := list(self.teams.ladder(self.case, number, self.case.assigned))) and number < top:
            number += 1
        self._change(rung=number, missed=self.case.missed + 1, warned_at=None)
        detail = {"clock": clock.name, "rung": number, "to": people}
        cases.log_event(self.connection, self.case.id, "bot", "missed", self.now, detail)
        for code in people:
            self._alert(code, f"missed_{clock.name}", number)

    def _alert(self, to: str, why: str, rung: int = 0) -> None:
        actions.alert(self.connection, self.case.id, to, why, self.now, self.case.urgency, rung)

    def _change(self, **columns: object) -> None:
        cases.change(self.connection, self.case.id, self.now, **columns)
        self.case = replace(self.case, **columns)  # type: ignore[arg-type]
