"""When people work: hours a weekday in several periods, without holidays, with the days that are made up for.

Pure: whether a day is worked is asked of whoever knows the holidays.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIOD = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_LONGEST = 400  # days that a span of working time may reach over
Periods = tuple[tuple[time, time], ...]
NORMAL, OFF, MADE_UP = "normal", "off", "made_up"


@dataclass(frozen=True)
class Extra:
    """What a company names of one country beside what is known of it: days off, and days that are worked."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()


NOTHING_EXTRA = Extra()


@dataclass(frozen=True)
class Hours:
    """`week`: the periods of each weekday, Monday first. `day`: whether a day is `normal`, `off` (a holiday) or
    `made_up` (worked instead of one, by the hours of a Monday)."""

    week: tuple[Periods, ...]
    zone: ZoneInfo
    day: Callable[[date], str] = lambda _: NORMAL

    def after(self, start: datetime, span: timedelta) -> datetime:
        """The moment at which `span` of working time has passed since `start`."""
        left = span
        for begins, ends in self._periods(start):
            if ends - begins >= left:
                return begins + left
            left -= ends - begins
        return start + span  # nobody ever works: then time is time

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments."""
        total = timedelta()
        for begins, ends in self._periods(start):
            if begins >= end:
                break
            total += min(ends, end) - begins
        return total

    def opens(self, moment: datetime) -> datetime:
        """This moment if people work then, else when they begin again."""
        return next((begins for begins, _ in self._periods(moment)), moment)

    def works(self, day: date) -> bool:
        """Whether people work at all on that day of the zone's calendar."""
        return bool(self._of(day))

    def _periods(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """What is left of this day's periods, then those of the days to come."""
        first = start.astimezone(self.zone).date()
        for number in range(_LONGEST):
            day = first + timedelta(days=number)
            for begins, ends in self._of(day):
                opens, closes = _at(day, begins, self.zone), _at(day, ends, self.zone)
                if closes > start:
                    yield max(opens, start), closes

    def _of(self, day: date) -> Periods:
        kind = self.day(day)
        if kind == OFF:
            return ()
        return self.week[0] if kind == MADE_UP and not self.week[day.weekday()] else self.week[day.weekday()]


def read_week(text: str) -> tuple[Periods, ...]:
    """`mon-fri 9:00-12:00 13:30-18:00; sat 9:00-12:00`. Raises ValueError, saying what would be right."""
    week: dict[int, Periods] = {}
    for part in filter(None, (piece.strip() for piece in text.lower().split(";"))):
        names, *spans = part.split()
        for number in _weekdays(names, part):
            week[number] = tuple(_period(span) for span in spans)
    if not any(week.values()):
        raise ValueError(f"{text!r} has no hours: write them like mon-fri 9:00-12:00 13:30-18:00")
    return tuple(week.get(number, ()) for number in range(7))


def _weekdays(names: str, part: str) -> Iterator[int]:
    for name in names.split(","):
        first, _, last = name.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise ValueError(f"{part!r} should begin with days like mon-fri or sat,sun")
        begins, ends = _DAYS.index(first), _DAYS.index(last or first)
        yield from range(begins, ends + 1) if begins <= ends else (*range(begins, 7), *range(ends + 1))


def _period(span: str) -> tuple[time, time]:
    found = _PERIOD.fullmatch(span)
    try:
        begins, ends = (_clock(found[1], found[2]), _clock(found[3], found[4])) if found else (time(), time())
    except ValueError:
        begins = ends = time()
    if begins >= ends:
        raise ValueError(f"{span!r} is no span of time: use one like 9:00-12:00")
    return begins, ends


def _clock(hour: str, minute: str) -> time:
    return time.max if (hour, minute) == ("24", "00") else time(int(hour), int(minute))


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    if clock == time.max:  # 24:00
        day, clock = day + timedelta(days=1), time()
    return datetime.combine(day, clock, zone).astimezone(ZoneInfo("UTC"))
