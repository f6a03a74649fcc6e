"""Reads what is to be changed about a cohort, as people write it, into the cohort as it will be."""

import enum
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.errors import ConfigError
from bot.imports import cells
from bot.store.cohorts import CohortRow


class State(enum.StrEnum):
    """How sure a date is."""

    planned = "planned"
    published = "published"
    unknown = "unknown"


@dataclass(frozen=True)
class Moving:
    """The cohort as it is, and the time zone in which its options are meant."""

    held: CohortRow
    zone: ZoneInfo
    now: datetime

    def moved(self, start: str, end: str, place: str, address: str, state: State | None, by: str) -> CohortRow:
        """Raises ConfigError where the options are wrong together."""
        if not any((start, end, place, address, state, by)):
            raise ConfigError("say what changes: --start, --end, --place, --address, --state or --by")
        placed = self._placed(place, address)
        if state == State.unknown:
            if start or end:
                raise ConfigError("an unknown date has no --start and no --end")
            dated = without_date(placed)
        else:
            dated = self._dated(placed, start, end, state)
        if by and dated.date_state == "published":
            raise ConfigError("--by is the day a date will be fixed: a published one is fixed")
        return replace(dated, date_by=self._moment("--by", by, whole_days=True)) if by else dated

    def _placed(self, place: str, address: str) -> CohortRow:
        """The point on the map belongs to the old address."""
        if place and not address:
            raise ConfigError("--place needs its --address: candidates are shown the way there")
        if not address or (place or self.held.place, address) == (self.held.place, self.held.address):
            return self.held
        return replace(self.held, place=place or self.held.place, address=address, lat=None, lng=None)

    def _dated(self, held: CohortRow, start: str, end: str, state: State | None) -> CohortRow:
        starts = self._moment("--start", start) if start else held.starts_at
        ends = self._moment("--end", end) if end else self._as_long(starts)
        if starts is None and (state or end):
            raise ConfigError(f"{held.code} has no start yet: add --start")
        if start and starts and starts <= self.now:
            raise ConfigError("--start lies in the past")
        if starts and ends and ends < starts:
            raise ConfigError("--end lies before the start")
        as_before = "planned" if held.date_state == "unknown" and starts else held.date_state
        return replace(held, starts_at=starts, ends_at=ends, date_state=state.value if state else as_before)

    def _as_long(self, starts: datetime | None) -> datetime | None:
        """By the clock of the place: what ended at 18:00 still does when the clocks have changed between."""
        if starts is None or self.held.starts_at is None or self.held.ends_at is None:
            return self.held.ends_at
        wall = [
            at.astimezone(self.zone).replace(tzinfo=None) for at in (starts, self.held.starts_at, self.held.ends_at)
        ]
        return cells.aware(wall[0] + (wall[2] - wall[1]), self.zone)

    def _moment(self, option: str, text: str, whole_days: bool = False) -> datetime:
        try:
            found = cells.wall(text)
        except cells.BadCell as error:
            raise ConfigError(f"{option} {error}") from None
        if not whole_days and not isinstance(found, datetime):
            raise ConfigError(f"{option} needs the time of day too: write it like 2026-12-05 09:00")
        return cells.aware(found, self.zone)


def without_date(held: CohortRow) -> CohortRow:
    return replace(held, starts_at=None, ends_at=None, date_state="unknown", date_by=None)
