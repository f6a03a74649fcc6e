"""Working time: several periods a day, lunch, weekends, holidays and the days that are made up for."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rhythm import holidays
from bot.values.worktime import MADE_UP, NORMAL, NOTHING_EXTRA, OFF, Extra, Hours, read_week

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS = Hours(read_week("mon-fri 9:00-12:00 13:30-18:00"), SHANGHAI)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-11-23 10:00", 30, "2026-11-23 10:30"),
        ("2026-11-23 11:45", 30, "2026-11-23 13:45"),  # over lunch
        ("2026-11-23 12:30", 30, "2026-11-23 14:00"),  # begun at lunch
        ("2026-11-23 17:45", 30, "2026-11-24 09:15"),  # over night
        ("2026-11-27 17:45", 30, "2026-11-30 09:15"),  # over the weekend
        ("2026-11-23 06:00", 60, "2026-11-23 10:00"),
        ("2026-11-23 10:00", 15 * 60, "2026-11-25 10:00"),
        ("2026-11-23 09:00", 180, "2026-11-23 12:00"),
    ],
)
def test_time_passes_only_while_people_work(start: str, span: int, end: str) -> None:
    assert HOURS.after(local(start), timedelta(minutes=span)) == local(end)
    assert HOURS.between(local(start), local(end)) == timedelta(minutes=span)


def test_a_holiday_is_passed_over_and_a_made_up_sunday_is_worked() -> None:
    days = {date(2026, 11, 23): OFF, date(2026, 11, 22): MADE_UP}
    hours = Hours(HOURS.week, SHANGHAI, lambda day: days.get(day, NORMAL))
    assert hours.after(local("2026-11-20 17:30"), timedelta(hours=1)) == local("2026-11-22 09:30")
    assert hours.after(local("2026-11-22 17:30"), timedelta(hours=1)) == local("2026-11-24 09:30")


def test_the_kept_library_knows_chinas_own_days() -> None:
    """2026: the State Council's plan gives 1–8 October off, and works 10 October, a Saturday, instead."""
    assert holidays.kind(date(2026, 10, 1), "CN") == OFF
    assert holidays.kind(date(2026, 10, 10), "CN") == MADE_UP
    assert holidays.kind(date(2026, 11, 23), "CN") == NORMAL
    assert holidays.kind(date(2026, 11, 22), "CN") == NORMAL


def test_summer_time_does_not_eat_an_hour() -> None:
    night = Hours(read_week("mon-sun 0:00-24:00"), ZoneInfo("America/New_York"))
    before = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    assert night.after(before, timedelta(hours=30)) - before == timedelta(hours=30)


@pytest.mark.parametrize(
    "text", ["", "mon-fri", "weekdays 9:00-12:00", "mon 9-12", "mon 12:00-9:00", "mon 25:00-26:00"]
)
def test_a_mistake_in_the_hours_says_what_would_be_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"9:00-12:00|mon-fri"):
        read_week(text)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.integers(0, 5000), st.integers(0, 5000))
def test_two_spans_one_after_the_other_are_their_sum(start: datetime, one: int, two: int) -> None:
    begun = start.replace(tzinfo=UTC)
    first, second = timedelta(minutes=one), timedelta(minutes=two)
    assert HOURS.after(HOURS.after(begun, first), second) == HOURS.after(begun, first + second)


EXTRA = Extra(frozenset({date(2027, 2, 12)}), frozenset({date(2027, 2, 14), date(2027, 10, 1)}))


def test_days_that_the_company_names_count_beside_those_of_the_library() -> None:
    assert holidays.kind(date(2027, 2, 12), "CN") == NORMAL
    assert holidays.kind(date(2027, 2, 12), "CN", EXTRA) == OFF
    assert holidays.is_holiday(date(2027, 2, 12), "CN", EXTRA)
    assert holidays.kind(date(2027, 2, 14), "CN", EXTRA) == MADE_UP
    assert holidays.kind(date(2027, 10, 1), "CN", EXTRA) == NORMAL
    assert not holidays.is_holiday(date(2027, 10, 1), "CN", EXTRA)


def test_named_days_move_a_deadline() -> None:
    def hours(extra: Extra) -> Hours:
        return Hours(HOURS.week, SHANGHAI, partial(holidays.kind, country="CN", extra=extra))

    start, span = local("2027-02-11 18:00"), timedelta(hours=1)
    assert hours(NOTHING_EXTRA).after(start, span) == local("2027-02-12 10:00")
    assert hours(EXTRA).after(start, span) == local("2027-02-14 10:00")


def test_the_library_says_whether_it_has_a_countrys_make_up_days_of_a_year() -> None:
    unknown = [year for year in range(2020, 2060) if holidays.lacks_decree("CN", year)]
    assert unknown[0] > 2026, "the first year after those that are announced"
    assert unknown == list(range(unknown[0], unknown[0] + 3))
    assert not any(holidays.lacks_decree("US", year) for year in range(2020, 2060))
