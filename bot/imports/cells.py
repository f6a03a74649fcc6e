"""Reads one cell: text in, a value out, or in plain words what would be right."""

import functools
import re
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, available_timezones

from bot.settings import Locale
from bot.values import invites, phones

_LONGEST = 2_000
_LONGEST_CODE = 64
_LARGEST = 1_000_000
_YEARS = range(1950, 2151)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")
_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
Source = typing.Literal["import", "api"]
# As a spreadsheet shows what it took for a number, a date, a truth or a formula.
_SHORTENED = re.compile(r"\d+(\.\d+)?[eE]\+\d{1,3}|\d\.\d+[eE]\d{1,3}", re.ASCII)
_WITH_NOTHING = re.compile(r"\d+\.0+", re.ASCII)
_A_DAY = re.compile(r"\d{1,2}-[A-Z][a-z]{2}(-\d{2,4})?|[A-Z][a-z]{2}-\d{2}|\d{1,2}月\d{1,2}日")
_TRUTHS = ("true", "false")
_QUOTES = ("'", "`", "’", "‘")
_IN_A_PATH = (".", "..")  # a browser takes these for places
_NO_NAMES = frozenset(
    ("-", "--", "—", "/", "?", "？", "无", "暂无", "空", "N/A", "n/a", "null", "NULL", "None", "none", "NaN", "nan")
)
_EXCEL_ERRORS = ("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")


IMPORT: Source = "import"  # who moved a stage, a cohort or a store, where a file did


class BadCell(ValueError):
    """What is wrong with a cell; who reads it adds the column. Names no personal data."""


@dataclass(frozen=True)
class CellContext:
    """What a cell is read against: the moment of the import and the company's own ways."""

    now: datetime
    zone: ZoneInfo
    country: str
    road: Sequence[str]
    ends: Sequence[str]
    source: Source = IMPORT

    @functools.cached_property
    def stages(self) -> tuple[str, ...]:
        return (*self.road, *self.ends)

    @functools.cached_property
    def closed(self) -> tuple[str, ...]:
        return (self.road[-1], *self.ends)

    @property
    def outside(self) -> frozenset[str]:
        """Whose earlier word these rows may change without being newer. A file leaves the API's as it leaves HR's."""
        return frozenset({IMPORT, self.source})


Reader = Callable[[str, CellContext], typing.Any]


def text(cell: str, _: CellContext) -> str:
    if len(cell) > _LONGEST:
        raise BadCell(f"is longer than {_LONGEST} characters")
    return sound(cell)


def sound(cell: str) -> str:
    """The cell, unless the spreadsheet shows in it that it does not know its value."""
    if cell in _EXCEL_ERRORS:
        raise BadCell(f"{cell} is an error of the spreadsheet: put in what it should be")
    if cell.startswith("="):
        raise BadCell("is a formula without its result: open the file in a spreadsheet, save it, or put in the value")
    return cell


def name(cell: str, frame: CellContext) -> str:
    """What somebody or something is called."""
    if cell in _NO_NAMES or cell.lower() in _TRUTHS:
        raise BadCell(f"{cell!r} is no name: people would be called that")
    return text(cell, frame)


def code(cell: str, frame: CellContext) -> str:
    if len(cell) > _LONGEST_CODE or not cell.isprintable():
        raise BadCell(f"should be one line of at most {_LONGEST_CODE} characters")
    if changed := _changed(cell):
        raise BadCell(f"{changed}: make the column text in the spreadsheet, and put the codes in again")
    if cell in _IN_A_PATH:
        raise BadCell("is no code: a code needs a letter or a digit")
    return text(cell, frame)


def dated_code(_: str) -> typing.NoReturn:
    """For a code in a cell that a workbook keeps as a date."""
    raise BadCell("was made a date by the spreadsheet: make the column text, and put the codes in again")


def _changed(cell: str) -> str:
    """How a spreadsheet has changed what was typed; "" where nothing shows that."""
    if _SHORTENED.fullmatch(cell):
        return "was shortened by the spreadsheet, so that its last digits are lost"
    if _WITH_NOTHING.fullmatch(cell):
        return "was made a number by the spreadsheet"
    if _A_DAY.fullmatch(cell):
        return "was made a date by the spreadsheet"
    if cell.lower() in _TRUTHS:
        return "was made a truth value by the spreadsheet"
    return "begins with the mark by which a spreadsheet keeps text" if cell.startswith(_QUOTES) else ""


def email(cell: str, frame: CellContext) -> str:
    if not _EMAIL.fullmatch(text(cell, frame)):
        raise BadCell("is no e-mail address: write one like name@example.com")
    return cell


def phone(cell: str, frame: CellContext) -> str:  # E.164
    try:
        return phones.e164(cell, frame.country)
    except ValueError as error:
        raise BadCell(str(error)) from None


_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def locale(cell: str, _: CellContext) -> str:
    """`zh`, also as zh-CN or zh_CN: the part that says the language; zh-Hant, also as zh-TW, zh-HK or zh-MO."""
    language, *more = re.split("[-_]", cell.lower())
    if language == "zh" and _TRADITIONAL & set(more):
        return "zh-Hant"
    return _one_of(language, typing.get_args(Locale), "language")


def timezone(cell: str, _: CellContext) -> str:
    if cell not in _zones():
        raise BadCell(f"{cell!r} is no time zone: use a name like Asia/Shanghai")
    return cell


def stage(cell: str, frame: CellContext) -> str:
    return _one_of(cell, frame.stages, "stage")


def one_of(*words: str, what: str) -> Reader:
    return lambda cell, _: _one_of(cell, words, what)


def invite(cell: str, frame: CellContext) -> str:
    code = invites.normal(cell)
    if not re.fullmatch(r"\w{8,32}", code):
        raise BadCell(
            "should have 8 to 32 letters and digits: a shorter code can be guessed. Leave it empty to have one made"
        )
    if not invites.is_strong(code):
        raise BadCell(
            "can be guessed: mix letters and digits, four different ones at least, or leave it empty to have one made"
        )
    return text(cell, frame)


def items(cell: str, frame: CellContext) -> list[str]:
    """Items separated by `|`."""
    return [item for item in map(str.strip, text(cell, frame).split("|")) if item]


def count(cell: str, _: CellContext) -> int:
    if not re.fullmatch(r"\+?\d{1,9}", cell, re.ASCII) or int(cell) > _LARGEST:
        raise BadCell("should be a whole number, 0 or more")
    return int(cell)


def latitude(cell: str, _: CellContext) -> float:
    return _degrees(cell, 90)


def longitude(cell: str, _: CellContext) -> float:
    return _degrees(cell, 180)


def moment(cell: str, frame: CellContext) -> datetime:
    """A date, or a date and time; without an offset in the company's zone; a date alone is its first minute."""
    return _moment(cell, frame.zone)


def end_of(cell: str, frame: CellContext) -> datetime:
    """As `moment`, but a date alone lasts until its last minute: an offer until the 5th is good on the 5th."""
    found = wall(cell)
    at = datetime.combine(found, time(23, 59)) if not isinstance(found, datetime) else found
    return aware(at, frame.zone)


def wall(cell: str, _: CellContext | None = None) -> date | datetime:
    """A date, or a date and time as it stands: who reads it knows the zone."""
    try:
        found = _year_first(cell) or _iso(cell)
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise BadCell("is no date: write it like 2026-11-04 or 2026-11-04 09:00")
    return found


def wall_time(cell: str, _: CellContext) -> datetime:
    found = wall(cell)
    if not isinstance(found, datetime):
        raise BadCell("needs the time of day too: write it like 2026-11-04 09:00")
    return found


def day(cell: str, _: CellContext) -> date:
    found = wall(cell)
    return found.date() if isinstance(found, datetime) else found


def aware(found: date | datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC: a naive time is the zone's, a date alone its first minute."""
    at = found if isinstance(found, datetime) else datetime.combine(found, time())
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


@functools.lru_cache(4096)
def _moment(cell: str, zone: ZoneInfo) -> datetime:
    return aware(wall(cell), zone)


def _year_first(cell: str) -> date | datetime | None:
    found = _DATE.fullmatch(cell)
    if found is None:
        return None
    numbers = [int(number) for number in found.groups(default="0")]
    return datetime(*numbers) if found[4] else date(*numbers[:3])  # type: ignore[arg-type]


def _iso(cell: str) -> date | datetime | None:
    if re.fullmatch(r"\d{8}", cell, re.ASCII):
        return date.fromisoformat(cell)
    return datetime.fromisoformat(cell) if re.match(r"\d{4}-?\d\d-?\d\d[T ]", cell, re.ASCII) else None


def _degrees(cell: str, limit: int) -> float:
    found = float(cell) if re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,20})?", cell, re.ASCII) else limit + 1.0
    if abs(found) > limit:
        raise BadCell(f"should be a number of degrees from -{limit} to {limit}, like 31.2304")
    return found


def _one_of(cell: str, words: Sequence[str], what: str) -> str:
    if cell in words:
        return cell
    same = cell.lower().replace(" ", "_")
    found = next((word for word in words if word.lower() == same), None)
    if found is None:
        raise BadCell(f"{cell[:40]!r} is no {what}: use {', '.join(words[:-1])} or {words[-1]}")
    return found


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
