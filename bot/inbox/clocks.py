"""When a case needs a person, and who hears of it next: each clock warns, strikes, and climbs from rung to rung.

Pure but for what it is given: the case, the terms, and the working hours of its team.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.settings import Hr
from bot.store.cases import Case
from bot.worktime import Hours

WARNS = 0.75  # of its span after which a clock warns
DANGER = 0  # the urgency for which clocks run day and night
_DANGER_WITHIN = timedelta(minutes=10)
_AT_ONCE = 0.5  # of the usual span, for urgency 1
TOP = 4  # the last rung: managers above the manager
_ABOVE_THE_TOP = timedelta(hours=8)  # of working time, after which those at the top hear of it again


@dataclass(frozen=True, slots=True)
class Clock:
    """`name`: claim, first, next, resolve, hand_back or wake; `since`: when it was started; `at`: when it strikes;
    `warns_at`: when it warns before, if it does."""

    name: str
    since: datetime
    at: datetime
    warns_at: datetime | None = None


def running(case: Case, terms: Hr, hours: Hours) -> Clock | None:
    """The clock that strikes first. A case that is free waits to be claimed; a claimed one for the answer that is owed,
    else to be done with, and its candidate goes back to the bot after a long silence of HR's. Waiting for the candidate
    only the hand-back runs; nothing runs for what is resolved."""
    if case.state == "resolved":
        return None
    if case.state == "snoozed":
        return Clock("wake", case.updated_at, case.next_at or case.updated_at)
    if case.state == "new":
        return _clock("claim", case.reopened_at or case.opened_at, terms.claim_within, case, hours)
    spoke = case.staff_wrote_at or case.claimed_at or case.opened_at
    clocks = [_clock("hand_back", spoke, terms.hand_back_after, case, hours, warns=False)]
    if case.unanswered_since:
        name, span = ("next", terms.next_answer) if case.answered_at else ("first", terms.first_answer)
        clocks.append(_clock(name, case.unanswered_since, span, case, hours))
    elif case.state == "claimed":
        clocks.append(_clock("resolve", case.claimed_at or case.opened_at, terms.resolve_within, case, hours))
    return min(clocks, key=lambda clock: clock.at)


def _clock(name: str, since: datetime, span: timedelta, case: Case, hours: Hours, warns: bool = True) -> Clock:
    """Each rung that was climbed gave somebody else the same span anew."""
    if case.urgency == DANGER and name in ("claim", "first", "next"):
        within = _DANGER_WITHIN * (case.rung + 1)
        return Clock(name, since, since + within)
    span = span * _AT_ONCE if case.urgency == 1 and name == "claim" else span
    whole = span * (min(case.rung, TOP) + 1) + _ABOVE_THE_TOP * max(0, case.rung - TOP)
    return Clock(
        name, since, hours.after(since, whole), hours.after(since, whole - span * (1 - WARNS)) if warns else None
    )
