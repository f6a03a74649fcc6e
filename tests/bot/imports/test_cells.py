"""A cell says one thing, or why it says nothing."""

import contextlib
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.imports import cells
from bot.imports.candidates import COLUMNS as CANDIDATES
from bot.imports.cells import BadCell, CellContext, Reader
from bot.imports.cohorts import COLUMNS as COHORTS
from bot.imports.staff import COLUMNS as STAFF
from bot.imports.stores import COLUMNS as STORES
from bot.settings import Stages

STAGES = Stages()
FRAME = CellContext(datetime(2026, 11, 23, 2, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), "CN", STAGES.road, STAGES.ends)
NINE = datetime(2026, 11, 4, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-04 09:00",
        "2026-11-04 09:00:00",
        "2026-11-04T09:00",
        "2026/11/4 9:00",
        "2026-11-04T09:00:00+08:00",
        "2026-11-04T01:00:00Z",
        "20261104T090000",
    ],
)
def test_a_moment_is_iso_8601_or_a_plain_date_and_time_in_the_companys_zone(cell: str) -> None:
    assert cells.moment(cell, FRAME) == NINE


def test_a_date_alone_is_its_first_minute_but_an_offer_until_then_is_good_that_day() -> None:
    assert cells.moment("2026-11-04", FRAME) == datetime(2026, 11, 3, 16, 0, tzinfo=UTC)
    assert cells.end_of("2026-11-04", FRAME) == datetime(2026, 11, 4, 15, 59, tzinfo=UTC)
    assert cells.end_of("2026-11-04 09:00", FRAME) == NINE


def test_a_day_may_come_with_a_time() -> None:
    assert cells.day("2026-11-04 09:00", FRAME) == cells.day("20261104", FRAME) == date(2026, 11, 4)


GOOD: list[tuple[Reader, str, Any]] = [
    (cells.count, "0", 0),
    (cells.count, "40", 40),
    (cells.latitude, "-33.9", -33.9),
    (cells.longitude, "180", 180.0),
    (cells.locale, "zh", "zh"),
    (cells.locale, "zh-CN", "zh"),
    (cells.locale, "EN_us", "en"),
    (cells.locale, "zh-TW", "zh-Hant"),
    (cells.locale, "zh_Hant_HK", "zh-Hant"),
    (cells.timezone, "Asia/Shanghai", "Asia/Shanghai"),
    (cells.stage, "background_check", "background_check"),
    (cells.stage, "Background check", "background_check"),
    (cells.items, "身份证| 健康证 ||黑色防滑鞋|", ["身份证", "健康证", "黑色防滑鞋"]),
    (cells.email, "wang@example.com", "wang@example.com"),
    (cells.invite, "abcd-1234", "abcd-1234"),
    (cells.phone, "13812345678", "+8613812345678"),
]


@pytest.mark.parametrize(("reader", "cell", "value"), GOOD)
def test_a_good_cell_is_read(reader: Reader, cell: str, value: Any) -> None:
    assert reader(cell, FRAME) == value


BAD: list[tuple[Reader, str, str]] = [
    (cells.count, "-1", "whole number, 0 or more"),
    (cells.count, "1.5", "whole number"),
    (cells.count, "٣", "whole number"),
    (cells.count, "1000001", "whole number"),
    (cells.latitude, "90.1", "from -90 to 90"),
    (cells.longitude, "-181", "from -180 to 180"),
    (cells.latitude, "nan", "from -90 to 90"),
    (cells.latitude, "31,23", "from -90 to 90"),
    (cells.locale, "fr", "'fr' is no language: use zh, zh-Hant or en"),
    (cells.timezone, "Shanghai", "'Shanghai' is no time zone: use a name like Asia/Shanghai"),
    (cells.stage, "hired", "'hired' is no stage: use interview_passed, background_check"),
    (cells.email, "wang at example", "write one like name@example.com"),
    (cells.invite, "a", "8 to 32 letters and digits"),
    (cells.invite, "SHORT1", "8 to 32 letters and digits"),
    (cells.invite, "4821", "8 to 32 letters and digits"),
    (cells.invite, "王" * 40, "8 to 32 letters and digits"),
    (cells.invite, "48214821", "can be guessed"),
    (cells.invite, "AAAA1111", "can be guessed"),
    (cells.invite, "K0000001", "can be guessed"),
    (cells.invite, "password", "can be guessed"),
    (cells.moment, "4.11.2026", "write it like 2026-11-04"),
    (cells.moment, "04/11/2026", "write it like 2026-11-04"),
    (cells.moment, "2026-02-30", "write it like 2026-11-04"),
    (cells.moment, "0001-01-01", "write it like 2026-11-04"),
    (cells.moment, "2026-11-04 25:00", "write it like 2026-11-04"),
    (cells.moment, "46330", "write it like 2026-11-04"),
    (cells.moment, "tomorrow", "write it like 2026-11-04"),
    (cells.wall_time, "2026-11-04", "needs the time of day"),
    (cells.day, "soon", "write it like 2026-11-04"),
    (cells.code, "a\nb", "one line of at most 64"),
    (cells.code, "a" * 65, "one line of at most 64"),
    (cells.text, "a" * 2001, "longer than 2000"),
    (cells.text, "#N/A", "is an error of the spreadsheet"),
]


@pytest.mark.parametrize(("reader", "cell", "why"), BAD)
def test_a_bad_cell_says_what_would_be_right(reader: Reader, cell: str, why: str) -> None:
    with pytest.raises(BadCell) as error:
        reader(cell, FRAME)
    assert why in str(error.value)


@given(
    st.text(min_size=1, max_size=40),
    st.sampled_from([*STORES.values(), *COHORTS.values(), *STAFF.values(), *CANDIDATES.values()]),
)
def test_no_cell_fails_in_any_other_way(cell: str, column: Any) -> None:
    with contextlib.suppress(BadCell):
        column.read(cell, FRAME)


@given(
    st.from_regex(
        r"\A[0-9]{1,5}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?\Z"
    )
)
def test_nothing_that_looks_like_a_date_fails_in_any_other_way(cell: str) -> None:
    for reader in (cells.moment, cells.end_of, cells.day, cells.wall_time):
        with contextlib.suppress(BadCell):
            reader(cell, FRAME)


@pytest.mark.parametrize("reader", [cells.phone, cells.email])
def test_a_reason_never_repeats_what_is_personal(reader: Reader) -> None:
    with pytest.raises(BadCell) as error:
        reader("secret-person 138", FRAME)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "cell", ["'00123", "`00123", "2.02603E+11", "3.30106199001011e+17", "1001.0", "1-Dec", "Dec-26", "12月1日", "TRUE", ".."]
)  # fmt: skip
def test_a_code_that_a_spreadsheet_changed_is_refused(cell: str) -> None:
    with pytest.raises(cells.BadCell):
        cells.code(cell, FRAME)


@pytest.mark.parametrize("cell", ["00123", "HR/2026/001", "2026/12", "12E3", "S-1.5", "330106199001011234", "2026-12"])
def test_a_code_that_people_make_is_a_code(cell: str) -> None:
    assert cells.code(cell, FRAME) == cell


@pytest.mark.parametrize("cell", ["无", "-", "N/A", "null", "NaN", "TRUE"])
def test_nobody_is_called_nothing(cell: str) -> None:
    with pytest.raises(cells.BadCell, match="is no name"):
        cells.name(cell, FRAME)


@pytest.mark.parametrize("cell", ['="00123"', "=VLOOKUP(A2,B:C,2)", "#N/A"])
def test_what_the_spreadsheet_does_not_know_is_no_value(cell: str) -> None:
    with pytest.raises(cells.BadCell):
        cells.sound(cell)
