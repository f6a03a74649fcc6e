"""Each right and each scope at each call of the API, at somebody else's data: refused, and in the audit log.

A call without a case here fails: the tests walk the table that the door is built from.
"""

from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from bot.store.tables import audit
from bot.web.api import BASE
from bot.web.api.routes import table
from tests.bot.web.api.conftest import Caller

STAGES = ("interview_passed", "joined")
NAMES = [route.name for route in table(STAGES)]
READS = [route.name for route in table(STAGES) if route.right == "read"]
WRITES = [route.name for route in table(STAGES) if route.right == "write"]
WHOLE = [route.name for route in table(STAGES) if route.whole]

# Of each call: what asks for PUB's data (Shanghai, store S1); `{case}` is the id of a case of PUB's.
ASKS: dict[str, tuple[str, str, Any]] = {
    "stores.list": ("GET", "/stores", None),
    "stores.show": ("GET", "/stores/S1", None),
    "stores.put": ("PUT", "/stores/S1", {"openings": 9}),
    "cohorts.list": ("GET", "/cohorts", None),
    "cohorts.show": ("GET", "/cohorts/PUB", None),
    "cohorts.put": ("PUT", "/cohorts/PUB", {"seats": 9}),
    "candidates.list": ("GET", "/candidates", None),
    "candidates.show": ("GET", "/candidates/PUB", None),
    "candidates.put": ("PUT", "/candidates/PUB", {"position": "后厨"}),
    "candidates.stage": ("POST", "/candidates/PUB/stage", {"stage": "onboarding_prep"}),
    "cases.list": ("GET", "/cases", None),
    "cases.show": ("GET", "/cases/{case}", None),
    "cases.resolve": ("POST", "/cases/{case}/resolve", {"staff": "HR1", "outcome": "kept"}),
    "cases.note": ("POST", "/cases/{case}/note", {"staff": "HR1", "text": "x"}),
    "cases.assign": ("POST", "/cases/{case}/assign", {"staff": "HR1", "to": "HR1"}),
    "events.list": ("GET", "/events", None),
    "hooks.list": ("GET", "/hooks", None),
    "hooks.put": ("PUT", "/hooks", {"url": "https://hr.example.com/keepwarm"}),
    "hooks.delete": ("DELETE", "/hooks/1", None),
}
GOOD = (
    dict.fromkeys(NAMES, 200)
    | {"hooks.put": 201, "hooks.delete": 404}
    | dict.fromkeys(("cases.resolve", "cases.note", "cases.assign"), 204)
)
LISTS = ("stores.list", "cohorts.list", "candidates.list", "cases.list", "events.list")
OUTSIDE = "GZ1"  # a store in Guangzhou: CANTON works there


@pytest.fixture
def ask(caller: Caller, case_of: Any) -> Any:
    number = case_of("PUB")

    def asked(name: str, **token: str) -> Any:
        method, path, body = ASKS[name]
        return caller.call(method, path.format(case=number), body, caller.token(**token))

    return asked


def refusals(caller: Caller) -> list[tuple[str, str]]:
    wanted = sa.select(audit.c.actor, audit.c.detail).where(audit.c.action == "api.refused")
    return caller.database.read(lambda c: [(row.actor, row.detail["call"]) for row in c.execute(wanted)])


def test_every_call_of_the_api_has_its_case(caller: Caller) -> None:
    app = web.Application()
    app.add_routes(caller.api.routes())
    served = {
        (route.method, str(route.resource.canonical).removeprefix(BASE))
        for route in app.router.routes()
        if route.resource and route.method not in ("*", "HEAD")
    }
    assert served - {("GET", "/openapi.json")} == {(route.method, route.path) for route in caller.api.table}
    assert ASKS.keys() == {route.name for route in caller.api.table} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_who_may_is_let_in(name: str, caller: Caller, ask: Any) -> None:
    assert ask(name).status == GOOD[name]


@pytest.mark.parametrize("name", READS)
def test_who_may_only_write_reads_nothing(name: str, caller: Caller, ask: Any) -> None:
    assert ask(name, rights="write").status == 403
    assert refusals(caller) == [("api:write-all", name)]


@pytest.mark.parametrize("name", WRITES)
def test_who_may_only_read_writes_nothing(name: str, caller: Caller, ask: Any) -> None:
    before = caller.candidate("PUB")
    assert ask(name, rights="read").status == 403
    assert refusals(caller) == [("api:read-all", name)]
    assert caller.candidate("PUB") == before


@pytest.mark.parametrize("name", WRITES)
def test_what_is_answered_to_a_writer_holds_nothing_personal(name: str, ask: Any) -> None:
    assert "王芳" not in str(ask(name, rights="write").body)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LISTS])
def test_data_outside_the_scope_is_not_there(name: str, caller: Caller, ask: Any) -> None:
    before = caller.candidate("PUB")
    assert ask(name, scope=OUTSIDE).status == (403 if name in WHOLE else 404)
    assert refusals(caller) == [(f"api:both-{OUTSIDE}", name)]
    assert caller.candidate("PUB") == before


@pytest.mark.parametrize("name", LISTS)
def test_lists_hold_nothing_outside_the_scope(name: str, caller: Caller, ask: Any) -> None:
    caller.call("POST", "/candidates/PUB/stage", {"stage": "onboarding_prep"})
    shown = ask(name, scope=OUTSIDE).body
    codes = [item.get("code", item.get("candidate")) for item in shown["items"]]
    assert codes == {"stores.list": ["GZ1"], "candidates.list": ["CANTON"]}.get(name, [])


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in NAMES
        if name not in ("cohorts.list", "cohorts.show", "events.list", "hooks.list", "hooks.delete")
    ],
)
def test_what_is_personal_or_written_is_in_the_audit_log(name: str, caller: Caller, ask: Any) -> None:
    ask(name)
    assert [entry[:2] for entry in caller.audited()] == [("api:both-all", name)]


def test_nobody_is_moved_out_of_ones_scope_nor_made_outside_it(caller: Caller) -> None:
    token = caller.token(scope="GZ1")
    new = {"name": "新", "phone": "13900000009"}
    moved, made, good = caller.calls(
        ("PUT", "/candidates/CANTON", {"store": "S1"}),
        ("PUT", "/candidates/N1", new),
        ("PUT", "/candidates/N2", new | {"store": "GZ1"}),
        token=token,
    )
    assert (moved.status, made.status, good.status) == (403, 403, 201)
    shown = caller.call("GET", "/candidates?store=GZ1").body["items"]
    assert [item["code"] for item in shown] == ["CANTON", "N2"]
