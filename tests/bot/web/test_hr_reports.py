"""The page for the boss and its files: for who is signed in and may, with the figures of whom they may see."""

import asyncio
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.content import Content
from bot.conversation import House
from bot.settings import Settings
from bot.store.cipher import Cipher
from bot.store.database import Database
from bot.store.sight import Sight
from bot.store.tables import audit
from bot.web.hr_reports import Asked, Reports, Viewer, body
from tests import cast
from tests.conftest import NOW

BOSS = Viewer(Sight("A", "admin", everybody=True), "zh")
CANTON = Viewer(Sight("M", "manager", scope=frozenset({"GZ1"})), "en")


class Session:
    """Somebody is signed in, or nobody."""

    def __init__(self, viewer: Viewer | None) -> None:
        self._viewer = viewer

    async def viewer(self, request: web.Request) -> Viewer:
        if self._viewer is None:
            raise web.HTTPSeeOther("/hr/sign-in")
        return self._viewer


@pytest.fixture
def house(settings: Settings, content: Content, database: Database, cipher: Cipher, tmp_path: Path) -> House:
    cast.enter(tmp_path, settings, database, cipher, NOW)
    return House(settings, content, None, cipher)  # type: ignore[arg-type]


@pytest.fixture
def get(house: House, database: Database) -> Any:
    def got(path: str, viewer: Viewer | None = BOSS) -> tuple[int, bytes, Any]:
        async def run() -> tuple[int, bytes, Any]:
            app = web.Application()
            app.add_routes(Reports(house, database, Session(viewer), lambda: NOW).routes())
            async with TestClient(TestServer(app)) as client:
                answer = await client.get(path, allow_redirects=False)
                return answer.status, await answer.read(), answer.headers

        return asyncio.run(run())

    return got


def test_the_page_has_every_table_in_the_readers_language(get: Any) -> None:
    status, html, _ = get("/hr/reports")
    assert status == 200
    text = html.decode()
    for words in ("各班次", "流失（按周）", "流失（按门店）", "流失（按原因）", "消息费用", "HR 答复时间", "<svg"):
        assert words in text
    assert 'href="/static/report.css"' in text
    assert "style=" not in text
    assert "王芳" not in text


def test_it_can_be_printed(get: Any) -> None:
    _, css, _ = get("/static/report.css")
    assert b"@media print" in css
    assert b"A4" in css


def test_the_figures_are_those_of_whom_one_may_see(get: Any) -> None:
    text = get("/hr/reports", CANTON)[1].decode()
    assert "PUB" in text
    assert "OVER" not in text
    assert get("/hr/reports?cohort=OVER", CANTON)[0] == 404
    assert get("/hr/reports?cohort=OVER")[0] == 200


def test_one_cohort_and_a_time_can_be_chosen(get: Any) -> None:
    text = get("/hr/reports?cohort=PUB&from=2026-11-01&to=2026-11-30")[1].decode()
    assert "班次 PUB" in text
    assert 'value="2026-11-01"' in text
    assert "summary.xlsx?cohort=PUB&amp;from=2026-11-01&amp;to=2026-11-30" in text


@pytest.mark.parametrize("path", ["/hr/reports?from=yesterday", "/hr/reports/summary.csv?to=2026-13-01"])
def test_a_day_that_is_none_is_400(get: Any, path: str) -> None:
    assert get(path)[0] == 400


@pytest.mark.parametrize("path", ["/hr/reports/none.csv", "/hr/reports/summary.pdf", "/hr/reports?cohort=NONE"])
def test_what_is_no_report_is_404(get: Any, path: str) -> None:
    assert get(path)[0] == 404


@pytest.mark.parametrize("path", ["/hr/reports", "/hr/reports/summary.csv", "/hr/reports/risk.xlsx"])
def test_who_is_not_signed_in_or_may_not_sees_none(get: Any, path: str) -> None:
    assert get(path, None)[0] == 303
    for role in ("trainer", "store"):
        assert get(path, Viewer(Sight("T", role, scope=frozenset({"GZ1"})), "zh"))[0] == 403


def test_files_are_taken_along_and_that_is_in_the_audit_log(get: Any, database: Database) -> None:
    status, file, headers = get("/hr/reports/summary.xlsx")
    assert status == 200
    assert headers["Content-Disposition"] == 'attachment; filename="summary-2026-11-23.xlsx"'
    assert len(openpyxl.load_workbook(io.BytesIO(file)).worksheets) == 6
    _, text, headers = get("/hr/reports/summary.csv")
    assert headers["Content-Type"].startswith("text/csv")
    assert "各班次" in text.decode("utf-8-sig")
    wanted = sa.select(audit.c.actor, audit.c.target).where(audit.c.action == "report.download")
    entries = database.read(lambda c: [tuple(row) for row in c.execute(wanted)])
    assert entries == [("staff:A", "summary")] * 2


def test_the_body_stands_in_a_page_of_others(house: House, database: Database) -> None:
    asked = Asked(BOSS.sight, house.settings, NOW)
    html = database.read(lambda c: body(house, c, asked, "en"))
    assert html.lstrip().startswith("<header")
    assert "How the wait is going" in html
