"""Reads a spreadsheet row by row as text, whatever wrote it: CSV in any common shape, or a workbook.

CSV is streamed. A workbook is read whole by calamine, which keeps it compact.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import python_calamine as calamine

from bot.errors import KeepwarmError

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff]")
_FORMULA_SIGNS = frozenset("=+-@＝＋－＠")  # Excel takes the wide ones for the narrow ones
_PLAIN_NUMBER = re.compile(r"[+-]?[\d ().-]*", re.ASCII)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_ENCODINGS = ("utf-8-sig", "gb18030")  # Excel in China saves CSV as the latter
_CHUNK = 1 << 20
_UNCLOSED = 'a quotation mark (") is opened in this row and never closed: nothing after it was read'


class UnusableFile(KeepwarmError):
    """No row of the file can be read: the message says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it stands in the file; `number` counts from 1 as a spreadsheet does."""

    number: int
    cells: Sequence[str]
    flaw: str = ""


@dataclass
class Sheet:
    """An open spreadsheet: its header, the rows under it, and the share of it read so far (0 to 1)."""

    header: Sequence[str]
    rows: Iterator[Line]
    done: float = 0.0
    notes: list[str] = field(default_factory=list)


@contextmanager
def opened(path: Path, preferred: str = "") -> Iterator[Sheet]:
    """Opens a file; of a workbook's sheets the one called `preferred`, else the first. Raises UnusableFile."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise UnusableFile(f"{path}: cannot be read: {error.strerror}") from None
    with _workbook(path, preferred) if head in _WORKBOOKS else _csv(path, _encoding(path, head)) as sheet:
        yield sheet


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


def _encoding(path: Path, head: bytes) -> str:
    utf16 = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if utf16 else _ENCODINGS:
        if _decodes(path, encoding):
            return encoding
    raise UnusableFile(f"{path}: is neither UTF-8 nor GBK text: save it as CSV UTF-8, or as .xlsx")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeError:
            return False
    return True


@contextmanager
def _csv(path: Path, encoding: str) -> Iterator[Sheet]:
    size = path.stat().st_size or 1
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        delimiter = _delimiter(text)
        text.seek(0)
        sheet = _sheet(path, _records(text, delimiter), lambda _: raw.tell() / size)
        if encoding == "gb18030":
            sheet.notes.append("is not UTF-8: read as GBK (GB18030)")
        yield sheet


def _delimiter(text: Iterable[str]) -> str:
    first = next((line for line in text if line.strip()), "")
    return max(",;\t", key=first.count)


def _records(text: Iterable[str], delimiter: str) -> Iterator[Line]:
    feed = _Feed(text)
    reader = csv.reader(feed, delimiter=delimiter)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:  # a cell beyond the reader's limit, which only an open quotation mark makes
            yield Line(number, [], _UNCLOSED)
            return
        if cells is None:
            return
        yield Line(number, cells, _UNCLOSED if feed.ended else "")


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
def _workbook(path: Path, preferred: str) -> Iterator[Sheet]:
    try:
        book = calamine.load_workbook(str(path))
        names = [found.name for found in book.sheets_metadata if found.typ == calamine.SheetTypeEnum.WorkSheet]
        name = preferred if preferred in names else next(iter(names), "")
        page = book.get_sheet_by_name(name)
    except calamine.PasswordError:
        raise UnusableFile(f"{path}: is locked with a password: save it without one") from None
    except calamine.CalamineError as error:
        raise UnusableFile(f"{path}: is no workbook that can be read ({error}): save it as .xlsx or CSV") from None
    with book:
        height = page.end[0] + 1 if page.end else 1
        lines = (Line(number, [_as_text(cell) for cell in row]) for number, row in enumerate(page.iter_rows(), 1))
        sheet = _sheet(path, lines, lambda line: line.number / height)
        others = ", ".join(repr(other) for other in names if other != name)
        if others:
            sheet.notes.append(f"has several sheets: {name!r} is read, {others} not")
        yield sheet


def _as_text(cell: object) -> str:
    """What a person would have typed: 13812345678 and not 13812345678.0, dates year first."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _sheet(path: Path, lines: Iterator[Line], share: Callable[[Line], float]) -> Sheet:
    header = next((line for line in lines if any(map(str.strip, line.cells))), None)
    if header is None:
        raise UnusableFile(f"{path}: is empty: its first row should name the columns")
    sheet = Sheet(header.cells, iter(()))
    sheet.rows = _watched(sheet, lines, share)
    return sheet


def _watched(sheet: Sheet, lines: Iterator[Line], share: Callable[[Line], float]) -> Iterator[Line]:
    for line in lines:
        sheet.done = share(line)
        if line.flaw or any(map(str.strip, line.cells)):
            yield line
