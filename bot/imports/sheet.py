"""Reads a spreadsheet row by row as text, whatever wrote it: CSV in any common shape, or a workbook.

CSV is streamed. A workbook is read in a process of its own, see bot.imports.workbook.
"""

import csv
import io
import itertools
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.imports import charset
from bot.imports.unusable import UnusableFile
from bot.platform import sandbox

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")  # Excel takes the wide ones for the narrow ones
_PLAIN_NUMBER = re.compile(r"[+-]?[\d ().-]*", re.ASCII)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_WORKBOOK_READER = "bot.imports.workbook"
_HEADER_WITHIN = 10  # rows: a title, a date and who made the list may stand above it
_UNCLOSED = 'a quotation mark (") is opened in this row and never closed: nothing after it was read'


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One row as it stands in the file; `number` counts from 1 as a spreadsheet does."""

    number: int
    cells: Sequence[str]
    flaw: str = ""
    dates: Sequence[int] = ()  # the cells that a workbook keeps as a date or time, whatever was typed


@dataclass
class Sheet:
    """An open spreadsheet: its header, the rows under it, and the share of it read so far (0 to 1)."""

    header: Sequence[str]
    rows: Iterator[SheetLine]
    done: float = 0.0
    notes: list[str] = field(default_factory=list)


Knows = Callable[[Sequence[str]], int]  # how many of a row's cells name a column of ours


@contextmanager
def opened(path: Path, preferred: str = "", knows: Knows = lambda cells: 0) -> Iterator[Sheet]:
    """Opens a file; of a workbook's sheets the one called `preferred`, else the first that people see. The header is
    the first row that `knows` two of our columns, else the first row. Raises UnusableFile, also later."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if head in _WORKBOOKS:
            with _workbook(path, preferred, knows) as sheet:
                yield sheet
        else:
            with _csv(path, knows) as sheet:
                yield sheet
    except OSError as error:
        raise UnusableFile(f"{path}: cannot be read: {error.strerror}") from None


def plain(cell: str) -> str:
    """A cell's text without blanks around it, control characters, and the apostrophe that disarms a formula."""
    text = cell.strip()
    if not text.isprintable():
        text = _CONTROL.sub("", text).strip()
    return text[1:].strip() if text[:1] == "'" and _begins_a_formula(text[1:]) else text


def disarmed(cell: str) -> str:
    """The cell, safe to open in a spreadsheet: text that it might run gets an apostrophe, which `plain` takes off.

    A plain number stays as it is, so that +8613812345678 and -33.9 read the same again.
    """
    armed = _begins_a_formula(_CONTROL.sub("", cell)) and not _PLAIN_NUMBER.fullmatch(cell)
    return f"'{cell}" if armed else cell


def _begins_a_formula(text: str) -> bool:
    # https://owasp.org/www-community/attacks/CSV_Injection
    start = text.lstrip()[:1]
    return start in _FORMULA_SIGNS or (start != "" and text[0] in "\t\r\n")


@contextmanager
def _csv(path: Path, knows: Knows) -> Iterator[Sheet]:
    encoding, note = charset.of(path)
    size = path.stat().st_size or 1
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        delimiter = _delimiter(text)
        text.seek(0)
        sheet = _sheet(path, _records(text, delimiter), lambda _: raw.tell() / size, knows)
        sheet.notes += [note] if note else []
        yield sheet


def _delimiter(text: Iterable[str]) -> str:
    """What stands most often in one of the first rows: a title has none."""
    first = list(itertools.islice((line for line in text if line.strip()), _HEADER_WITHIN))
    return max(",;\t", key=lambda sign: max((line.count(sign) for line in first), default=0))


def _records(text: Iterable[str], delimiter: str) -> Iterator[SheetLine]:
    feed = _Feed(text)
    reader = csv.reader(feed, delimiter=delimiter)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:  # a cell beyond the reader's limit, which only an open quotation mark makes
            yield SheetLine(number, [], _UNCLOSED)
            return
        if cells is None:
            return
        yield SheetLine(number, cells, _UNCLOSED if feed.ended else "")


class _Feed:
    """Lines for the CSV reader. It asks beyond the last one only inside quotation marks that never close."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.ended = True
            raise StopIteration
        return line


@contextmanager
def _workbook(path: Path, preferred: str, knows: Knows) -> Iterator[Sheet]:
    """Raises UnusableFile also in the middle, where whoever reads it ends before the file does."""
    with closing(_read_apart(path, preferred)) as values:
        about = next(values)
        if "refused" in about:
            raise UnusableFile(f"{path}: {about['refused']}", about["key"], **about.get("values", {}))
        lines = (SheetLine(number, cells, flaw, dates) for number, cells, dates, flaw in values)
        sheet = _sheet(path, lines, lambda line: line.number / about["height"], knows)
        sheet.notes += about["notes"]
        yield sheet


def _read_apart(path: Path, preferred: str) -> Generator[Any]:
    try:
        yield from sandbox.lines(_WORKBOOK_READER, str(path), preferred)
    except sandbox.Broken as broken:
        raise UnusableFile(f"{path}: cannot be read: {broken}", broken.key) from None


def _sheet(path: Path, lines: Iterator[SheetLine], share: Callable[[SheetLine], float], knows: Knows) -> Sheet:
    first = list(itertools.islice(filter(_says_anything, lines), _HEADER_WITHIN))
    if not any(line.cells for line in first):
        raise UnusableFile(f"{path}: is empty: its first row should name the columns", "empty")
    usual = next(place for place, line in enumerate(first) if line.cells)
    place = next((place for place, line in enumerate(first) if knows(line.cells) > 1), usual)
    sheet = Sheet(first[place].cells, iter(()))
    sheet.rows = _watched(sheet, itertools.chain(first[place + 1 :], lines), share)
    if place > usual:
        sheet.notes.append(f"the header is row {first[place].number}: what stands above it is not read")
    return sheet


def _watched(sheet: Sheet, lines: Iterator[SheetLine], share: Callable[[SheetLine], float]) -> Iterator[SheetLine]:
    for line in lines:
        sheet.done = share(line)
        if _says_anything(line):
            yield line


def _says_anything(line: SheetLine) -> bool:
    return bool(line.flaw) or any(map(str.strip, line.cells))
