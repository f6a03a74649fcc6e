"""What a trainer and a store see of a person: names, stages and dates; on every page that they can open."""

import re
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.staff import permissions
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, staff
from bot.web.hr.routes import SITE
from tests.bot.web.desk import Browser, Office, let_in, serving

ROLES = ("trainer", "store")
EVERYWHERE = "上海 广州 西安 PUB TOM TODAY"
HOME, MAIL = "宝山区共江路 99 弄 3 号", "wangfang@example.org"
# Of PUB, 王芳: the number in both forms, pay, where she lives and how far, her mail, invite and page, and the risk.
KNOWN = ("13800000001", "138 0000 0001", "5000", HOME, MAIL, "WANGFANG1", "/c/", "公里", "高风险", "风险")
_LINK = re.compile(r'(?:href|action)="(/hr[^"#]*)')


@pytest.fixture
def office(house: Runtime, database: Database, now: datetime) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for role in ROLES:
            sealed = house.cipher.seal(f"N{role}", "staff.name")
            row = {"code": role.upper(), "name": sealed, "role": role, "scope": EVERYWHERE, "updated_at": now}
            office.do(sa.insert(staff).values(row))
        home, mail = house.cipher.seal(HOME, "candidates.home_address"), house.cipher.seal(MAIL, "candidates.email")
        more = {"home_address": home, "email": mail, "risk": "high", "risk_points": 90, "pushes_stopped_at": now}
        office.do(sa.update(candidates).where(candidates.c.code == "PUB").values(more))
        chat = {"channel": "wechat", "address": house.cipher.seal("o1", "addresses.address"), "address_index": b"o1"}
        office.do(sa.insert(addresses).values(chat | {"candidate_id": office.candidate("PUB"), "created_at": now}))
        let_in(office, "HR1", *(role.upper() for role in ROLES))
        yield office


@pytest.mark.parametrize("role", ROLES)
def test_no_page_that_they_can_open_tells_more_than_names_stages_and_dates(office: Office, role: str) -> None:
    office.case("PUB")
    pages = crawled(office.person(role.upper()))
    assert {"/hr/candidates", "/hr/candidates/PUB", "/hr/cohorts/PUB", "/hr/flows", "/hr/me"} <= pages.keys()
    assert "王芳" in pages["/hr/candidates/PUB"], "so that it does not pass because nothing is there"
    found = {(path, value) for path, text in pages.items() for value in KNOWN if value in text}
    assert found == set()
    assert not any(word in pages["/hr/cohorts/PUB"] for word in ("微信", "没绑定", "不要推送"))
    assert not any(path.startswith(("/hr/reports", "/hr/missed", "/hr/cases", "/hr/import")) for path in pages)


@pytest.mark.parametrize("role", ROLES)
def test_nor_can_they_find_it_out_by_asking(office: Office, role: str) -> None:
    browser = office.person(role.upper())
    everybody = names(browser.get("/hr/candidates?stage="))
    assert "王芳" in everybody
    assert "王芳" not in names(browser.get("/hr/candidates?stage=&q=13800000001")), "a phone number"
    for wish in ("risk=high", "risk=low", "held=1"):
        assert names(browser.get(f"/hr/candidates?stage=&{wish}")) == everybody, wish
    assert "王芳" in names(browser.get("/hr/candidates?stage=&q=王芳"))


def test_who_works_with_people_sees_all_of_it(office: Office) -> None:
    """So that these values are where they are looked for."""
    browser = office.person("HR1")
    page = browser.get("/hr/candidates/PUB").text
    assert [value for value in KNOWN if value not in page and value not in ("WANGFANG1", "138 0000 0001")] == []
    assert names(browser.get("/hr/candidates?stage=&risk=high")) == ["王芳"]
    assert names(browser.get("/hr/candidates?stage=&q=13800000001")) == ["王芳"]


def test_each_address_of_a_role_is_crawled(office: Office) -> None:
    """A new address that they may open is looked at, or has its reason here."""
    open_to = {
        route.path for route in SITE if route.method == "GET" and permissions.may("trainer", route.right or "see")
    }
    assert open_to == {
        *("/hr", "/hr/candidates", "/hr/candidates/{code}", "/hr/cohorts", "/hr/cohorts/{code}", "/hr/flows", "/hr/me"),
    }


def crawled(browser: Browser) -> dict[str, str]:
    """Every page that leads on from the first ones, and what a form of theirs answers."""
    asked = ["/hr", "/hr/candidates?stage=", "/hr/candidates?stage=&risk=high"]
    asked += [route.path.replace("{code}", "PUB").replace("{id}", "1") for route in SITE if route.method == "GET"]
    pages: dict[str, str] = {}
    for path in asked:
        if path not in pages:
            answer = browser.get(path)
            if answer.status_code == 200:
                pages[path] = answer.text
                asked += [
                    urlsplit(link.replace("&amp;", "&"))._replace(fragment="").geturl()
                    for link in _LINK.findall(answer.text)
                ]
    pages["roll"] = browser.post("/hr/cohorts/PUB/roll").text
    return pages


def names(answer: requests.Response) -> list[str]:
    return re.findall(r"<b>([^<]+)</b> <span class=\"code\">", answer.text)
