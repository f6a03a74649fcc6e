"""The file of stores: where candidates will work."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.imports import cells
from bot.imports.file_type import Kind, SheetColumn, place_alone
from bot.store import tables

COLUMNS: Mapping[str, SheetColumn] = {
    "code": SheetColumn(cells.code, kept=True),
    "name": SheetColumn(cells.name, kept=True),
    "city": SheetColumn(cells.text),
    "address": SheetColumn(cells.text),
    "lat": SheetColumn(cells.latitude),
    "lng": SheetColumn(cells.longitude),
    "openings": SheetColumn(cells.count),
    "manager": SheetColumn(cells.text, sealed=True),
    "phone": SheetColumn(cells.phone, sealed=True),
    "opens_on": SheetColumn(cells.day),
    "closes_on": SheetColumn(cells.day),
}


class StoreSheet(Kind):
    """Reads stores."""

    name = "stores"
    table = tables.stores
    needed = (("code",), ("name",))

    @classmethod
    def all_columns(cls, stages: Sequence[str]) -> Mapping[str, SheetColumn]:
        return COLUMNS

    def contradictions(self, values: Mapping[str, Any]) -> Iterator[str]:
        yield from place_alone(values, "lat", "lng")
        opens, closes = values.get("opens_on"), values.get("closes_on")
        if opens and closes and closes < opens:
            yield "closes_on: lies before opens_on"
