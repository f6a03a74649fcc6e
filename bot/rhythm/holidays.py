"""Which days are holidays and make-up workdays, by a kept library: 调休 changes each year by decree."""

from datetime import date
from functools import lru_cache

import holidays as kept

from bot.worktime import MADE_UP, NORMAL, OFF


@lru_cache(maxsize=16)
def _of(country: str) -> kept.HolidayBase:
    return kept.country_holidays(country)


def known(country: str) -> bool:
    """Whether the library has this country (ISO 3166, two letters)."""
    return country in kept.list_supported_countries()


def is_holiday(day: date, country: str) -> bool:
    """A public holiday; an ordinary weekend is none, nor is a day off that is worked instead of another."""
    return day in _of(country)


def is_workday(day: date, country: str) -> bool:
    """Monday to Friday but no holiday, or a weekend day that is worked for one."""
    return bool(_of(country).is_working_day(day))


def kind(day: date, country: str) -> str:
    """As bot.worktime has it: off, made_up or normal."""
    weekend = day.weekday() >= 5
    if is_workday(day, country) == weekend:
        return MADE_UP if weekend else OFF
    return NORMAL
