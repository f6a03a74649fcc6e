"""Each role at each address of the inbox, with what is somebody else's: refused, audited, and nothing changes.

An address without a case here fails `test_every_address_has_a_case`.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from bot.conversation import Runtime
from bot.staff import permissions
from bot.store import cohorts as trainings
from bot.store import lessons as store_lessons
from bot.store import sessions, uploads
from bot.store.db.database import Database
from bot.store.tables import (
    addresses,
    candidates,
    case_events,
    cases,
    cohorts,
    contacts,
    inbound,
    outbound,
    publications,
    staff,
    suggestions,
    touches,
)
from bot.store.tables import sessions as signed_in
from bot.store.tables import taught as lessons
from bot.store.tables import uploads as brought
from bot.web.hr.request import Backend
from bot.web.hr.routes import SITE, Inbox
from tests.bot.web.desk import Office, let_in, serving

# Of each role one who sees others than the victim: candidate TODAY (吴俊, of HR1, store S1 in Shanghai).
PEOPLE = (
    ("HR2", "recruiter", ""),
    ("MG2", "manager", "西安"),
    ("TR2", "trainer", "TOM"),
    ("ST2", "store", "S2"),
    ("AD2", "admin", ""),
)
VICTIM, NAME = "TODAY", "吴俊"
OPEN_TO_ALL = {("GET", "/hr/sign-in"), ("POST", "/hr/sign-in"), ("GET", "/hr/password/{token}"), ("POST", "/hr/password/{token}")}  # fmt: skip
OWN = {  # what is one's own affair: no place in it for anybody else's
    ("GET", "/hr"), ("GET", "/hr/me"), ("POST", "/hr/me/language"), ("POST", "/hr/me/password"), ("POST", "/hr/me/absence"),
    ("POST", "/hr/me/alerts"), ("POST", "/hr/me/sign-out"), ("POST", "/hr/me/sign-out-others"),
}  # fmt: skip

Path = Callable[[dict[str, int]], str]


def at(path: str) -> Path:
    return lambda known: path.format(**known)


# Address → (the right it takes, the path to somebody else's, the form). What has nobody's in its path is a list: it
# names nobody that one does not see.
FOREIGN: dict[tuple[str, str], tuple[str, Path, dict[str, str]]] = {
    ("GET", "/hr/events"): ("work", at("/hr/events?case={case}"), {}),
    ("GET", "/hr/cases/{id}"): ("work", at("/hr/cases/{case}"), {}),
    ("POST", "/hr/cases/{id}/claim"): ("work", at("/hr/cases/{case}/claim"), {}),
    ("POST", "/hr/cases/{id}/reply"): ("work", at("/hr/cases/{case}/reply"), {"text": "你好"}),
    ("POST", "/hr/cases/{id}/note"): ("work", at("/hr/cases/{case}/note"), {"note": "x"}),
    ("POST", "/hr/cases/{id}/called"): ("work", at("/hr/cases/{case}/called"), {"outcome": "reached"}),
    ("POST", "/hr/cases/{id}/snooze"): ("work", at("/hr/cases/{case}/snooze"), {"until": "2h"}),
    ("POST", "/hr/cases/{id}/assign"): ("work", at("/hr/cases/{case}/assign"), {"to": "HR1"}),
    ("POST", "/hr/cases/{id}/hand-back"): ("work", at("/hr/cases/{case}/hand-back"), {}),
    ("POST", "/hr/cases/{id}/reopen"): ("work", at("/hr/cases/{case}/reopen"), {}),
    ("POST", "/hr/cases/{id}/resolve"): ("work", at("/hr/cases/{case}/resolve"), {"outcome": "kept"}),
    ("GET", "/hr/candidates/{code}"): ("see", at("/hr/candidates/TODAY"), {}),
    ("POST", "/hr/candidates/{code}/called"): ("work", at("/hr/candidates/TODAY/called"), {"outcome": "reached"}),
    ("GET", "/hr/candidates/{code}/move"): ("move", at("/hr/candidates/TODAY/move?what=stage&to=joined"), {}),
    ("POST", "/hr/candidates/{code}/move"): ("move", at("/hr/candidates/TODAY/move"), {"what": "stage", "to": "joined"}),
    ("GET", "/hr/cohorts/{code}"): ("see", at("/hr/cohorts/TODAY"), {}),
    ("GET", "/hr/cohorts/{code}/publish"): ("publish", at("/hr/cohorts/TODAY/publish"), {}),
    ("POST", "/hr/cohorts/{code}/publish"): ("publish", at("/hr/cohorts/TODAY/publish"), {"version": "1"}),
    ("POST", "/hr/cohorts/{code}/decline"): ("publish", at("/hr/cohorts/TODAY/decline"), {}),
    ("POST", "/hr/cohorts/{code}/take-back"): ("publish", at("/hr/cohorts/TODAY/take-back"), {}),
    ("GET", "/hr/cohorts/{code}/move"): ("publish", at("/hr/cohorts/TODAY/move?state=unknown"), {}),
    ("POST", "/hr/cohorts/{code}/move"): ("publish", at("/hr/cohorts/TODAY/move"), {"version": "1", "state": "unknown"}),
    ("POST", "/hr/cohorts/{code}/roll"): ("roll", at("/hr/cohorts/TODAY/roll"), {}),
    ("GET", "/hr/import/{id}"): ("import", at("/hr/import/{upload}"), {}),
    ("POST", "/hr/import/{id}"): ("import", at("/hr/import/{upload}"), {}),
    ("GET", "/hr/import/{id}/errors"): ("import", at("/hr/import/{upload}/errors"), {}),
    ("POST", "/hr/missed/{id}/teach"): ("teach", at("/hr/missed/{inbound}/teach"), {"intent": "training.when"}),
}  # fmt: skip
LISTS: dict[tuple[str, str], tuple[str, str, dict[str, str]]] = {
    ("POST", "/hr/cases/bulk"): ("work", "/hr/cases/bulk", {"what": "resolve", "outcome": "kept", "sure": "yes"}),
    ("GET", "/hr/candidates"): ("see", "/hr/candidates?stage=&q=", {}),
    ("POST", "/hr/candidates/release"): ("move", "/hr/candidates/release", {"code": VICTIM, "sure": "yes"}),
    ("GET", "/hr/cohorts"): ("see", "/hr/cohorts", {}),
    ("GET", "/hr/import"): ("import", "/hr/import", {}),
    ("POST", "/hr/import"): ("import", "/hr/import", {"what": "candidates"}),
    ("GET", "/hr/flows"): ("see", "/hr/flows", {}),
    ("POST", "/hr/flows"): ("talk", "/hr/flows", {"text": "entries: {}"}),
    ("GET", "/hr/missed"): ("teach", "/hr/missed", {}),
    ("GET", "/hr/missed/taught.yaml"): ("teach", "/hr/missed/taught.yaml", {}),
    ("POST", "/hr/missed/taught/{id}/forget"): ("teach", "/hr/missed/taught/999/forget", {}),
    ("POST", "/hr/me/sessions/{id}/end"): ("", "/hr/me/sessions/{session}/end", {}),
    ("GET", "/hr/reports"): ("report", "/hr/reports", {}),
    ("GET", "/hr/reports/{name}.{format}"): ("report", "/hr/reports/cost.csv", {}),
    ("GET", "/hr/staff"): ("staff", "/hr/staff", {}),
    ("POST", "/hr/staff/{code}/link"): ("staff", "/hr/staff/HR1/link", {}),
    ("POST", "/hr/staff/{code}/sign-out"): ("staff", "/hr/staff/NOBODY/sign-out", {}),
    ("GET", "/hr/audit"): ("staff", "/hr/audit", {}),
}  # fmt: skip
_STATE = (cases, case_events, candidates, cohorts, contacts, outbound, touches, publications, suggestions, brought, lessons)  # fmt: skip


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for code, role, scope in PEOPLE:
            sealed = house.cipher.seal(f"N{code}", "staff.name")
            office.do(sa.insert(staff).values(code=code, name=sealed, role=role, scope=scope, updated_at=now))
        let_in(office, "HR1", *(code for code, *_ in PEOPLE))
        yield office


@pytest.fixture
def known(office: Office) -> dict[str, int]:
    """What is HR1's: a case with a reply, a message, an upload, a session."""
    number, cipher, now = office.candidate(VICTIM), office.house.cipher, office.now

    def enter(connection: sa.Connection) -> dict[str, int]:
        row = {"channel": "wechat", "address": cipher.seal("o1", "addresses.address"), "address_index": b"o1"}
        new = sa.insert(addresses).values(row | {"candidate_id": number, "created_at": now})
        address = connection.execute(new.returning(addresses.c.id)).scalar_one()
        said = {"kind": "text", "text": cipher.seal("嘿哈", "inbound.text"), "received_at": now, "turn": 1, "key": b"k"}
        text = sa.insert(inbound).values(said | {"channel": "wechat", "address_id": address, "candidate_id": number})
        heard = connection.execute(text.returning(inbound.c.id)).scalar_one()
        answer = {"kind": "answer", "said": "repair.again", "text": cipher.seal("?", "outbound.text"), "road": "reply"}
        of = {"address_id": address, "candidate_id": number, "inbound_id": heard, "state": "sent", "created_at": now}
        connection.execute(sa.insert(outbound).values(answer | of))
        upload = uploads.keep(connection, cipher, "HR1", "candidates", "c.csv", b"code,name\n", "", now)
        uploads.end(connection, cipher, upload, "checked", {}, b"bad", now)
        sessions.begin(connection, cipher, "HR1", "", office.house.settings.hr.signed_in_for, now)
        store_lessons.teach(connection, cipher, "k", "教过的", "zh", "training.when", "HR1", now)
        session = connection.execute(sa.select(sa.func.max(signed_in.c.id))).scalar_one()
        return {"inbound": heard, "upload": upload, "session": session}

    found = office.database.write(enter)
    return found | {"case": office.case(VICTIM)}


def test_every_address_has_a_case(house: Runtime, database: Database) -> None:
    """Of the very application: a new route names its right and its case here."""
    app = web.Application()
    app.add_routes(Inbox(Backend(house, database, lambda _: None)).routes())
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.resource.canonical.startswith("/hr") and route.method not in ("HEAD", "*")
    }
    assert served == OPEN_TO_ALL | OWN | FOREIGN.keys() | LISTS.keys()
    wanted = {key: right for key, (right, *_) in (FOREIGN | LISTS).items()}
    for route in SITE:
        assert route.right == wanted.get((route.method, route.path), ""), route.path


@pytest.mark.parametrize(("code", "role"), [(code, role) for code, role, _ in PEOPLE])
def test_what_is_somebody_elses_is_refused_and_audited(
    office: Office, known: dict[str, int], code: str, role: str
) -> None:
    browser, before = office.person(code), state(office)
    browser.get("/hr/me")
    expected: list[tuple[str, str]] = []
    for (method, path), (right, place, form) in FOREIGN.items():
        wanted = place(known)
        mine = role == "admin" and "/import/" not in path
        if mine:
            continue  # an admin sees everybody
        answer = browser.get(wanted) if method == "GET" else browser.post(wanted, follow=False, **form)
        has_right = permissions.may(role, right)
        assert answer.status_code == (404 if has_right else 403), (method, path, answer.text[:200])
        assert NAME not in answer.text
        assert "钱多" not in answer.text
        expected.append((f"staff:{code}", wanted.partition("?")[0]))
    assert office.denied() == expected
    assert state(office) == before


@pytest.mark.parametrize(("code", "role"), [(code, role) for code, role, _ in PEOPLE])
def test_lists_name_nobody_that_one_does_not_see(office: Office, known: dict[str, int], code: str, role: str) -> None:
    browser, before = office.person(code), state(office)
    browser.get("/hr/me")
    for (method, path), (right, place, form) in LISTS.items():
        sends = dict(form) | ({"case": str(known["case"])} if "bulk" in path else {})
        if role == "admin" and path in ("/hr/cases/bulk", "/hr/candidates/release"):
            continue  # theirs to do
        wanted = place.format(**known)
        answer = browser.get(wanted) if method == "GET" else browser.post(wanted, follow=False, **sends)
        if right and not permissions.may(role, right):
            assert answer.status_code == 403, (method, path)
            assert office.denied()[-1] == (f"staff:{code}", wanted.partition("?")[0])
            continue
        assert answer.status_code in (200, 303, 400, 404), (method, path, answer.text[:300])
        if role != "admin":
            assert NAME not in answer.text, (method, path)
    assert state(office) == before
    assert office.one(sa.select(sa.func.count()).select_from(signed_in).where(signed_in.c.staff == "HR1")) == 1


def test_who_may_see_them_does(office: Office, known: dict[str, int]) -> None:
    """So that the matrix does not pass because nothing is there."""
    office.do(sa.update(staff).where(staff.c.code == "HR2").values(scope="上海"))
    browser = office.person("HR2")
    for (method, path), (right, place, _) in FOREIGN.items():
        if method == "GET" and "import" not in path and "events" not in path and permissions.may("recruiter", right):
            assert browser.get(place(known)).status_code == 200, path
    assert NAME in browser.get("/hr").text
    assert NAME in browser.get("/hr/candidates?q=吴俊").text
    assert "嘿哈" in browser.get("/hr/missed").text
    assert office.denied() == []


def state(office: Office) -> list[Any]:
    """All that HR could change."""
    return [sorted(map(str, office.all(sa.select(table)))) for table in _STATE] + [trainings.NOTICE]
