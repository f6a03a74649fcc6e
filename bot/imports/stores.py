"""The file of stores: where candidates will work."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.imports import cells
from bot.imports.file_type import Column, Kind, place_alone
from bot.store import tables

COLUMNS: Mapping[str, Column] = {
    "code": Column(cells.code, kept=True),
    "name": Column(cells.name, kept=True),
    "city": Column(cells.text),
    "address": Column(cells.text),
    "lat": Column(cells.latitude),
    "lng": Column(cells.longitude),
    "openings": Column(cells.count),
    "manager": Column(cells.text, sealed=True),
    "phone": Column(cells.phone, sealed=True),
    "opens_on": Column(cells.day),
    "closes_on": Column(cells.day),
}


class Stores(Kind):
    """Reads stores."""

    name = "stores"
    table = tables.stores
    needed = (("code",), ("name",))

    @classmethod
    def all_columns(cls, stages: Sequence[str]) -> Mapping[str, Column]:
        return COLUMNS

    def contradictions(self, values: Mapping[str, Any]) -> Iterator[str]:
        yield from place_alone(values, "lat", "lng")
        opens, closes = values.get("opens_on"), values.get("closes_on")
        if opens and closes and closes < opens:
            yield "closes_on: lies before opens_on"
