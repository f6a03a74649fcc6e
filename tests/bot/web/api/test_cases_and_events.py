"""Cases are worked on in the name of a person of HR; events are read in order, and none is missed."""

from typing import Any

import pytest
import sqlalchemy as sa

from bot.cases import actions
from bot.record import vocabulary
from bot.store import events
from bot.store.db.database import Database
from bot.store.tables import case_events, staff
from bot.store.tables import events as table
from bot.web.api.models import ResolveIn
from tests.bot.web.api.conftest import Caller, case_row, keep_event
from tests.conftest import NOW


@pytest.fixture
def colleagues(database: Database, cipher: Any) -> None:
    rows = [
        {"code": "HR2", "role": "recruiter", "scope": "上海"},
        {"code": "HR3", "role": "recruiter", "scope": None},
        {"code": "T1", "role": "trainer", "scope": "上海"},
    ]
    database.write(
        lambda c: c.execute(
            sa.insert(staff), [row | {"name": cipher.seal("x", "staff.name"), "updated_at": NOW} for row in rows]
        )
    )


def test_the_outcomes_are_those_of_the_inbox() -> None:
    schema = ResolveIn.model_json_schema()["properties"]["outcome"]
    assert tuple(schema["enum"]) == vocabulary.OUTCOMES


def test_a_case_is_resolved_in_somebodys_name(caller: Caller, case_of: Any, database: Database) -> None:
    number = case_of("PUB")
    assert (
        caller.call("POST", f"/cases/{number}/resolve", {"staff": "HR1", "outcome": "moved", "note": "近一点"}).status
        == 204
    )
    shown = caller.call("GET", f"/cases/{number}").body
    assert (shown["state"], shown["outcome"], shown["claimed_by"], shown["candidate"]) == (
        "resolved",
        "moved",
        "HR1",
        "PUB",
    )
    assert [reason["reason"] for reason in shown["reasons"]] == ["store_far"]
    assert "近一点" not in str(shown)
    again = caller.call("POST", f"/cases/{number}/resolve", {"staff": "HR1", "outcome": "moved"})
    assert again.status == 409


def test_who_holds_a_case_keeps_it(caller: Caller, case_of: Any, database: Database, colleagues: None) -> None:
    number = case_of("PUB")
    database.write(lambda c: actions.claim(c, number, "HR1", NOW))
    reply = caller.call("POST", f"/cases/{number}/resolve", {"staff": "HR2", "outcome": "kept"})
    assert reply.status == 409
    assert "HR1" in reply.body["detail"]
    assert case_row(database, number).state == "claimed"


@pytest.mark.parametrize("code", ["HR3", "T1", "NOBODY"])
def test_only_who_may_see_the_case_and_work_does(caller: Caller, case_of: Any, colleagues: None, code: str) -> None:
    number = case_of("PUB")
    reply = caller.call("POST", f"/cases/{number}/note", {"staff": code, "text": "x"})
    assert reply.status == 422
    assert reply.body["errors"][0]["field"] == "staff"
    if code != "HR3":
        reply = caller.call("POST", f"/cases/{number}/assign", {"staff": "HR1", "to": code})
        assert reply.status == 422
        assert reply.body["errors"][0]["field"] == "to"


def test_a_case_is_handed_over_and_noted(caller: Caller, case_of: Any, database: Database, colleagues: None) -> None:
    number = case_of("PUB")
    caller.calls(
        ("POST", f"/cases/{number}/note", {"staff": "HR1", "text": "打过电话"}),
        ("POST", f"/cases/{number}/assign", {"staff": "HR1", "to": "HR2", "note": "请接"}),
    )
    assert case_row(database, number).assigned == "HR2"
    steps = database.read(lambda c: list(c.scalars(sa.select(case_events.c.what).order_by(case_events.c.id))))
    assert steps == ["noted", "handed_over"]


def test_events_come_in_order_and_go_on_where_one_stopped(caller: Caller, case_of: Any) -> None:
    number = case_of("PUB")
    caller.call("POST", f"/cases/{number}/resolve", {"staff": "HR1", "outcome": "kept"})
    caller.call("POST", "/candidates/PUB/stage", {"stage": "onboarding_prep"})
    first = caller.call("GET", "/events?limit=2").body
    second = caller.call("GET", f"/events?after={first['next']}").body
    kinds = [event["kind"] for event in first["items"] + second["items"]]
    assert kinds[0] == "case.opened"
    assert kinds[-1] == "stage.changed"
    assert "case.changed" in kinds
    ids = [event["id"] for event in first["items"] + second["items"]]
    assert ids == sorted(ids)
    assert caller.call("GET", f"/events?after={second['next']}").body == {"items": [], "next": second["next"]}
    assert [e["kind"] for e in caller.call("GET", "/events?kind=stage.changed").body["items"]] == ["stage.changed"]


def test_an_event_waits_for_earlier_ones_that_are_not_committed_yet(caller: Caller, database: Database) -> None:
    if database.sqlite:
        return  # one writer: numbers are in the order of commits
    with database.engine.connect() as slow:
        slow.begin()
        events.keep(slow, events.STAGE, None, {"candidate": "slow"}, NOW)
        keep_event(database, candidate="fast")
        assert caller.call("GET", "/events").body["items"] == []
        slow.commit()
    assert [event["data"]["candidate"] for event in caller.call("GET", "/events").body["items"]] == ["slow", "fast"]


def test_an_event_says_when_and_what_in_codes(caller: Caller) -> None:
    caller.call("POST", "/candidates/PUB/stage", {"stage": "onboarding_prep"})
    found = caller.call("GET", "/events").body["items"][0]
    said = {"candidate": "PUB", "from": "training_notice", "stage": "onboarding_prep", "by": "api"}
    assert found["data"] == said | {"at": NOW.isoformat()}
    assert caller.database.read(lambda c: c.scalar(sa.select(table.c.at))) == NOW
    assert found["at"] == NOW.isoformat().replace("+00:00", "Z")
