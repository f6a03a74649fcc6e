"""No way in reaches further than another: each page, order, call and link × each role × each scope, at one candidate.

The ways are taken from the registries themselves, so that a new one without a case here fails. The candidate is PUB
(王芳, of HR1, store S1 in 上海, cohort PUB), who shares that cohort with people in 广州 and 西安.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import links
from bot.alerts.recipients import Colleagues
from bot.conversation import Runtime
from bot.imports.run import KINDS
from bot.staff import permissions
from bot.staff_chat import inbound as staff_inbound
from bot.staff_chat.handlers import ORDERS, obey
from bot.staff_chat.parser import COMMANDS, SHOW, parse
from bot.store import uploads
from bot.store.db.database import Database
from bot.store.tables import candidates, case_events, cases, cohorts, contacts, outbound, publications, staff, touches
from bot.store.visibility import sight_of
from bot.web.api import BASE, Dispatch
from bot.web.hr.routes import SITE
from bot.web.roll_page import RollPage
from tests.bot.web.api.test_matrix import ASKS
from tests.bot.web.desk import Browser, Office, let_in, serving
from tests.bot.web.test_hr_import import bring, settled

VICTIM, NAME, PHONE = "PUB", "王芳", "13800000001"
ROLES = ("recruiter", "manager", "trainer", "store")
NARROW = ("", "S2", "广州")  # nobody of the cohort, nobody of it with a scope, one of it
WIDE = "上海 广州 西安"
_STATE = (candidates, cohorts, cases, case_events, contacts, outbound, touches, publications)
# Of each page what asks for the victim. "": has no place for anybody's (one's own affairs, lists of what is one's own).
PAGES: dict[tuple[str, str], tuple[str, dict[str, str]]] = {
    ("GET", "/hr"): ("/hr?q=王芳", {}),
    ("POST", "/hr/cases/bulk"): ("/hr/cases/bulk", {"case": "{case}", "what": "resolve", "outcome": "kept", "sure": "yes"}),
    ("GET", "/hr/cases/{id}"): ("/hr/cases/{case}", {}),
    ("POST", "/hr/cases/{id}/claim"): ("/hr/cases/{case}/claim", {}),
    ("POST", "/hr/cases/{id}/reply"): ("/hr/cases/{case}/reply", {"text": "你好"}),
    ("POST", "/hr/cases/{id}/note"): ("/hr/cases/{case}/note", {"note": "x"}),
    ("POST", "/hr/cases/{id}/called"): ("/hr/cases/{case}/called", {"outcome": "reached"}),
    ("POST", "/hr/cases/{id}/snooze"): ("/hr/cases/{case}/snooze", {"until": "2h"}),
    ("POST", "/hr/cases/{id}/assign"): ("/hr/cases/{case}/assign", {"to": "HR1"}),
    ("POST", "/hr/cases/{id}/hand-back"): ("/hr/cases/{case}/hand-back", {}),
    ("POST", "/hr/cases/{id}/reopen"): ("/hr/cases/{case}/reopen", {}),
    ("POST", "/hr/cases/{id}/resolve"): ("/hr/cases/{case}/resolve", {"outcome": "kept"}),
    ("GET", "/hr/candidates"): ("/hr/candidates?stage=&cohort=PUB", {}),
    ("POST", "/hr/candidates/release"): ("/hr/candidates/release", {"code": VICTIM, "sure": "yes"}),
    ("GET", "/hr/candidates/{code}"): ("/hr/candidates/PUB", {}),
    ("POST", "/hr/candidates/{code}/called"): ("/hr/candidates/PUB/called", {"outcome": "reached"}),
    ("GET", "/hr/candidates/{code}/move"): ("/hr/candidates/PUB/move?what=stage&to=joined", {}),
    ("POST", "/hr/candidates/{code}/move"): ("/hr/candidates/PUB/move", {"what": "stage", "to": "joined"}),
    ("GET", "/hr/cohorts"): ("/hr/cohorts", {}),
    ("GET", "/hr/cohorts/{code}"): ("/hr/cohorts/PUB", {}),
    ("GET", "/hr/cohorts/{code}/publish"): ("/hr/cohorts/PUB/publish", {}),
    ("POST", "/hr/cohorts/{code}/publish"): ("/hr/cohorts/PUB/publish", {"version": "1"}),
    ("POST", "/hr/cohorts/{code}/decline"): ("/hr/cohorts/PUB/decline", {}),
    ("POST", "/hr/cohorts/{code}/take-back"): ("/hr/cohorts/PUB/take-back", {}),
    ("GET", "/hr/cohorts/{code}/move"): ("/hr/cohorts/PUB/move?place=Evil", {}),
    ("POST", "/hr/cohorts/{code}/move"): ("/hr/cohorts/PUB/move", {"version": "1", "place": "Evil"}),
    ("POST", "/hr/cohorts/{code}/roll"): ("/hr/cohorts/PUB/roll", {}),
    ("GET", "/hr/import"): ("/hr/import", {}),
    ("GET", "/hr/import/{id}"): ("/hr/import/{upload}", {}),
    ("POST", "/hr/import/{id}"): ("/hr/import/{upload}", {}),
    ("GET", "/hr/import/{id}/errors"): ("/hr/import/{upload}/errors", {}),
    ("GET", "/hr/missed"): ("/hr/missed", {}),
    ("GET", "/hr/missed/taught.yaml"): ("/hr/missed/taught.yaml", {}),
    ("POST", "/hr/missed/{id}/teach"): ("/hr/missed/1/teach", {"intent": "training.when"}),
    ("POST", "/hr/missed/taught/{id}/forget"): ("/hr/missed/taught/1/forget", {}),
    ("GET", "/hr/reports"): ("/hr/reports?cohort=PUB", {}),
    ("GET", "/hr/reports/{name}.{format}"): ("/hr/reports/risk.csv", {}),
    ("GET", "/hr/flows"): ("/hr/flows", {}),
    ("POST", "/hr/flows"): ("/hr/flows", {"text": "entries: {}"}),
    ("GET", "/hr/staff"): ("/hr/staff", {}),
    ("POST", "/hr/staff/{code}/link"): ("/hr/staff/HR1/link", {}),
    ("POST", "/hr/staff/{code}/sign-out"): ("/hr/staff/HR1/sign-out", {}),
    ("GET", "/hr/audit"): ("/hr/audit?target=PUB", {}),
}  # fmt: skip
ELSEWHERE = {("POST", "/hr/import")}  # below, with files
OWN = {route for route in ((one.method, one.path) for one in SITE) if route[1].startswith("/hr/me")}
SAID = {  # an order in chat for each command
    SHOW: "{case}", "claim": "claim {case}", "reply": "reply {case} hi", "ok": "ok {case}", "call": "call {case} reached",
    "called": "called {case}", "missed": "no answer {case}", "snooze": "snooze {case} 2h", "resolve": "resolve {case} kept",
    "back": "back {case}", "note": "note {case} x", "who": "who {case}", "help": "help",
}  # fmt: skip
MAPPED = "code:\n  values:\n    X1: PUB\n"
ROWS = {  # of each kind of file what would change the victim, or what they are told: as it is, and by a map
    "candidates": ("code,name\nPUB,Evil\n", "code,name\nX1,Evil\n"),
    "cohorts": ("code,place\nPUB,Evil\n", "code,place\nX1,Evil\n"),
    "stores": ("code,address\nS1,Evil\n", None),
    "staff": ("code,name,role,scope\nW,W,manager,上海\n", None),
}


@dataclass
class Way:
    """The company, somebody who comes in, and a case of the victim's."""

    office: Office
    browser: Browser
    case: int
    upload: int

    def state(self) -> list[Any]:
        return [sorted(map(str, self.office.all(sa.select(table)))) for table in _STATE]


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        yield office


def comes(office: Office, role: str, scope: str) -> Way:
    row = {"code": "W", "name": office.house.cipher.seal("来人", "staff.name"), "role": role, "scope": scope or None}
    office.do(sa.insert(staff).values(row | {"updated_at": office.now}))
    let_in(office, "W")

    def bring(connection: sa.Connection) -> int:
        return uploads.keep(connection, office.house.cipher, "HR1", "candidates", "c.csv", b"code\n", "", office.now)

    return Way(office, office.person("W"), office.case(VICTIM), office.database.write(bring))


def test_every_way_in_has_its_case() -> None:
    assert {(route.method, route.path) for route in SITE} == PAGES.keys() | OWN | ELSEWHERE
    assert SAID.keys() == ORDERS.keys() == {*COMMANDS, SHOW}
    assert ROWS.keys() == KINDS.keys()


@pytest.mark.parametrize("scope", NARROW)
@pytest.mark.parametrize("role", ROLES)
def test_no_page_and_no_order_tells_of_whom_one_does_not_see_or_changes_them(
    office: Office, role: str, scope: str
) -> None:
    way = comes(office, role, scope)
    before = way.state()
    for (method, path), (wanted, form) in PAGES.items():
        known = {"case": way.case, "upload": way.upload}
        place, filled = (
            wanted.format(**known),
            {name: value.replace("{case}", str(way.case)) for name, value in form.items()},
        )
        answer = way.browser.get(place) if method == "GET" else way.browser.post(place, **filled)
        assert answer.status_code < 500, path
        told = answer.text.replace("q=王芳", "").replace('value="王芳"', "")
        assert NAME not in told, (method, path)
        assert PHONE not in told, (method, path)
    for name, text in SAID.items():
        assert NAME not in ordered(way, text), name
    assert way.state() == before


@pytest.mark.parametrize("role", ROLES)
def test_who_sees_them_does_what_the_role_may(office: Office, role: str) -> None:
    """So that nothing above passes because nothing is there."""
    way = comes(office, role, WIDE)
    assert NAME in way.browser.get("/hr/candidates?stage=&cohort=PUB").text
    assert NAME in way.browser.get("/hr/cohorts/PUB").text
    works = permissions.may(role, "work")
    assert (NAME in way.browser.get(f"/hr/cases/{way.case}").text) == works
    assert (NAME in ordered(way, SAID[SHOW])) == works
    before = way.state()
    ordered(way, SAID["claim"])
    assert (way.state() != before) == works


def ordered(way: Way, text: str) -> str:
    """What the chat of HR answers."""
    office = way.office

    def order(connection: sa.Connection) -> str:
        by = Colleagues(connection, office.house.settings, office.house.cipher, office.now).by_code["W"]
        command = parse(text.format(case=way.case), staff_inbound.desks(office.house))
        assert command, text
        return obey(connection, office.house, by, command, bare=False, now=office.now).text

    return office.database.write(order)


@pytest.mark.parametrize("scope", [*NARROW, WIDE])
@pytest.mark.parametrize("role", ROLES)
def test_a_link_reaches_as_far_as_its_maker(
    house: Runtime, database: Database, now: Any, role: str, scope: str
) -> None:
    """Who of PUB is named on the page and recorded by its form is who its maker sees; a store makes none."""
    row = {"code": "W", "name": house.cipher.seal("来人", "staff.name"), "role": role, "scope": scope or None}
    database.write(lambda c: c.execute(sa.insert(staff).values(row | {"updated_at": now})).rowcount)
    begins = {"starts_at": now, "ends_at": None}
    database.write(lambda c: c.execute(sa.update(cohorts).where(cohorts.c.code == "PUB").values(begins)).rowcount)
    link = links.roll_link(house.settings, "PUB", "W").rpartition("/")[2]
    people = ("PUB", "HK", "NOPHONE", "TRAINEE", "LINGANG", "CANTON")
    form = {f"came.{code}": "no" for code in people} | {"proof": links.proof(house.settings, link)}

    async def call() -> str:
        app = web.Application()
        app.add_routes(RollPage(house, database, lambda: now).routes())
        async with TestClient(TestServer(app)) as client:
            page = await (await client.get(f"/roll/{link}")).text()
            return page + await (await client.post(f"/roll/{link}", data=form)).text()

    text = asyncio.run(call())
    sight = database.read(lambda c: sight_of(c, "W", now))
    assert sight
    reached = {"广州": {"CANTON"}, WIDE: set(people)}.get(scope, set()) if permissions.may(role, "roll") else set()
    gone = sa.select(candidates.c.code).where(candidates.c.code.in_(people), candidates.c.stage == "no_show")
    assert set(database.read(lambda c: list(c.scalars(gone)))) == reached
    assert (NAME in text) == (VICTIM in reached)


@pytest.mark.parametrize("scope", ["S2", "GZ1"])
def test_no_call_of_the_api_reaches_further_than_its_token(
    house: Runtime, database: Database, now: Any, scope: str
) -> None:
    from bot.store import cases as cases_
    from bot.store import people, tokens

    def enter(connection: sa.Connection) -> tuple[str, int]:
        token = tokens.create(connection, house.cipher, "t", ("read", "write"), scope, now)
        return token, cases_.open_case(connection, people.by_code(connection, VICTIM), None, "human", now)

    token, case = database.write(enter)
    api = Dispatch(house, database, None, lambda: now)
    assert {route.name for route in api.table} == ASKS.keys()

    async def call() -> list[tuple[str, str]]:
        app = web.Application()
        app.add_routes(api.routes())
        async with TestClient(TestServer(app)) as client:
            found = []
            for name, (method, path, body) in ASKS.items():
                headers = {"Authorization": f"Bearer {token}"}
                sent = {"json": body} if body is not None else {}
                answer = await client.request(method, BASE + path.format(case=case), headers=headers, **sent)
                found.append((name, await answer.text()))
            return found

    def state() -> list[Any]:
        return database.read(lambda c: [sorted(map(str, c.execute(sa.select(table)))) for table in _STATE])

    before = state()
    assert [name for name, text in asyncio.run(call()) if NAME in text or PHONE in text] == []
    assert state() == before


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("what", ["candidates", "cohorts", "stores"])
@pytest.mark.parametrize("scope", NARROW)
def test_no_file_changes_whom_its_bringer_does_not_see(office: Office, what: str, scope: str, mapped: bool) -> None:
    """By a manager, the one role that imports and does not see everybody."""
    plain, by_map = ROWS[what]
    if mapped and by_map is None:
        return
    way = comes(office, "manager", scope)
    before = way.state()
    stores_before = office.all(sa.text("SELECT code, address FROM stores ORDER BY code"))
    page = bring(way.browser, by_map if mapped and by_map else plain, what, map=MAPPED if mapped else "")
    if page.status_code == 200:
        settled(way.browser, way.browser.post(page.url.removeprefix(office.url)))
    assert way.state() == before
    assert office.all(sa.text("SELECT code, address FROM stores ORDER BY code")) == stores_before


@pytest.mark.parametrize("role", ["recruiter", "manager", "trainer", "store"])
def test_nobody_but_an_admin_makes_accounts_by_a_file(office: Office, role: str) -> None:
    way = comes(office, role, "广州")
    before = office.all(sa.select(staff.c.code, staff.c.role, staff.c.scope))
    assert bring(way.browser, ROWS["staff"][0], "staff").status_code in (400, 403)
    assert office.all(sa.select(staff.c.code, staff.c.role, staff.c.scope)) == before
