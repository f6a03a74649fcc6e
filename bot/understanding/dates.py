"""Which day a text names, in the words of messages/<locale>/words.yaml.

To teach it another way of naming a day: add it to the list there. `<day>`, `<nth>`, `<month>`, `<year>`, `<weekday>`
and `<count>` stand for what they say; how many days, weeks, months or years ahead is a wording's place in its list.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.understanding.phrases import expanded, pattern
from bot.understanding.text import has_han, key, normal

if TYPE_CHECKING:
    from bot.understanding.words import WordLists

_WEEK = 7
_YEARS_TO_A_LEAP_DAY = 8
_FIRST_YEAR = 1000  # what is less is a number of years ahead
_FULL = re.compile(r"(?<!\d)(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})(?!\d)")
_MONTH_FIRST = re.compile(
    r"(?<![\d./-])(?P<month>\d{1,2})(?P<sign>[/.])(?P<day>\d{1,2})(?:/(?P<year>\d{4}))?(?![\d/-])"
)
_PLACEHOLDER = re.compile("<([a-z]+)>")
_DIGITS = {"day": (r"\d{1,2}",), "month": (r"\d{1,2}",), "count": (r"\d{1,3}",), "year": (r"[12]\d{3}",)}

Named = Mapping[str, int]  # what the placeholders of a wording stand for, and "ahead", its place in its list
Spoken = Mapping[str, int]  # "周" … "二" -> its place in the list


def read_date(text: str, today: date, words: "WordLists") -> date | None:
    """The one day that a text names; None for none, for several, and for a day that does not exist.

    Without a year it is the next such day, today included; only a date with its year may lie in the past.
    """
    plain = normal(text)
    said = [day for calendar in words.calendars for day in calendar.days(plain, today)]
    found = set(said or _bare(plain, today, words))
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, eq=False)
class Wording:
    """One way of naming a day in one language."""

    pattern: re.Pattern[str]
    tables: Mapping[str, Spoken]  # by placeholder
    ahead: int
    day: Callable[[Named, date], date | None]

    def named(self, match: re.Match[str]) -> Named:
        said = {name.rstrip("_"): text for name, text in match.groupdict().items() if text}
        return {name: self._number(name, text) for name, text in said.items()} | {"ahead": self.ahead}

    def _number(self, name: str, text: str) -> int:
        spoken = self.tables[name]
        return spoken[text] if text in spoken else int(text)


@dataclass(frozen=True, eq=False)
class Calendar:
    """How one language names days."""

    never: re.Pattern[str]
    wordings: tuple[Wording, ...]

    @classmethod
    def of(cls, lists: Mapping[str, Sequence[str]]) -> "Calendar":
        tables = _tables(lists)
        never = [_frame(entry, tables).pattern for entry in lists.get("not_dates", ())]
        found = [
            Wording(_frame(entry, tables), tables, ahead, day)
            for name, day in _DAYS.items()
            for ahead, entry in reversed(list(enumerate(lists.get(name, ()))))
        ]
        return cls(re.compile("|".join(map(_nameless, never)) or "(?!)"), tuple(found))

    def days(self, plain: str, today: date) -> list[date | None]:
        """Each day that the text names; what one wording has read, no later one reads again."""
        rest = self.never.sub(_blank, plain)
        found: list[date | None] = []
        for wording in self.wordings:
            for match in wording.pattern.finditer(rest):
                day = wording.day(wording.named(match), today)
                found += [] if wording.day is _weekday_alone and _names_weekday(found, day) else [day]
            rest = wording.pattern.sub(_blank, rest)
        return found


def _names_weekday(found: Sequence[date | None], day: date | None) -> bool:
    """Whether a weekday only adds its name to a day: "Wednesday, December 2nd"."""
    return day is not None and day.weekday() in [each.weekday() for each in found if each]


def _bare(plain: str, today: date, words: "WordLists") -> Iterator[date | None]:
    """A day in digits alone, where the text says little else: "12.3" may also be a price."""
    match = _FULL.search(plain) or _MONTH_FIRST.search(plain)
    if match is None:
        return
    beside = key(f"{plain[: match.start()]} {plain[match.end() :]}")
    if match.re is _FULL or not beside or words.core(beside) in words.around or beside in words.beside_date:
        yield _dated({name: int(text) for name, text in match.groupdict().items() if text and text.isdigit()}, today)


def _dated(named: Named, today: date) -> date | None:
    if "year" in named:
        year = named["year"]
        return _day(year if year >= _FIRST_YEAR else today.year + year, named["month"], named["day"])
    if "month" in named:
        years = range(today.year, today.year + _YEARS_TO_A_LEAP_DAY + 1)
        return _next((_day(year, named["month"], named["day"]) for year in years), today)
    day = named.get("day") or named.get("nth", 0)
    return _next((_day(*_month(today, ahead), day) for ahead in range(3)), today)


def _weekday_alone(named: Named, today: date) -> date | None:
    return _later(today, (named["weekday"] - today.weekday() - 1) % _WEEK + 1)


def _weekday_of_week(named: Named, today: date) -> date | None:
    return _next([_later(today, named["ahead"] * _WEEK + named["weekday"] - today.weekday())], today)


def _month_end(named: Named, today: date) -> date | None:
    year, month = _month(today, named["ahead"])
    return _day(year, month, monthrange(year, month)[1])


# The lists of words.yaml that name days, in the order in which they are tried.
_DAYS: Mapping[str, Callable[[Named, date], date | None]] = {
    "next_month": lambda named, today: _day(*_month(today, 1), named["day"]),
    "month_ends": _month_end,
    "weeks": _weekday_of_week,
    "days_ahead": lambda named, today: _later(today, named["count"]),
    "weeks_ahead": lambda named, today: _later(today, named["count"] * _WEEK),
    "days_from_today": lambda named, today: _later(today, named["ahead"]),
    "dates": _dated,
    "weekday_alone": _weekday_alone,
}


def _next(days: Iterable[date | None], today: date) -> date | None:
    return next((day for day in days if day and day >= today), None)


def _later(today: date, days: int) -> date | None:
    try:
        return today + timedelta(days)
    except OverflowError:
        return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month(today: date, ahead: int) -> tuple[int, int]:
    """Year and month, so many months ahead."""
    months = today.month - 1 + ahead
    return today.year + months // 12, months % 12 + 1


def _tables(lists: Mapping[str, Sequence[str]]) -> Mapping[str, Spoken]:
    days = _spoken(lists, "day_numbers")
    return {
        "day": days,
        "nth": {wording: place for wording, place in days.items() if wording[0].isdigit()},
        "month": _spoken(lists, "months"),
        "year": _spoken(lists, "years"),
        "weekday": _spoken(lists, "weekdays"),
        "count": {**days, **_spoken(lists, "numbers")},
    }


def _spoken(lists: Mapping[str, Sequence[str]], name: str) -> Spoken:
    return {wording: place for place, entry in enumerate(lists.get(name, ())) for wording in expanded(entry)}


def _frame(entry: str, tables: Mapping[str, Spoken]) -> re.Pattern[str]:
    """The pattern of an entry; it begins and ends where a word does."""
    names: list[str] = []  # a name that an entry repeats in its alternatives gets a tail

    def group(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"(?P<{match[1]}{'_' * (names.count(match[1]) - 1)}>{_numeral(match[1], tables[match[1]])})"

    return re.compile(rf"(?<![a-z])(?:{_PLACEHOLDER.sub(group, pattern(entry))})(?![a-z])")


def _numeral(name: str, spoken: Spoken) -> str:
    """Digits or words; no part of a longer number of either kind."""
    wordings = sorted(spoken, key=len, reverse=True)
    han = [wording for wording in wordings if has_han(wording)]
    written = [wording for wording in wordings if wording[0].isdigit()]
    letters = [wording for wording in wordings if wording not in (*han, *written)]
    digits = _DIGITS.get(name, ()) if han or name != "month" else ()  # "12.3" is left to _bare
    beside = "" if name == "weekday" else "".join(wording for wording in han if len(wording) == 1)
    return "|".join((_apart(han, beside), _apart(letters, ""), _apart([*written, *digits], r"\d")))


def _apart(choices: Sequence[str], beside: str) -> str:
    """One of the choices, where none of these characters touches it."""
    choice = f"(?:{'|'.join(choices) or '(?!)'})"
    return f"(?<![{beside}]){choice}(?![{beside}])" if beside else choice


def _nameless(pattern: str) -> str:
    return re.sub(r"\?P<[a-z_]+>", "?:", pattern)


def _blank(match: re.Match[str]) -> str:
    return "\n" * len(match[0])
