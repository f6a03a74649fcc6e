"""Workbooks as other programs write them: the XML of one sheet, whatever it says."""

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(number: int, *texts: str, attributes: str = "") -> str:
    cells = (cell(f"{chr(65 + at)}{number}", text) for at, text in enumerate(texts))
    return f'<row r="{number}" {attributes}>{"".join(cells)}</row>'


def of_rows(*rows: str, after: str = "", styles: str = "", calc: str = "") -> bytes:
    """`rows`: elements; `after`: what follows them in the sheet."""
    return of_parts(f"<sheetData>{''.join(rows)}</sheetData>{after}", styles, calc)


def of_parts(sheet: str, styles: str = "", calc: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}"/></Types>',
        )
        package.writestr("_rels/.rels", _relations("officeDocument", "xl/workbook.xml"))
        package.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="名单" sheetId="1" r:id="rId1"/></sheets>'
            f"{calc}</workbook>",
        )
        package.writestr("xl/_rels/workbook.xml.rels", _relations("worksheet", "worksheets/sheet1.xml"))
        package.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{_MAIN}">{sheet}</worksheet>')
        if styles:
            package.writestr("xl/styles.xml", f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>')
    return out.getvalue()


def far_out(place: str = "XFD1048576") -> bytes:
    """A file of less than 2 KB with a value in A2 and one in the sheet's last corner."""
    number = int(place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    return of_rows(row(2, "x"), f'<row r="{number}">{cell(place, "x")}</row>')


def large(rows: int, columns: int = 19, header: Sequence[str] = ("code", "name", "phone")) -> bytes:
    """Long enough to be met while it is read."""
    names = [*header, *(f"column {at}" for at in range(columns - len(header)))]
    return of_rows(row(1, *names), *(row(number, *["某"] * columns) for number in range(2, rows + 2)))


def readers(parent: int) -> list[int]:
    """The processes in which this one reads workbooks now."""
    found = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        for pid in (task / "children").read_text().split():
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"bot.imports.workbook" in command.read_bytes():
                found.append(int(pid))
    return found


def _relations(kind: str, target: str) -> str:
    link = f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{link}</Relationships>'
