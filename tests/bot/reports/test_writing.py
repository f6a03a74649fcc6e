"""Tables as text, CSV, workbook and picture: each reads the same figures back, and runs nothing."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.report import Format, Name
from bot.content.messages import read_locale
from bot.record.vocabulary import URGENCY
from bot.reports import picture, render
from bot.reports.all import REPORTS, make
from bot.reports.format import shown
from bot.reports.model import ReportColumn, Table, Words
from bot.reports.words import table_words
from bot.risk.signals import NAMES
from tests.bot.reports.conftest import Office

ZONE = ZoneInfo("Asia/Shanghai")
ROOT = Path(__file__).parents[3]
TABLE = Table(
    "cost",
    (
        ReportColumn("road", "code"),
        ReportColumn("messages", "count"),
        ReportColumn("lost_share", "percent"),
        ReportColumn("cost", "money"),
        ReportColumn("median", "span"),
        ReportColumn("since", "day"),
    ),
    [
        ("sms", 1234, Decimal("33.333"), 1_500_000, 5_400, datetime(2026, 11, 22, 16, 30, tzinfo=UTC)),
        ("=1+1", 0, None, 0, None, None),
    ],
    ("road", "cost"),
)


def words(locale: str) -> Words:
    found = read_locale(ROOT / "messages" / locale)[0]
    return table_words(found.desk["report"], found.desk["risk"], found.formats["comma"])


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_signal_and_every_reason_of_a_case_has_words(locale: str) -> None:
    have = words(locale)
    codes = [f"signal_{name}" for name in NAMES] + [f"reason_{name}" for name in (*URGENCY, "personal", "none")]
    assert [code for code in codes if code not in have] == []
    assert shown(("silent_3", "doubt"), ReportColumn("signals", "code", "signal"), have, ZONE) == have["comma"].join(
        (have["signal_silent_3"], have["signal_doubt"])
    )


def test_a_terminal_shows_columns_in_line() -> None:
    lines = render.text([TABLE], words("zh"), ZONE).splitlines()
    assert lines[0] == "消息费用"
    assert lines[2].split() == ["短信", "1,234", "33.3", "%", "1.50", "1", "小时", "30", "分", "2026-11-23"]


def test_a_csv_file_is_read_back_and_runs_nothing() -> None:
    text = render.csv_file([TABLE], words("en"), ZONE).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [
        ["Road", "Messages", "Lost, %", "Cost", "Median", "Since"],
        ["SMS", "1234", "33.3", "1.5", "90.0", "2026-11-23"],
        ["'=1+1", "0", "", "0.0", "", ""],
    ]


def test_a_workbook_has_numbers_as_numbers_and_no_formula() -> None:
    book = openpyxl.load_workbook(io.BytesIO(render.workbook([TABLE, TABLE], words("en"), ZONE)))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[2]] == ["SMS", 1234, 33.3, 1.5, 90, datetime(2026, 11, 23)]
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("=1+1", "s")
    assert len(book.worksheets) == 2


@given(name=st.text(max_size=60), value=st.integers(0, 10**9))
def test_a_picture_is_xml_whatever_is_in_it(name: str, value: int) -> None:
    clean = "".join(sign for sign in name if sign.isprintable())
    table = Table(
        "lost_by_store",
        (ReportColumn("store", "code"), ReportColumn("lost", "count")),
        [(clean, value)],
        ("store", "lost"),
    )
    drawn = ElementTree.fromstring(picture.svg(table, words("en"), ZONE))
    widths = [int(bar.attrib["width"]) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths == [380 if value else 0]
    assert "style" not in picture.svg(table, words("en"), ZONE)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 min"), (3_540, "59 min"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")]
)
def test_a_span_is_said_in_its_largest_units(seconds: int, said: str) -> None:
    assert shown(seconds, ReportColumn("median", "span"), words("en"), ZONE) == said


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("name", REPORTS)
def test_every_table_and_column_has_its_words(office: Office, name: str, locale: str) -> None:
    office.settings = office.settings.model_copy(
        update={"reports": office.settings.reports.model_copy(update={"earlier_lost": Decimal(28)})}
    )
    tables = office.database.read(lambda c: make(name, c, office.asked()))
    for table in tables:
        assert f"table_{table.key}" in words(locale)
        assert all(f"column_{column.key}" in words(locale) for column in table.columns)
    for write, _ in render.FILES.values():
        assert write(tables, words(locale), ZONE)


def test_the_command_knows_every_report_and_every_format() -> None:
    assert list(Name) == list(REPORTS)
    assert list(Format) == ["table", *render.FILES]
