"""Files as offices really write them are read the same."""

import datetime as dt
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.imports import sheet
from bot.imports.sheet import disarmed, plain
from bot.imports.unusable import UnusableFile

TEXT = "code,name\nC1,王芳\nC2,李强\n"
ROWS = [["C1", "王芳"], ["C2", "李强"]]


def read(path: Path, preferred: str = "") -> tuple[list[str], list[list[str]], list[str]]:
    with sheet.opened(path, preferred) as page:
        return list(page.header), [list(line.cells) for line in page.rows], page.notes


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace(",", ";").encode(),
        TEXT.replace(",", "\t").encode(),
        TEXT.replace(",", "\t").encode("utf-16"),
        ("\n\n" + TEXT).encode(),
        TEXT.encode().rstrip(),
    ],
    ids=["utf-8", "bom", "crlf", "semicolon", "tab", "excel's unicode text", "blank lines first", "no last newline"],
)
def test_csv_is_read_in_any_common_shape(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "f.csv").write_bytes(data)
    assert read(tmp_path / "f.csv") == (["code", "name"], ROWS, [])


def test_a_file_in_gbk_is_read_and_noted(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(TEXT.encode("gbk"))
    header, rows, notes = read(tmp_path / "f.csv")
    assert (header, rows) == (["code", "name"], ROWS)
    assert notes == ["is not UTF-8: read as GBK (GB18030)"]


def test_a_cell_may_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text('code,name\nC1,"a, ""b""\nc"\n')
    assert read(tmp_path / "f.csv")[1] == [["C1", 'a, "b"\nc']]


def test_rows_have_the_numbers_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text('code\n\nC1\n"two\nlines"\nC3\n')
    with sheet.opened(tmp_path / "f.csv") as page:
        assert [line.number for line in page.rows] == [3, 4, 5]


def test_a_quotation_mark_that_never_closes_is_said_and_swallows_nothing_in_silence(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text('code,name\nC1,a\nC2,"b\nC3,c\n')
    with sheet.opened(tmp_path / "f.csv") as page:
        lines = list(page.rows)
    assert [bool(line.flaw) for line in lines] == [False, True]
    assert "never closed" in lines[1].flaw


def test_so_is_one_in_a_long_file(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text('code,name\nC1,a\nC2,"b\n' + "C3,c\n" * 50_000)
    with sheet.opened(tmp_path / "f.csv") as page:
        assert ["never closed" in line.flaw for line in page.rows] == [False, True]


def test_a_workbook_reads_as_what_a_person_would_have_typed(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["code", "phone", "at", "day", "lat", "yes"])
    page.append(["C1", 13812345678, dt.datetime(2026, 11, 4, 9, 30), dt.date(2026, 11, 4), 31.5, True])
    page.append([None, None, None])
    page.append(["C2", "13812345679"])
    book.save(tmp_path / "f.xlsx")
    with sheet.opened(tmp_path / "f.xlsx") as found:
        lines = list(found.rows)
        assert found.done == 1
    assert lines[0].cells == ["C1", "13812345678", "2026-11-04 09:30:00", "2026-11-04", "31.5", "True"]
    assert [line.number for line in lines] == [2, 4]


def test_of_several_sheets_the_one_named_as_the_kind_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("staff").append(["code"])
    book.save(tmp_path / "f.xlsx")
    header, _, notes = read(tmp_path / "f.xlsx", "staff")
    assert header == ["code"]
    assert notes == ["has several sheets: 'staff' is read, 'Sheet' not"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is empty"),
        (b"\n\n \n", "is empty"),
        (b"\xff\xff\xff,\x80", "neither UTF-8 nor GBK"),
        (b"\xff\xfe\x00", "neither UTF-8 nor GBK"),
        (b"PK\x03\x04 but no workbook", "is no workbook"),
        (b"\xd0\xcf\x11\xe0 but no workbook", "is no workbook"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(UnusableFile, match=what):
        read(tmp_path / "f")


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match=r"f\.csv: cannot be read: No such file"):
        read(tmp_path / "f.csv")


def test_an_empty_workbook_is_refused(tmp_path: Path) -> None:
    openpyxl.Workbook().save(tmp_path / "f.xlsx")
    with pytest.raises(UnusableFile, match="is empty"):
        read(tmp_path / "f.xlsx")


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", "\x00=1"]
)
def test_what_a_spreadsheet_might_run_is_disarmed(cell: str) -> None:
    assert disarmed(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["+8613812345678", "+86 138 1234 5678", "+1 (202) 555-0123", "-33.9", "-", "王芳", ""])
def test_a_plain_number_stays_as_it_is(cell: str) -> None:
    assert disarmed(cell) == cell


@given(st.text())
def test_a_disarmed_cell_reads_as_before(cell: str) -> None:
    assert plain(disarmed(cell)) == plain(cell)


@given(st.text())
def test_no_disarmed_cell_begins_a_formula_unless_it_is_a_number(cell: str) -> None:
    begins = disarmed(cell).lstrip()[:1] in tuple("=+-@＝＋－＠")
    assert not begins or set(cell) <= set("+-0123456789 ().")
