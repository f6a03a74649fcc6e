"""Reads one sheet of a workbook as text, in a process of its own: `python -m bot.imports.workbook FILE SHEET`.

calamine reads the cells. What it does not tell (formulas that nobody calculated, errors, hidden rows, how far a sheet
reaches) is looked up in the XML of an .xlsx first; other kinds have none, which a note says.
"""

import datetime
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import python_calamine as calamine

from bot.imports.unusable import UnusableFile
from bot.platform import sandbox

Place = tuple[int, int]  # row and column, from 0

_MOST_UNPACKED = 256 * 1024 * 1024
_MOST_CELLS = 3_000_000
_LARGEST = 5_000_000  # rows times columns up to the last value of each
_LONGEST = 32_767  # characters that Excel keeps in a cell
_EXACT = 1e15  # from here on a spreadsheet's numbers lose digits
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_OLE = b"\xd0\xcf\x11\xe0"
_UNREADABLE = (calamine.CalamineError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
_DATES = (datetime.date, datetime.time, datetime.timedelta)

_REFERENCE = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]+)([0-9]+)[\"']")
_ROW = re.compile(rb"<(?:\w+:)?row\s[^>]*?\br=[\"']([0-9]+)[\"']")
_HIDDEN = re.compile(rb"<(?:\w+:)?row\s[^>]*?\bhidden=[\"'](?:1|true)[\"'][^>]*?(?<!/)>(.*?)</(?:\w+:)?row>", re.DOTALL)
_ERROR = re.compile(rb"<(?:\w+:)?c\s([^>]*\bt=[\"']e[\"'][^>]*)>.*?<(?:\w+:)?v>([^<]*)<", re.DOTALL)
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v\s*>\s*(0?)\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_STYLED = re.compile(rb"<(?:\w+:)?c\s([^>]*\bs=[\"']([0-9]+)[\"'][^>]*)>\s*<(?:\w+:)?v>([0-9]+)</")
_ITS_PLACE = re.compile(rb"\br=[\"']([A-Z]+)([0-9]+)[\"']")
_IS_TEXT = re.compile(rb"\bt=[\"'](?:str|s|inlineStr)[\"']")
_NUMBERED = re.compile(r'(?:"([^"]*)")?(0+)')  # a format that writes 7 as 007, or as HR007


@dataclass
class Seen:
    """What the XML of a sheet says beside the values. `instead`: text for cells whose value calamine cannot know."""

    instead: dict[Place, str] = field(default_factory=dict)
    hidden: int = 0


def rows(path: str, preferred: str) -> Iterator[Any]:
    """First {notes, height}, or {refused, key, values}; then a list for each row: its number, its cells, which of them
    are dates, and what is wrong with it."""
    try:
        yield from _rows(Path(path), preferred)
    except UnusableFile as refused:
        yield {"refused": str(refused), "key": refused.key, "values": refused.values}
    except calamine.PasswordError:
        yield _locked()
    except _UNREADABLE as error:
        yield {"refused": f"is no workbook that can be read ({error}): save it as .xlsx or CSV", "key": "workbook"}


def _rows(path: Path, preferred: str) -> Iterator[Any]:
    if _is_locked(path):
        yield _locked()
        return
    package = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else None
    if package:
        _bound(package)
    book = calamine.load_workbook(str(path))
    name, notes = _chosen(book, preferred)
    seen = _looked(package, name) if package else None
    if seen is None:
        notes.append("is no .xlsx: errors (#N/A) and formulas that were never calculated read as empty cells")
    elif seen.hidden:
        notes.append(f"{seen.hidden} hidden rows (a filter?) are read too")
    page = book.get_sheet_by_name(name)
    merged = [_Merged(*begin, *end) for begin, end in page.merged_cell_ranges or ()]
    down = [one for one in merged if one.is_down]
    if down:
        notes.append(f"merged cells count for each of their rows: {', '.join(one.name for one in down[:5])}")
    yield {"notes": notes, "height": page.end[0] + 1 if page.end else 1}
    first = page.start[1] if page.start else 0
    yield from _texts(page.iter_rows(), first, seen or Seen(), merged)


def _locked() -> dict[str, Any]:
    return {"refused": "is locked with a password: save it without one", "key": "locked"}


def _is_locked(path: Path) -> bool:
    data = path.read_bytes()
    return data.startswith(_OLE) and _LOCKED in data


def _bound(package: zipfile.ZipFile) -> None:
    """Raises UnusableFile where the parts of the file unpack to too much."""
    if sum(part.file_size for part in package.infolist()) > _MOST_UNPACKED:
        raise UnusableFile(
            f"unpacks to more than {_MOST_UNPACKED // 1024 // 1024} MB: save its rows alone in a new workbook",
            "unpacked",
        )


def _chosen(book: calamine.CalamineWorkbook, preferred: str) -> tuple[str, list[str]]:
    """The sheet to be read, of those that people see; and a note on the others."""
    sheets = [one for one in book.sheets_metadata if one.typ == calamine.SheetTypeEnum.WorkSheet]
    shown = [one.name for one in sheets if one.visible == calamine.SheetVisibleEnum.Visible]
    if not shown:
        raise UnusableFile("has no sheet that can be seen", "no_sheet")
    name = preferred if preferred in shown else shown[0]
    notes = []
    if others := ", ".join(repr(other) for other in shown if other != name):
        notes.append(f"has several sheets: {name!r} is read, {others} not")
    if hidden := ", ".join(repr(one.name) for one in sheets if one.name not in shown):
        notes.append(f"has hidden sheets, which are not read: {hidden}")
    return name, notes


def _looked(package: zipfile.ZipFile, name: str) -> Seen | None:
    """None where the package has no such sheet in XML."""
    part = _part_of(package, name)
    if part is None:
        return None
    xml = package.read(part)
    _fits(xml)
    seen = Seen(hidden=sum(b"<v" in body or b"<is" in body for body in _HIDDEN.findall(xml)))
    never = b"fullCalcOnLoad" in package.read("xl/workbook.xml")  # whoever wrote it left the sums to Excel
    for attributes, formula, value in _FORMULA.findall(xml):
        if not _IS_TEXT.search(attributes) and (never or not value):
            _put(seen, attributes, f"={formula.decode('utf-8', 'replace')}")
    for attributes, error in _ERROR.findall(xml):
        _put(seen, attributes, error.decode("utf-8", "replace"))
    if numbered := _numbered(package):
        for attributes, style, digits in _STYLED.findall(xml):
            if style in numbered and not _IS_TEXT.search(attributes):
                _put(seen, attributes, numbered[style](digits.decode()))
    return seen


def _put(seen: Seen, attributes: bytes, text: str) -> None:
    if found := _ITS_PLACE.search(attributes):
        seen.instead[int(found[2]) - 1, _column(found[1])] = text


def _fits(xml: bytes) -> None:
    """Raises UnusableFile where a value stands so far out that reading would need room for millions of empty cells."""
    places = _REFERENCE.findall(xml)
    if len(places) > _MOST_CELLS:
        raise UnusableFile(f"has more than {_MOST_CELLS:,} cells: split it", "cells")
    rightmost = max((column for column, _ in places), key=_column, default=b"A")
    lowest = max((int(row) for _, row in places), default=1)
    if lowest * (_column(rightmost) + 1) <= _LARGEST:
        return
    far = next(place for place in places if int(place[1]) == lowest), next(p for p in places if p[0] == rightmost)
    named = " and ".join(dict.fromkeys((column + row).decode() for column, row in far))
    raise UnusableFile(
        f"has a value far from its table, in {named}: delete those rows or columns and save it again", "far", cell=named
    )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _part_of(package: zipfile.ZipFile, name: str) -> str | None:
    """Where in the package a sheet's cells are."""
    try:
        sheets = _xml(package, "xl/workbook.xml").iterfind(".//{*}sheet")
        parts = _xml(package, "xl/_rels/workbook.xml.rels").iter()
    except (KeyError, ElementTree.ParseError):
        return None
    targets = {one.get("Id"): one.get("Target", "") for one in parts}
    for sheet in sheets:
        if sheet.get("name") == name:
            ids = (value for key, value in sheet.attrib.items() if key.endswith("}id"))
            target = targets.get(next(ids, None), "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            return part if part in package.namelist() else None
    return None


def _xml(package: zipfile.ZipFile, part: str) -> ElementTree.Element:
    """Whatever bomb it is, it goes off in here."""
    return ElementTree.fromstring(package.read(part))  # noqa: S314 (this process has its limits)


def _numbered(package: zipfile.ZipFile) -> Mapping[bytes, Callable[[str], str]]:
    """Styles of the workbook under which a number is shown with more signs than it has."""
    try:
        styles = _xml(package, "xl/styles.xml")
    except (KeyError, ElementTree.ParseError):
        return {}
    formats = {one.get("numFmtId"): one.get("formatCode", "") for one in styles.iterfind(".//{*}numFmt")}
    cells = styles.find("{*}cellXfs")
    found: dict[bytes, Callable[[str], str]] = {}
    for number, style in enumerate(cells if cells is not None else ()):
        shape = _NUMBERED.fullmatch(formats.get(style.get("numFmtId"), ""))
        if shape and (shape[1] or len(shape[2]) > 1):
            found[str(number).encode()] = _writer(shape[1] or "", len(shape[2]))
    return found


def _writer(before: str, digits: int) -> Callable[[str], str]:
    return lambda number: before + number.zfill(digits)


@dataclass(frozen=True, slots=True)
class _Merged:
    """Cells that were made one."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def is_down(self) -> bool:
        """One column: what it says is said of each row."""
        return self.left == self.right

    @property
    def name(self) -> str:
        return f"{_letters(self.left)}{self.top + 1}:{_letters(self.right)}{self.bottom + 1}"


def _letters(column: int) -> str:
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _texts(rows: Iterator[Sequence[Any]], first: int, seen: Seen, merged: Sequence[_Merged]) -> Iterator[Any]:
    """`first`: the column at which the rows begin."""
    begins: dict[int, list[_Merged]] = {}
    for one in merged:
        begins.setdefault(one.top, []).append(one)
    open_: dict[_Merged, str] = {}
    patched = {row for row, _ in seen.instead}
    for number, row in enumerate(rows):
        cells = [_as_text(cell) for cell in row]
        if number in patched:
            cells = [seen.instead.get((number, place), cell) for place, cell in enumerate(cells, first)]
        open_ |= {one: _at(cells, one.left - first) for one in begins.get(number, ())}
        flaw = _spread(cells, first, number, open_) if open_ and any(map(str.strip, cells)) else ""
        open_ = {one: text for one, text in open_.items() if one.bottom > number}
        dates = [place for place, cell in enumerate(row) if isinstance(cell, _DATES)]
        yield [number + 1, cells, dates, flaw]


def _at(cells: Sequence[str], place: int) -> str:
    return cells[place] if 0 <= place < len(cells) else ""


def _spread(cells: list[str], first: int, number: int, open_: Mapping[_Merged, str]) -> str:
    """Says in each row what its merged cells say; gives what cannot be said so."""
    flaw = ""
    for one, text in open_.items():
        if not one.is_down:
            flaw = f"{one.name} is one merged cell over several columns: unmerge it, and write each cell"
        elif one.top < number and 0 <= one.left - first < len(cells):
            cells[one.left - first] = text
    return flaw


def _as_text(cell: Any) -> str:
    """What a person would have typed: 13812345678 and not 13812345678.0, dates year first, and a number that lost
    digits as one that did."""
    if isinstance(cell, float):
        return f"{cell:.15g}" if abs(cell) >= _EXACT else str(int(cell)) if cell.is_integer() else str(cell)
    return str(cell)[:_LONGEST]


if __name__ == "__main__":
    sandbox.main(rows)
