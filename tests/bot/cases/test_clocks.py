"""Which clock of a case runs, when it warns and when it strikes."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.cases.sla import running
from bot.settings import Hr
from bot.store.cases import Case
from bot.values.worktime import Hours, read_week

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS = Hours(read_week("mon-fri 9:00-12:00 13:30-18:00"), SHANGHAI)
TERMS = Hr()


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=SHANGHAI)


OPENED = local("23 10:00")
NEW = Case(
    1, 1, None, "new", "human", 2, OPENED, OPENED, "hr-a", None, None, None, None, None, None, None, None, 0, 0, None,
    None, None, 1,
)  # fmt: skip
CLAIMED = replace(NEW, state="claimed", claimed_by="hr-a", claimed_at=local("23 10:10"))


@pytest.mark.parametrize(
    ("case", "name", "warns_at", "at"),
    [
        (NEW, "claim", "23 10:22:30", "23 10:30"),
        (replace(NEW, opened_at=local("23 11:50")), "claim", "23 13:42:30", "23 13:50"),
        (replace(NEW, opened_at=local("23 20:00")), "claim", "24 09:22:30", "24 09:30"),
        (replace(NEW, urgency=1), "claim", "23 10:11:15", "23 10:15"),
        (replace(NEW, urgency=0, opened_at=local("23 03:00")), "claim", "23 03:03:45", "23 03:05"),
        (replace(CLAIMED, urgency=0, unanswered_since=local("23 10:00")), "first", "23 10:13:45", "23 10:15"),
        (replace(NEW, rung=1), "claim", "23 10:52:30", "23 11:00"),
        (replace(NEW, reopened_at=local("23 14:00")), "claim", "23 14:22:30", "23 14:30"),
        (replace(CLAIMED, unanswered_since=local("23 10:00")), "first", "23 10:45", "23 11:00"),
        (
            replace(CLAIMED, unanswered_since=local("23 14:00"), answered_at=local("23 10:30"), staff_wrote_at=local("23 10:30")),
            "next",
            "23 15:30",
            "23 16:00",
        ),
        (CLAIMED, "hand_back", None, "24 10:40"),
        (replace(CLAIMED, state="waiting", staff_wrote_at=local("23 11:00")), "hand_back", None, "24 11:30"),
    ],
)  # fmt: skip
def test_the_clock_that_strikes_first_runs(case: Case, name: str, warns_at: str | None, at: str) -> None:
    clock = running(case, TERMS, HOURS, OPENED)
    assert clock is not None
    assert (clock.name, clock.at) == (name, local(at))
    assert clock.warns_at == (local(warns_at) if warns_at else None)


def test_a_case_that_takes_days_is_asked_about_though_hr_writes_all_the_time() -> None:
    case = replace(CLAIMED, staff_wrote_at=local("26 10:00"))
    clock = running(case, TERMS, HOURS, OPENED)
    assert clock is not None
    assert (clock.name, clock.at) == ("resolve", local("26 11:40"))


def test_nothing_runs_for_what_is_resolved_and_a_snooze_wakes() -> None:
    until = local("25 10:00")
    assert running(replace(NEW, state="resolved"), TERMS, HOURS, OPENED) is None
    clock = running(replace(CLAIMED, state="snoozed", next_at=until), TERMS, HOURS, OPENED)
    assert clock is not None
    assert (clock.name, clock.at) == ("wake", until)


def test_at_the_top_it_is_said_again_every_working_day_and_not_every_half_hour() -> None:
    five, six = (running(replace(NEW, rung=rung), TERMS, HOURS, OPENED) for rung in (5, 6))
    assert five
    assert six
    assert HOURS.between(five.at, six.at) == timedelta(hours=8)
