"""The page for the boss and its files: for who is signed in and may, with the figures of whom they may see."""

import io
from typing import Any
from urllib.parse import parse_qsl

import openpyxl
import pytest
import sqlalchemy as sa
from multidict import MultiDict

from bot.content import Content
from bot.conversation import Runtime
from bot.settings import Settings
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.staff_members import StaffMember
from bot.store.tables import audit
from bot.store.visibility import Visibility
from bot.web.hr import reports
from bot.web.hr.i18n import Texts
from bot.web.hr.request import Backend, Denied, StaffRequest
from bot.web.hr.request import FormRequest as Question
from bot.web.pages import STATIC, page
from tests.conftest import NOW

BOSS = Visibility("A", "admin", everybody=True), "zh"
CANTON = Visibility("M", "manager", scope=frozenset({"GZ1"})), "en"


@pytest.fixture
def house(company: None, settings: Settings, content: Content, cipher: Cipher) -> Runtime:
    return Runtime(settings, content, None, cipher)  # type: ignore[arg-type]


@pytest.fixture
def get(house: Runtime, database: Database) -> Any:
    """What somebody gets: a page as text, or a file. Raises Denied as the door would hear it."""

    def got(path: str, who: tuple[Visibility, str] = BOSS) -> Any:
        sight, locale = who
        place, _, query = path.removeprefix("/hr/reports").partition("?")
        name, _, format_ = place.removeprefix("/").partition(".")
        staff = StaffMember(sight.code, "", sight.role, locale, None, None, None, ())
        speech = Texts(house.content.words[locale], house.settings.company.zone, NOW)
        asked = Question(path, {"name": name, "format": format_}, MultiDict(parse_qsl(query)))
        visit = StaffRequest(Backend(house, database, lambda rows: None), staff, sight, None, "", asked, speech, NOW)  # type: ignore[arg-type]
        if place:
            return reports.download(visit)
        shown = reports.show(visit)
        return page("report_body.html", **shown.values)

    return got


def test_the_page_has_every_table_in_the_readers_language(get: Any) -> None:
    text = get("/hr/reports")
    for words in ("各班次", "流失（按周）", "流失（按门店）", "流失（按原因）", "消息费用", "HR 答复时间", "<svg"):
        assert words in text
    assert "style=" not in text
    assert "王芳" not in text


def test_it_can_be_printed() -> None:
    css = (STATIC / "report.css").read_bytes()
    assert b"@media print" in css
    assert b"A4" in css


def test_the_figures_are_those_of_whom_one_may_see(get: Any) -> None:
    text = get("/hr/reports", CANTON)
    assert "PUB" in text
    assert "OVER" not in text
    assert "OVER" in get("/hr/reports?cohort=OVER")
    with pytest.raises(Denied):
        get("/hr/reports?cohort=OVER", CANTON)


def test_one_cohort_and_a_time_can_be_chosen(get: Any) -> None:
    text = get("/hr/reports?cohort=PUB&from=2026-11-01&to=2026-11-30")
    assert "班次 PUB" in text
    assert 'value="2026-11-01"' in text
    assert "summary.xlsx?cohort=PUB&amp;from=2026-11-01&amp;to=2026-11-30" in text


def test_a_day_that_is_none_counts_as_not_given(get: Any) -> None:
    assert get("/hr/reports?from=yesterday") == get("/hr/reports")


@pytest.mark.parametrize("path", ["/hr/reports/none.csv", "/hr/reports/summary.pdf", "/hr/reports?cohort=NONE"])
def test_what_is_no_report_is_denied(get: Any, path: str) -> None:
    with pytest.raises(Denied):
        get(path)


def test_files_are_taken_along_and_that_is_in_the_audit_log(get: Any, database: Database) -> None:
    book = get("/hr/reports/summary.xlsx")
    assert book.name == "summary-2026-11-23.xlsx"
    assert len(openpyxl.load_workbook(io.BytesIO(book.body)).worksheets) == 6
    sheet = get("/hr/reports/summary.csv")
    assert sheet.kind == "text/csv"
    assert "各班次" in sheet.body.decode("utf-8-sig")
    wanted = sa.select(audit.c.actor, audit.c.target).where(audit.c.action == "report.download")
    entries = database.read(lambda c: [tuple(row) for row in c.execute(wanted)])
    assert entries == [("staff:A", "summary")] * 2
