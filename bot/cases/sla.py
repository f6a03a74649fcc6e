"""When a case needs a person, and who hears of it next: each clock warns, strikes, and climbs from rung to rung.

Pure but for what it is given: the case, the terms, and the working hours of its team.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.record.vocabulary import DANGER
from bot.settings import Hr
from bot.store.cases import REST, Case
from bot.values.worktime import Hours, read_week

WARNS = 0.75  # of its span after which a clock warns
_DANGER_WITHIN = timedelta(minutes=5)
_AT_ONCE = 0.5  # of the usual span, for urgency 1
ALWAYS = Hours(read_week("mon-sun 0:00-24:00"), ZoneInfo("UTC"))
TOP = 4  # the last rung: managers above the manager
_ABOVE_THE_TOP = timedelta(hours=8)  # of working time, after which those at the top hear of it again
_DANGER_AGAIN = timedelta(minutes=30)  # and of somebody in danger


@dataclass(frozen=True, slots=True)
class Clock:
    """`name`: claim, first, next, resolve, hand_back, wake or rest; `at`: when it strikes; `warns_at`: when it warns
    before, if it does; `again`: when it may strike again if it strikes now: after an outage nobody is flooded."""

    name: str
    at: datetime
    warns_at: datetime | None = None
    again: datetime | None = None


def running(case: Case, terms: Hr, hours: Hours, now: datetime) -> Clock | None:
    """The clock that strikes first. A case that is free waits to be claimed; a claimed one for the answer that is owed,
    else to be done with, and its candidate goes back to the bot after a long silence of HR's. Waiting for the candidate
    only the hand-back runs; nothing runs for what is resolved, and nobody hears of what was handed back until the
    candidate needs HR again."""
    if case.state == "resolved":
        return None
    if case.state == "snoozed" or case.clock == REST:
        return Clock(REST if case.clock == REST else "wake", case.next_at or case.updated_at)
    winding = _Winding(case, hours, now, top(case, terms))
    if case.state == "new":
        return winding.clock("claim", case.reopened_at or case.opened_at, terms.claim_within)
    spoke = case.staff_wrote_at or case.claimed_at or case.opened_at
    clocks = [Clock("hand_back", hours.after(spoke, terms.hand_back_after))]
    if case.unanswered_since:
        name, span = ("next", terms.next_answer) if case.answered_at else ("first", terms.first_answer)
        clocks.append(winding.clock(name, _owed_since(case, case.unanswered_since), span))
    elif case.state == "claimed":
        clocks.append(winding.clock("resolve", case.claimed_at or case.opened_at, terms.resolve_within))
    return min(clocks, key=lambda clock: clock.at)


def top(case: Case, terms: Hr) -> int:
    """The case's last rung: whoever watches the nights is asked before the ladder is."""
    return TOP + (len(terms.nights) if case.urgency == DANGER else 0)


def _owed_since(case: Case, asked: datetime) -> datetime:
    """Whoever has just taken somebody in danger is calling them, and has the whole span to do so."""
    return max(asked, case.claimed_at or asked) if case.urgency == DANGER else asked


@dataclass(frozen=True, slots=True)
class _Winding:
    """Winds the clocks of one case."""

    case: Case
    hours: Hours
    now: datetime
    top: int

    def clock(self, name: str, since: datetime, span: timedelta) -> Clock:
        """Each rung that was climbed gave somebody else the same span anew."""
        case, hours, again = self.case, self.hours, _ABOVE_THE_TOP
        if case.urgency == DANGER and name != "resolve":
            hours, span, again = ALWAYS, _DANGER_WITHIN, _DANGER_AGAIN
        elif case.urgency == 1 and name == "claim":
            span = span * _AT_ONCE
        whole = span * (min(case.rung, self.top) + 1) + again * max(0, case.rung - self.top)
        warns_at = hours.after(since, whole - span * (1 - WARNS))
        return Clock(name, hours.after(since, whole), warns_at, hours.after(self.now, span))
