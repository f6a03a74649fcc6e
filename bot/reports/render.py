"""Writes tables down: as text, as CSV, as a workbook."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from rich.cells import cell_len

from bot.imports.sheet import disarmed
from bot.reports import picture
from bot.reports.format import NUMBERS, heading, plain, shown
from bot.reports.model import Table, Words

_LONGEST_TITLE = 31  # characters of a sheet's name
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))  # in it
_WIDTH = 18  # of a workbook's column, in characters

Writer = Callable[[Sequence[Table], Words, ZoneInfo], bytes]


def title(table: Table, words: Words) -> str:
    return words.get(f"table_{table.key}", table.key)


def text(tables: Sequence[Table], words: Words, zone: ZoneInfo) -> str:
    """For a terminal: columns one below the other, numbers to the right."""
    return "\n\n".join("\n".join([title(table, words), *_lines(table, words, zone)]) for table in tables) + "\n"


def csv_file(tables: Sequence[Table], words: Words, zone: ZoneInfo) -> bytes:
    """UTF-8 with a BOM, so that Excel reads it; several tables with an empty line between. Nothing in it is run."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for number, table in enumerate(tables):
        if number:
            writer.writerow([])
        if len(tables) > 1:
            writer.writerow([disarmed(title(table, words))])
        writer.writerow([disarmed(heading(column, words)) for column in table.columns])
        for row in table.rows:
            cells = (plain(value, column, words, zone) for value, column in zip(row, table.columns, strict=True))
            writer.writerow(["" if cell is None else disarmed(str(cell)) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def workbook(tables: Sequence[Table], words: Words, zone: ZoneInfo) -> bytes:
    """A sheet a table. Text stays text, whatever it begins with."""
    import openpyxl  # a quarter of a second, for workbooks alone
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for table in tables:
        sheet = book.create_sheet(title(table, words).translate(_FORBIDDEN)[:_LONGEST_TITLE])
        for place, column in enumerate(table.columns, 1):
            cell = sheet.cell(1, place, heading(column, words))
            cell.font = Font(bold=True)
            sheet.column_dimensions[cell.column_letter].width = _WIDTH
        for line, row in enumerate(table.rows, 2):
            for place, (value, column) in enumerate(zip(row, table.columns, strict=True), 1):
                found = plain(value, column, words, zone)
                cell = sheet.cell(line, place, found)
                if isinstance(found, str):
                    cell.data_type = "s"
        sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def drawing(tables: Sequence[Table], words: Words, zone: ZoneInfo) -> bytes:
    """The picture of the first table that has one."""
    table = next((table for table in tables if table.chart), tables[0])
    return picture.svg(table, words, zone).encode()


# What can be downloaded: how it is written, and its type.
FILES: Mapping[str, tuple[Writer, str]] = {
    "csv": (csv_file, "text/csv"),
    "xlsx": (workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "svg": (drawing, "image/svg+xml"),
}


def _lines(table: Table, words: Words, zone: ZoneInfo) -> Iterator[str]:
    rows = [[heading(column, words) for column in table.columns]]
    rows += [
        [shown(value, column, words, zone) for value, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(table.columns))]
    for row in rows:
        cells = (
            _padded(cell, width, column.kind in NUMBERS)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _padded(cell: str, width: int, to_the_right: bool) -> str:
    blank = " " * (width - cell_len(cell))
    return blank + cell if to_the_right else cell + blank
