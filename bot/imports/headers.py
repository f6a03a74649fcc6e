"""Which of our columns each column of a file is: by its header, or by a company's own map of headers and values."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import ContentError
from bot.imports.sheet import plain
from bot.imports.unusable import UnusableFile
from bot.platform import yaml_text

ERROR = "error"  # the column that we add to the file of bad rows: of no account when it comes back


@dataclass(frozen=True)
class HeaderMap:
    """A company's headers by ours, and what its words in a column mean. Keys are folded."""

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """Where each of our columns stands in the file; `unknown` are headers that we do not read."""

    places: Mapping[str, int]
    values: Mapping[str, Mapping[str, str]]
    unknown: Sequence[str]
    width: int


def folded(text: str) -> str:
    """How headers are compared: case, blanks around them and wide letters mean nothing."""
    return unicodedata.normalize("NFKC", plain(text)).casefold().strip()


def read_map(path: Path, columns: Sequence[str]) -> HeaderMap:
    """Reads `{their header: our column}` and `{our column: {header: …, values: {theirs: ours}}}`.

    `columns` are those of every kind of file: one map may serve them all. Raises ContentError with every fault.
    """
    document = yaml_text.read_apart(path)
    reading = _MapReading(document, frozenset(columns))
    if not document.faults:
        reading.read()
    if document.faults:
        raise ContentError(document.faults)
    return HeaderMap(reading.columns, reading.values)


def known(header: Sequence[str], columns: Sequence[str], ways: HeaderMap) -> int:
    """How many of a row's cells name one of our columns."""
    ours = _ours(columns)
    return sum(_column(text, ours, ways) is not None for text in header)


def match(path: Path, header: Sequence[str], columns: Sequence[str], ways: HeaderMap) -> Layout:
    """Raises UnusableFile where two headers mean the same column."""
    ours = _ours(columns)
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, text in enumerate(header):
        column = _column(text, ours, ways)
        if column is None:
            unknown.append(plain(text))
        elif column in places:
            first = plain(header[places[column]])
            raise UnusableFile(
                f"{path}: the headers {first!r} and {plain(text)!r} both mean {column}: keep one of them"
            )
        else:
            places[column] = place
    named = [text for text in unknown if text and folded(text) != ERROR]
    return Layout(places, {name: ways.values[name] for name in places if name in ways.values}, named, len(header))


def _ours(columns: Sequence[str]) -> Mapping[str, str]:
    return {folded(name): name for name in columns}


def _column(text: str, ours: Mapping[str, str], ways: HeaderMap) -> str | None:
    return ours.get(ways.columns.get(folded(text), "")) or ours.get(folded(text))


class _MapReading:
    """One pass over a map file; what is wrong goes to the document's faults."""

    def __init__(self, document: yaml_text.Document, known: frozenset[str]) -> None:
        self._document = document
        self._known = known
        self.columns: dict[str, str] = {}
        self.values: dict[str, dict[str, str]] = {}

    def read(self) -> None:
        if not isinstance(self._document.data, dict):
            self._fault((), "should be {their header: our column}, like 姓名: name")
            return
        for key, entry in self._document.data.items():
            if isinstance(entry, dict):
                self._column((key,), key, entry)
            else:
                self._header((key,), key, entry)

    def _header(self, where: yaml_text.Where, header: str, column: Any) -> None:
        if not isinstance(column, str) or column not in self._known:
            self._fault(where, f"{column!r} is no column of ours: use one of {', '.join(sorted(self._known))}")
            return
        before = self.columns.setdefault(folded(header), column)
        if before != column:
            self._fault(where, f"{header!r} means {before} already: it cannot mean {column} too")

    def _column(self, where: yaml_text.Where, column: str, entry: Mapping[str, Any]) -> None:
        for key in entry.keys() - {"header", "values"}:
            self._fault((*where, key), f"{key!r} is not known here: use header and values")
        headers = entry.get("header", [])
        for header in headers if isinstance(headers, list) else [headers]:
            self._header((*where, "header"), str(header), column)
        if not headers:
            self._header(where, column, column)
        values = entry.get("values", {})
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            self._fault((*where, "values"), "should be {their word: ours}, like 已过面试: interview_passed")
            return
        self.values[column] = {folded(theirs): ours for theirs, ours in values.items()}

    def _fault(self, where: yaml_text.Where, text: str) -> None:
        self._document.faults.append(self._document.fault(where, text))
