"""What a workbook shows to whoever made it is what is imported; where that is not sure, nothing is, and why is said."""

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.imports import sheet
from bot.imports.unusable import UnusableFile
from tests import workbooks
from tests.bot.imports.conftest import Office
from tests.workbooks import cell, row

HEADER = ("code", "name", "phone", "cohort")


def read(folder: Path, body: bytes) -> tuple[list[list[str]], list[str]]:
    path = folder / "f.xlsx"
    path.write_bytes(body)
    with sheet.opened(path) as page:
        return [list(line.cells) for line in page.rows], page.notes


def saved(folder: Path, book: openpyxl.Workbook) -> Path:
    book.save(folder / "f.xlsx")
    return folder / "f.xlsx"


def book_of(*rows: Any) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    assert book.active is not None
    for cells in rows:
        book.active.append(cells)
    return book


@pytest.fixture
def office(desk: Office) -> Office:
    desk.hand_in("cohorts", "code,name,starts_at\nC1,一期,2026-12-07 09:00\n")
    return desk


def reasons(office: Office) -> list[str]:
    return [row["error"] for row in office.errors("f.xlsx")]


def test_a_hidden_sheet_is_not_read(office: Office) -> None:
    book = book_of(["code", "name", "phone"], ["OLD", "旧人", "13812345601"])
    book.active.sheet_state = "hidden"  # type: ignore[union-attr]
    page = book.create_sheet("本月")
    for cells in (["code", "name", "phone"], ["NEW", "新人", "13812345602"]):
        page.append(cells)
    book.active = 1
    report = office.hand_in_file("candidates", saved(office.folder, book))
    assert [person["code"] for person in office.all("candidates")] == ["NEW"]
    assert report.notes == ["has hidden sheets, which are not read: 'Sheet'"]


def test_a_hidden_sheet_with_the_name_of_the_kind_is_not_read_either(office: Office) -> None:
    book = book_of(["code", "name", "phone"], ["NEW", "新人", "13812345602"])
    hidden = book.create_sheet("candidates")
    hidden.append(["code", "name", "phone"])
    hidden.append(["OLD", "旧人", "13812345601"])
    hidden.sheet_state = "veryHidden"
    office.hand_in_file("candidates", saved(office.folder, book))
    assert [person["code"] for person in office.all("candidates")] == ["NEW"]


def test_merged_cells_count_for_each_of_their_rows(office: Office) -> None:
    book = book_of(HEADER, *([f"K{n}", "新人", f"1381234560{n}", "C1" if n == 1 else None] for n in range(1, 5)))
    book.active.merge_cells("D2:D5")  # type: ignore[union-attr]
    report = office.hand_in_file("candidates", saved(office.folder, book))
    assert report.created == 4
    assert {person["cohort_id"] for person in office.all("candidates")} == {office.kept("cohorts", "C1")["id"]}
    assert report.notes == ["merged cells count for each of their rows: D2:D5"]


def test_a_cell_merged_over_columns_is_refused_by_its_name(office: Office) -> None:
    book = book_of([*HEADER, "store"], ["K1", "新人", "13812345601", "C1", None], ["K2", "新人", "13812345602", "C1"])
    book.active.merge_cells("D2:E2")  # type: ignore[union-attr]
    report = office.hand_in_file("candidates", saved(office.folder, book))
    assert (report.created, report.bad) == (1, 1)
    assert "D2:E2 is one merged cell over several columns" in reasons(office)[0]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ('<c r="D2"><f>VLOOKUP(A2,B:C,2)</f></c>', "cohort: is a formula without its result"),
        ('<c r="D2"><f>VLOOKUP(A2,B:C,2)</f><v/></c>', "cohort: is a formula without its result"),
        ('<c r="D2"><f t="shared" si="0"/><v></v></c>', "cohort: is a formula without its result"),
        ('<c r="D2" t="e"><f>VLOOKUP(A2,B:C,2)</f><v>#N/A</v></c>', "cohort: #N/A is an error"),
        ('<c r="D2" t="e"><v>#REF!</v></c>', "cohort: #REF! is an error"),
    ],
)
def test_a_cell_whose_value_the_file_does_not_have_is_refused(office: Office, written: str, why: str) -> None:
    people = row(2, "F1", "新人", "13812345601").replace("</row>", f"{written}</row>")
    report = office.hand_in("candidates", workbooks.of_rows(row(1, *HEADER), people), "f.xlsx")
    assert (report.created, report.bad) == (0, 1)
    assert reasons(office)[0].startswith(why)


def test_sums_that_were_left_to_excel_are_no_values(office: Office) -> None:
    """XlsxWriter writes 0 for each."""
    people = row(2, "F1", "新人", "13812345601").replace("</row>", '<c r="D2"><f>A1</f><v>0</v></c></row>')
    body = workbooks.of_rows(row(1, *HEADER), people, calc='<calcPr fullCalcOnLoad="1"/>')
    assert office.hand_in("candidates", body, "f.xlsx").bad == 1


def test_a_formula_whose_result_is_there_is_read(tmp_path: Path) -> None:
    cells = '<c r="A2" t="str"><f>"C"&amp;"1"</f><v>C1</v></c><c r="B2" t="str"><f>IF(1,"")</f><v></v></c>'
    rows, _ = read(tmp_path, workbooks.of_rows(row(1, "code", "name"), f'<row r="2">{cells}</row>'))
    assert rows == [["C1", ""]]


def test_cells_are_found_where_the_table_begins_further_right(tmp_path: Path) -> None:
    header = f'<row r="3">{cell("C3", "code")}{cell("D3", "name")}</row>'
    people = f'<row r="4">{cell("C4", "C1")}<c r="D4" t="e"><v>#N/A</v></c></row>'
    assert read(tmp_path, workbooks.of_rows(header, people))[0] == [["C1", "#N/A"]]


def test_hidden_rows_are_read_with_a_note(tmp_path: Path) -> None:
    body = workbooks.of_rows(row(1, "code"), row(2, "C1"), row(3, "C2", attributes='hidden="1"'), row(4, "C3"))
    rows, notes = read(tmp_path, body)
    assert [cells[0] for cells in rows] == ["C1", "C2", "C3"]
    assert notes == ["1 hidden rows (a filter?) are read too"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (330106199001011234, "was shortened by the spreadsheet"),
        (dt.date(2026, 12, 1), "was made a date"),
        (dt.datetime(2026, 12, 1, 9), "was made a date"),
        (True, "was made a truth value"),
        (1001.5e20, "was shortened by the spreadsheet"),
    ],
)
def test_a_code_that_the_workbook_changed_is_refused(office: Office, value: Any, why: str) -> None:
    report = office.hand_in_file(
        "candidates", saved(office.folder, book_of(HEADER[:3], [value, "新人", "13812345601"]))
    )
    assert (report.created, report.bad) == (0, 1)
    assert why in reasons(office)[0]


def test_a_number_that_is_shown_with_zeros_is_read_as_it_is_shown(office: Office) -> None:
    book = book_of(HEADER[:3], [123, "新人", 13812345601], [7, "新人", 13812345602])
    book.active["A2"].number_format = "00000"  # type: ignore[index]
    book.active["A3"].number_format = '"HR"000'  # type: ignore[index]
    office.hand_in_file("candidates", saved(office.folder, book))
    assert [person["code"] for person in office.all("candidates")] == ["00123", "HR007"]


def test_the_header_is_found_under_a_title(office: Office) -> None:
    book = book_of(["蜀香阁2026年12月新员工培训名单"], ["制表：HR"], HEADER[:3], ["K1", "新人", "13812345601"])
    book.active.merge_cells("A1:C1")  # type: ignore[union-attr]
    report = office.hand_in_file("candidates", saved(office.folder, book))
    assert report.created == 1
    assert report.notes == ["the header is row 3: what stands above it is not read"]


def test_so_it_is_in_a_csv_that_begins_with_its_separator(office: Office) -> None:
    report = office.hand_in("candidates", "sep=;\n名单\ncode;name;phone\nK1;新人;13812345601\n")
    assert report.created == 1


@pytest.mark.parametrize(
    ("place", "fits"), [("XFD1048576", False), ("AAA1048576", False), ("C200000", True), ("ZZ20", True)]
)
def test_a_stray_value_is_named_where_there_is_no_room_for_what_lies_between(
    tmp_path: Path, place: str, fits: bool
) -> None:
    body = workbooks.far_out(place)
    if fits:
        assert len(read(tmp_path, body)[0]) == 1
        return
    with pytest.raises(UnusableFile, match=f"far from its table, in {place}:") as error:
        read(tmp_path, body)
    assert (error.value.key, error.value.values) == ("far", {"cell": place})


def test_a_workbook_with_a_password_is_told_from_a_broken_one(tmp_path: Path) -> None:
    body = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
    with pytest.raises(UnusableFile, match="locked with a password") as error:
        read(tmp_path, body)
    assert error.value.key == "locked"
