"""One row that comes by itself, as fields with names: the same columns, checks and conflicts as in a file."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.imports.file_type import CLEAR, Kind, LayoutReader, SheetRow
from bot.imports.headers import Layout
from bot.imports.sheet import SheetLine

_BETWEEN = "|"
_NO_FILE = 1  # the number of the only line


def read(kind: Kind, code: str, fields: Mapping[str, Any]) -> SheetRow:
    """`fields`: text, numbers, or a list of texts for a column of items; None clears. What is wrong is in the row."""
    columns = ("code", *fields)
    layout = Layout({name: place for place, name in enumerate(columns)}, {}, (), len(columns))
    return LayoutReader(layout, kind).row(SheetLine(_NO_FILE, [code, *(_cell(value) for value in fields.values())]))


def field_of(reason: str) -> tuple[str, str]:
    """A reason as (the columns it speaks of, what would be right)."""
    column, between, rest = reason.partition(": ")
    return (column, rest) if between else ("", reason)


def split_items(fields: Mapping[str, Any]) -> Sequence[str]:
    """The columns whose items would not stay apart: they have the sign in them that divides items in a file."""
    lists = ((name, value) for name, value in fields.items() if isinstance(value, list))
    return [name for name, value in lists if any(_BETWEEN in item for item in value)]


def _cell(value: Any) -> str:
    if value is None or value == []:
        return CLEAR
    if isinstance(value, list):
        return _BETWEEN.join(value)
    return str(value)
