"""How the cells of a table are read: their words, numbers and dates."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from bot.reports.model import Kind, ReportColumn, Words

MILLION = 1_000_000
NUMBERS: frozenset[Kind] = frozenset({"count", "percent", "money"})
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_EMPTY = ""


def heading(column: ReportColumn, words: Words) -> str:
    return words.get(f"column_{column.key}", column.key)


def shown(value: Any, column: ReportColumn, words: Words, zone: ZoneInfo) -> str:
    """As a person reads it."""
    if value is None:
        return _EMPTY
    match column.kind:
        case "code":
            codes, named = value if isinstance(value, tuple) else (value,), column.codes or column.key
            found = (words.get(f"{named}_{code}", words.get(f"code_{code}", str(code))) for code in codes)
            return words["comma"].join(found)
        case "count":
            return f"{value:,}"
        case "percent":
            return f"{value:.1f} %"
        case "money":
            return f"{Decimal(value) / MILLION:,.2f}"
        case "span":
            return _span(int(value), words)
        case "day" | "week":
            return f"{_day(value, zone):%Y-%m-%d}"
        case _:
            return str(value)


def plain(value: Any, column: ReportColumn, words: Words, zone: ZoneInfo) -> str | float | int | date | None:
    """As a spreadsheet reckons with it: numbers and dates stay such; spans are minutes."""
    if value is None:
        return None
    match column.kind:
        case "count":
            return int(value)
        case "percent":
            return round(float(value), 1)
        case "money":
            return round(int(value) / MILLION, 6)
        case "span":
            return round(int(value) / _MINUTE, 1)
        case "day" | "week":
            return _day(value, zone)
        case _:
            return shown(value, column, words, zone)


def _day(value: date | datetime, zone: ZoneInfo) -> date:
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def _span(seconds: int, words: Words) -> str:
    """In the two largest units that say something."""
    if seconds < _HOUR:
        return words["span_minutes"].format(minutes=round(seconds / _MINUTE))
    if seconds < _DAY:
        return words["span_hours"].format(hours=seconds // _HOUR, minutes=seconds % _HOUR // _MINUTE)
    return words["span_days"].format(days=seconds // _DAY, hours=seconds % _DAY // _HOUR)
