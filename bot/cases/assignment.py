"""Who works with whom, when they work, and who takes over: a team is who reports to the same manager."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bot.cases.sla import TOP
from bot.record.vocabulary import DANGER
from bot.rhythm import holidays
from bot.settings import Settings
from bot.staff import permissions
from bot.store.cases import OPEN, Case
from bot.store.tables import candidates, cases, cohorts, staff, stores
from bot.store.visibility import read_scope
from bot.values.worktime import Extra, Hours

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TeamMember:
    code: str
    role: str
    manager: str | None
    deputy: str | None
    away: bool
    scope: frozenset[str]


class Teams:
    """All of HR as it is at one moment; a few hundred people at most."""

    def __init__(self, connection: Connection, settings: Settings, now: datetime) -> None:
        self._connection, self._settings, self._now = connection, settings, now
        self._members: Mapping[str, TeamMember] = {
            row.code: TeamMember(
                row.code,
                row.role,
                row.manager,
                row.deputy,
                bool(row.away_until and row.away_until > now),
                read_scope(row.scope),
            )
            for row in connection.execute(sa.select(staff).order_by(staff.c.code))
        }

    def hours(self, code: str | None) -> Hours:
        """The working hours of somebody's team; a manager's own team has the manager's."""
        one = self._members.get(code or "")
        terms = self._settings.hr
        own = (
            next((terms.teams[name] for name in (one.code, one.manager) if name in terms.teams), None) if one else None
        )
        country = (own and own.holidays) or terms.holidays
        zone = ZoneInfo((own and own.timezone) or self._settings.company.timezone)
        return Hours(
            (own and own.hours) or terms.hours,
            zone,
            partial(_kind, country=country, extra=self._settings.extra_days(country)),
        )

    def choose(self, candidate_id: int | None) -> str | None:
        """Who is given a case: the owner, who stands in for them, whoever of their team or of the place has the least
        to do, anybody; past who is away. None where HR has nobody."""
        owner, places = self._of(candidate_id)
        for code in filter(None, (owner, self._deputy(owner))):
            if self._is_there(code):
                return code
        team = [one.code for one in self._mates(owner)]
        near = [one.code for one in self._members.values() if one.role == "recruiter" and one.scope & places]
        anybody = [one.code for one in self._members.values() if one.role == "recruiter"]
        bosses = [one.code for role in ("manager", "admin") for one in self._members.values() if one.role == role]
        for group in (team, near, anybody, bosses):
            there = [code for code in group if self._is_there(code)]
            if there:
                return self._least_loaded(there)
        return None

    def ladder(self, case: Case, number: int, whose: str | None) -> Sequence[str]:
        """Who hears of a case next, as `rung` has it. Where somebody is in danger no time is spent on a rung without
        anybody; and while the team of `whose` does not work, who watches the nights comes first, one by one."""
        if case.urgency != DANGER:
            return self.rung(whose, number)
        watch = [] if self._works(whose) else self._watch(case)
        steps = [*watch, *filter(None, (self.rung(whose, each) for each in range(1, TOP + 1)))]
        steps = steps or [self._anybody(whose)]
        return steps[min(number, len(steps)) - 1]

    def _anybody(self, whose: str | None) -> Sequence[str]:
        """Where nobody stands above: everybody who leads, and whoever has it."""
        leads = [
            code for code, one in self._members.items() if one.role in ("manager", "admin") and self._is_there(code)
        ]
        return list(dict.fromkeys([*leads, *([whose] if whose else [])]))

    def _watch(self, case: Case) -> list[Sequence[str]]:
        unknown = [code for code in self._settings.hr.nights if code not in self._members]
        for code in unknown:
            _log.error("night_watch_unknown", code=code)
        asked = (case.assigned, case.claimed_by)
        return [[code] for code in self._settings.hr.nights if self._is_there(code) and code not in asked]

    def _works(self, code: str | None) -> bool:
        """Whether their team works at this moment."""
        return self.hours(code).opens(self._now) <= self._now

    def rung(self, code: str | None, number: int) -> Sequence[str]:
        """Who hears of a case that nobody has taken: 1 the next person, 2 the team, 3 the manager, 4 and on who stands
        above. Empty where there is nobody, or nobody but who has just heard of it (new)."""
        mates = [one.code for one in self._mates(code) if self._is_there(one.code)]
        if number == 1:
            deputy = self._deputy(code)
            if deputy and self._is_there(deputy):
                return [deputy]
            return [self._least_loaded(mates)] if mates else []
        if number == 2:
            return [] if mates == self.rung(code, 1) else mates
        above = self._above(code)
        if number == 3:
            return above[:1]
        return above[1:] or [one.code for one in self._members.values() if one.role == "admin" and one.code != code]

    def stand_in(self, code: str) -> str:
        """Who hears what is meant for somebody: themselves, or while they are away their deputy."""
        deputy = self._deputy(code)
        return deputy if deputy and not self._is_there(code) and self._is_there(deputy) else code

    def _is_there(self, code: str) -> bool:
        one = self._members.get(code)
        return one is not None and not one.away and permissions.may(one.role, "work")

    def _deputy(self, code: str | None) -> str | None:
        one = self._members.get(code or "")
        return one.deputy if one else None

    def _mates(self, code: str | None) -> list[TeamMember]:
        one = self._members.get(code or "")
        if one is None or not one.manager:
            return []
        return [
            other
            for other in self._members.values()
            if other.manager == one.manager and other.code != one.code and other.role == one.role
        ]

    def _above(self, code: str | None) -> list[str]:
        found: list[str] = []
        one = self._members.get(code or "")
        while one and one.manager and one.manager in self._members and one.manager not in (*found, code):
            found.append(one.manager)
            one = self._members[one.manager]
        return found

    def _of(self, candidate_id: int | None) -> tuple[str | None, frozenset[str]]:
        wanted = (
            sa.select(candidates.c.owner, stores.c.city, stores.c.code, cohorts.c.code)
            .outerjoin(stores, candidates.c.store_id == stores.c.id)
            .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
            .where(candidates.c.id == candidate_id)
        )
        row = self._connection.execute(wanted).first() if candidate_id else None
        return (row[0], frozenset(filter(None, row[1:]))) if row else (None, frozenset())

    def _least_loaded(self, codes: Sequence[str]) -> str:
        theirs = cases.c.assigned.in_(codes), OPEN
        wanted = sa.select(cases.c.assigned, sa.func.count()).where(*theirs).group_by(cases.c.assigned)
        load = {row[0]: row[1] for row in self._connection.execute(wanted)}
        return min(codes, key=lambda code: (load.get(code, 0), code))


def _kind(day: date, country: str, extra: Extra) -> str:
    return holidays.kind(day, country, extra)
