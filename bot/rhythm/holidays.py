"""Which days are holidays and make-up workdays: by a kept library, and by what the company names beside it, for 调休
changes each year by decree."""

from datetime import date
from functools import lru_cache
from importlib.metadata import version

import holidays as kept

from bot.values.worktime import MADE_UP, NORMAL, NOTHING_EXTRA, OFF, Extra

VERSION = version("holidays")
_YEARS_BACK = 3  # in which a country that makes up for days did so


@lru_cache(maxsize=16)
def _of(country: str) -> kept.HolidayBase:
    return kept.country_holidays(country)


def known(country: str) -> bool:
    """Whether the library has this country (ISO 3166, two letters)."""
    return country in kept.list_supported_countries()


def is_holiday(day: date, country: str, extra: Extra = NOTHING_EXTRA) -> bool:
    """A public holiday; an ordinary weekend is none, nor is a day off that is worked instead of another."""
    return day in extra.off or (day not in extra.worked and day in _of(country))


def is_workday(day: date, country: str, extra: Extra = NOTHING_EXTRA) -> bool:
    """Monday to Friday but no holiday, or a weekend day that is worked for one."""
    if day in extra.off or day in extra.worked:
        return day not in extra.off
    return bool(_of(country).is_working_day(day))


def kind(day: date, country: str, extra: Extra = NOTHING_EXTRA) -> str:
    """As bot.values.worktime has it: off, made_up or normal."""
    weekend = day.weekday() >= 5
    if is_workday(day, country, extra) == weekend:
        return MADE_UP if weekend else OFF
    return NORMAL


def lacks_decree(country: str, year: int) -> bool:
    """Whether the country makes up for days, and the library does not have yet for which in this year."""
    before = range(year - _YEARS_BACK, year)
    return not _made_up(country, year) and any(_made_up(country, earlier) for earlier in before)


@lru_cache(maxsize=64)
def _made_up(country: str, year: int) -> bool:
    return any(day.year == year for day in kept.country_holidays(country, years=year).weekend_workdays)
