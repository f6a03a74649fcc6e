"""The file of cohorts: people trained together, when and where."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from bot.imports import cells
from bot.imports.file_type import (
    Clash,
    ExistingRow,
    ExistingRows,
    Kind,
    SheetColumn,
    SheetRow,
    Values,
    after,
    place_alone,
)
from bot.store import tables

COLUMNS: Mapping[str, SheetColumn] = {
    "code": SheetColumn(cells.code, kept=True),
    "name": SheetColumn(cells.name, kept=True),
    "starts_at": SheetColumn(cells.wall_time),
    "ends_at": SheetColumn(cells.wall_time),
    "place": SheetColumn(cells.text),
    "address": SheetColumn(cells.text),
    "lat": SheetColumn(cells.latitude),
    "lng": SheetColumn(cells.longitude),
    "seats": SheetColumn(cells.count),
    "outline": SheetColumn(cells.items),
    "bring": SheetColumn(cells.items),
    "date_state": SheetColumn(cells.one_of("unknown", "planned", "published", what="state of a date"), kept=True),
    "date_by": SheetColumn(cells.wall),
    "timezone": SheetColumn(cells.timezone),
}
_TIMES = ("starts_at", "ends_at", "date_by")
_LISTS = ("outline", "bring")
_TOLD = ("starts_at", "ends_at", "place", "address", "date_state")  # who knew the old ones must hear of it


class CohortSheet(Kind):
    """Reads cohorts. Times are the cohort's own zone's, if it has one."""

    name = "cohorts"
    table = tables.cohorts
    needed = (("code",), ("name",))

    @classmethod
    def all_columns(cls, stages: Sequence[str]) -> Mapping[str, SheetColumn]:
        return COLUMNS

    def contradictions(self, values: Mapping[str, Any]) -> Iterator[str]:
        yield from place_alone(values, "lat", "lng")

    def blank(self) -> Values:
        return {**super().blank(), "outline": [], "bring": [], "version": 1}

    def wanted(self, row: SheetRow, held: ExistingRow | None, found: ExistingRows) -> tuple[Values, list[str]]:
        wanted = self._in_their_zone(row.values, held)
        wanted |= {name: wanted[name] or [] for name in _LISTS if name in wanted}
        wanted |= _date_state(wanted, held)
        return wanted, list(_wrong_dates(wanted, held))

    def changed(self, wanted: Mapping[str, Any], held: ExistingRow | None) -> Values:
        values = super().changed(wanted, held)
        if held and any(name in values for name in _TOLD):
            values["version"] = held["version"] + 1
        return values

    def _in_their_zone(self, values: Mapping[str, Any], held: ExistingRow | None) -> Values:
        name = after("timezone", values, held)
        zone = ZoneInfo(name) if name else self.frame.zone
        times = {name: cells.aware(values[name], zone) for name in _TIMES if values.get(name)}
        return {**values, **times}


def _date_state(values: Mapping[str, Any], held: ExistingRow | None) -> Values:
    """A cohort without a date is unknown, with one planned, where the file does not say."""
    if "date_state" in values or (held and held["date_state"] == "published"):
        return {}
    if held and "starts_at" not in values:
        return {}
    return {"date_state": "planned" if values.get("starts_at") else "unknown"}


def _wrong_dates(values: Mapping[str, Any], held: ExistingRow | None) -> Iterator[str]:
    starts, ends, state = (after(name, values, held) for name in ("starts_at", "ends_at", "date_state"))
    if starts and ends and ends < starts:
        yield "ends_at: lies before starts_at"
    if ends and not starts:
        yield "ends_at: needs starts_at"
    if state in ("planned", "published") and not starts:
        yield f"starts_at: is missing: a {state} date needs it"
    if held and held["date_state"] == "published" and state != "published":
        yield Clash(f"date_state: the date is published: an import does not make it {state} again")
