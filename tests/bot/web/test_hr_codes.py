"""Whatever signs a code has, every page and form of it opens, as the pages themselves link to it."""

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store.db.database import Database
from bot.store.tables import candidates, cohorts, staff, stores
from tests.bot.web.desk import Browser, Office, let_in, serving

CODES = ("HR/2026/001", "2026/12", "a?b", "a#b", "50%", "%2F", "a b", "候选人 一/二", "a+b&c=d;e", "..x", "a\\b")


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        name = house.cipher.seal("Boss", "staff.name")
        office.do(sa.insert(staff).values(code="BOSS", name=name, role="admin", updated_at=now))
        let_in(office, "BOSS")
        yield office


def renamed(office: Office, code: str) -> None:
    """王芳, her cohort and her store have this code; she may be moved, the cohort be published."""
    planned = {"code": code, "date_state": "planned", "starts_at": office.now + timedelta(days=9)}
    office.do(sa.update(cohorts).where(cohorts.c.code == "PUB").values(planned))
    office.do(sa.update(candidates).where(candidates.c.code == "PUB").values(code=code))
    office.do(sa.update(stores).where(stores.c.id == sa.select(sa.func.min(stores.c.id)).scalar_subquery()).values(code=code))  # fmt: skip


def ways(page: str, start: str) -> list[str]:
    """The addresses below `start` to which a page leads."""
    found = re.findall(r'(?:href|action)="([^"]+)"', page)
    return sorted({html.unescape(way) for way in found if way.startswith(start)})


def only(page: str, start: str, end: str) -> str:
    (way,) = {way for way in ways(page, start) if way.partition("?")[0].endswith(end)}
    return way


def opens(browser: Browser, way: str) -> str:
    answer = browser.get(way)
    assert answer.status_code == 200, way
    return answer.text


@pytest.mark.parametrize("code", CODES)
def test_a_candidate_is_opened_called_and_moved(office: Office, code: str) -> None:
    renamed(office, code)
    browser = office.person("BOSS")
    here = f"/hr/candidates/{quote(code, safe='')}"
    assert here in ways(opens(browser, "/hr/candidates"), "/hr/candidates/")
    page = opens(browser, here)
    called = browser.post(only(page, here, "/called"), how="reached", note="x")
    assert (called.status_code, called.url.partition("?")[0]) == (200, office.url + here)
    asked = browser.get(f"{only(page, here, '/move')}?what=stage&to=withdrawn")
    assert asked.status_code == 200
    moved = browser.post(only(asked.text, here, "/move"), what="stage", to="withdrawn", was="")
    assert moved.status_code in (200, 409), "found, whatever becomes of it"
    (cohort,) = [way for way in ways(page, "/hr/cohorts/") if way != "/hr/cohorts/"]
    opens(browser, cohort)


@pytest.mark.parametrize("code", CODES)
def test_a_cohort_is_opened_moved_published_and_its_roll_called(office: Office, code: str) -> None:
    renamed(office, code)
    browser = office.person("BOSS")
    here = f"/hr/cohorts/{quote(code, safe='')}"
    assert here in ways(opens(browser, "/hr/cohorts"), "/hr/cohorts/")
    page = opens(browser, here)
    version = office.one(sa.select(cohorts.c.version).where(cohorts.c.code == code))
    assert browser.get(f"{only(page, here, '/move')}?place=三楼").status_code == 200
    moved = browser.post(f"{here}/move", place="三楼", version=str(version))
    assert (moved.status_code, moved.url.partition("?")[0]) == (200, office.url + here)
    asked = opens(browser, only(page, here, "/publish"))
    field = re.search(r'name="version" value="(\d+)"', asked)
    assert field
    published = browser.post(only(asked, here, "/publish"), version=field[1])
    assert (published.status_code, published.url.partition("?")[0]) == (200, office.url + here)
    assert office.one(sa.select(cohorts.c.date_state).where(cohorts.c.code == code)) == "published"
    assert browser.post(only(opens(browser, here), here, "/take-back")).status_code == 200
    assert browser.post(f"{here}/roll").status_code == 200


@pytest.mark.parametrize("code", CODES)
def test_an_account_gets_its_link(office: Office, code: str) -> None:
    name = office.house.cipher.seal("Neu", "staff.name")
    office.do(sa.insert(staff).values(code=code, name=name, role="store", updated_at=office.now))
    browser = office.person("BOSS")
    here = f"/hr/staff/{quote(code, safe='')}"
    for way in ways(opens(browser, "/hr/staff"), here + "/"):
        assert browser.post(way).status_code == 200, way


@pytest.mark.parametrize("code", CODES)
def test_a_case_leads_to_its_candidate(office: Office, code: str) -> None:
    renamed(office, code)
    browser = office.person("BOSS")
    (way,) = ways(opens(browser, f"/hr/cases/{office.case(code)}"), "/hr/candidates/")
    opens(browser, way)
