"""Stores, cohorts and candidates are put by code, by the same rules as the import files."""

from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import moves
from bot.store.tables import audit, candidates, cohorts, events, stage_times
from tests.bot.web.api.conftest import Caller
from tests.conftest import NOW

NEW = {
    "name": "新人",
    "phone": "13900000001",
    "stage": "background_check",
    "cohort": "PUB",
    "store": "S1",
    "owner": "HR1",
}


def stage_events(caller: Caller) -> list[dict[str, Any]]:
    wanted = sa.select(events.c.body).where(events.c.kind == "stage.changed").order_by(events.c.id)
    return caller.database.read(lambda c: list(c.scalars(wanted)))


def errors(reply: Any) -> dict[str, str]:
    return {error["field"]: error["detail"] for error in reply.body["errors"]}


def test_the_same_put_makes_once_and_then_changes_nothing(caller: Caller) -> None:
    first, second = caller.calls(("PUT", "/candidates/N1", NEW), ("PUT", "/candidates/N1", NEW))
    assert (first.status, first.body["outcome"]) == (201, "created")
    assert (second.status, second.body["outcome"]) == (200, "unchanged")
    row = caller.candidate("N1")
    assert (row.stage, row.stage_by, row.cohort_by) == ("background_check", "api", "api")
    assert row.released_at is None


def test_what_is_put_is_shown_as_it_is(caller: Caller) -> None:
    caller.call(
        "PUT",
        "/candidates/N1",
        NEW | {"email": "n@example.com", "position": "前厅", "home_lat": 31.2, "home_lng": 121.4},
    )
    found = caller.call("GET", "/candidates/N1").body
    assert {name: found[name] for name in NEW} == NEW | {"phone": "+8613900000001"}
    assert (found["email"], found["position"], found["bound"], found["risk"]) == ("n@example.com", "前厅", [], "low")
    assert set(found["stages"]) == {"background_check"}


def test_null_clears_and_what_is_left_out_stays(caller: Caller) -> None:
    caller.call("PUT", "/candidates/N1", NEW | {"source": "内推"})
    assert caller.call("PUT", "/candidates/N1", {"source": None}).body["outcome"] == "updated"
    assert caller.call("PUT", "/candidates/N1", {"source": ""}).body["outcome"] == "unchanged"
    found = caller.call("GET", "/candidates/N1").body
    assert (found["source"], found["name"]) == (None, "新人")


def test_every_field_that_is_wrong_is_named(caller: Caller) -> None:
    wrong = {"phone": "1", "email": "x", "stage": "nowhere", "cohort": "NONE", "owner": "NOBODY", "home_lat": 400}
    reply = caller.call("PUT", "/candidates/N1", wrong)
    assert reply.status == 422
    assert set(errors(reply)) >= {"phone", "email", "stage", "cohort", "owner", "home_lat", "name"}
    assert "interview_passed" in errors(reply)["stage"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/cohorts/K", {"name": "x", "outline": ["a|b"]}, "outline"),
        ("/cohorts/K", {"name": "x", "seats": 1.5}, "seats"),
        ("/cohorts/K", {"name": "x", "starts_at": "tomorrow"}, "starts_at"),
        ("/cohorts/PUB", {"name": None}, "name"),
        ("/stores/S9", {}, "name"),
        ("/stores/S9", {"name": "x", "lat": 31.2}, "lat, lng"),
        ("/stores/-", {"name": "x"}, "code"),
        ("/candidates/N1", NEW | {"invite": "a"}, "invite"),
    ],
)
def test_a_field_that_is_wrong_is_named(caller: Caller, path: str, body: dict[str, Any], field: str) -> None:
    reply = caller.call("PUT", path, body)
    assert (reply.status, next(error["field"] for error in reply.body["errors"])) == (422, field) or any(
        error["field"].startswith(field) for error in reply.body["errors"]
    )


def test_a_phone_of_another_open_candidate_is_a_conflict(caller: Caller) -> None:
    reply = caller.call("PUT", "/candidates/N1", NEW | {"phone": "13800000001"})
    assert reply.status == 409
    assert "PUB" in errors(reply)["phone"]


def test_a_token_with_a_scope_is_not_told_whose_phone_it_is(caller: Caller) -> None:
    reply = caller.call(
        "PUT", "/candidates/N1", NEW | {"phone": "13800000001", "store": "GZ1"}, caller.token(scope="GZ1")
    )
    assert reply.status == 409
    assert "PUB" not in errors(reply)["phone"]


def test_what_hr_decided_here_is_not_taken_back(caller: Caller) -> None:
    number = caller.candidate("PUB").id
    caller.database.write(lambda c: moves.to_stage(c, number, "onboarding_prep", "hr", NOW))
    reply = caller.call("PUT", "/candidates/PUB", {"stage": "background_check"})
    assert reply.status == 409
    assert set(errors(reply)) == {"stage"}
    assert caller.candidate("PUB").stage == "onboarding_prep"


def test_the_api_may_change_what_it_or_a_file_said(caller: Caller) -> None:
    caller.call("PUT", "/candidates/N1", NEW)
    assert caller.call("PUT", "/candidates/N1", {"stage": "training_notice"}).body["outcome"] == "updated"
    assert caller.call("PUT", "/candidates/PLANBY", {"store": "S2"}).body["outcome"] == "updated"
    assert [(event["candidate"], event["from"], event["stage"], event["by"]) for event in stage_events(caller)] == [
        ("N1", "background_check", "training_notice", "api")
    ]


def test_a_published_date_is_not_made_planned_again(caller: Caller) -> None:
    reply = caller.call("PUT", "/cohorts/PUB", {"date_state": "planned"})
    assert reply.status == 409
    assert set(errors(reply)) == {"date_state"}


def test_a_cohort_and_a_store_come_back_as_they_were_put(caller: Caller) -> None:
    cohort = {
        "name": "二月",
        "starts_at": "2027-02-01T09:00:00+08:00",
        "seats": 20,
        "outline": ["甲", "乙"],
        "date_state": "planned",
    }
    store = {"name": "新店", "city": "上海", "lat": 31.2, "lng": 121.4, "manager": "王店长", "opens_on": "2027-01-01"}
    assert caller.call("PUT", "/cohorts/FEB", cohort).status == 201
    assert caller.call("PUT", "/stores/NEW", store).status == 201
    shown = caller.call("GET", "/cohorts/FEB").body
    assert shown["starts_at"] == "2027-02-01T01:00:00Z"
    assert shown["outline"] == ["甲", "乙"]
    assert shown["seats"] == 20
    assert {name: caller.call("GET", "/stores/NEW").body[name] for name in store} == store
    assert caller.database.read(lambda c: c.scalar(sa.select(cohorts.c.version).where(cohorts.c.code == "FEB"))) == 1


def test_a_stage_is_set_once_and_told_once(caller: Caller) -> None:
    replies = caller.calls(*[("POST", "/candidates/PUB/stage", {"stage": "onboarding_prep"})] * 2)
    assert [(reply.status, reply.body["outcome"]) for reply in replies] == [(200, "updated"), (200, "unchanged")]
    assert [event["stage"] for event in stage_events(caller)] == ["onboarding_prep"]
    row = caller.candidate("PUB")
    assert (row.stage, row.stage_by) == ("onboarding_prep", "api")
    entered = sa.select(stage_times.c.at).where(
        stage_times.c.candidate_id == row.id, stage_times.c.stage == "onboarding_prep"
    )
    assert caller.database.read(lambda c: c.scalar(entered)) == NOW


def test_a_stage_that_is_none_is_named_with_those_there_are(caller: Caller) -> None:
    reply = caller.call("POST", "/candidates/PUB/stage", {"stage": "hired"})
    assert reply.status == 422
    assert "joined" in errors(reply)["stage"]


def test_lists_go_on_where_they_ended(caller: Caller) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = caller.call("GET", f"/candidates?limit=7&after={after}").body
        seen += [item["code"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    everybody = sa.select(candidates.c.code).order_by(candidates.c.code)
    assert seen == caller.database.read(lambda c: list(c.scalars(everybody)))


def test_lists_have_only_who_is_asked_for(caller: Caller) -> None:
    page = caller.call("GET", "/candidates?cohort=PUB&store=S1&stage=training_notice&owner=HR1&risk=low").body
    assert {item["code"] for item in page["items"]} == {"PUB", "NOPHONE", "HK"}


def test_what_is_written_and_what_is_personal_is_in_the_audit_log(caller: Caller) -> None:
    caller.calls(("PUT", "/candidates/N1", NEW), ("GET", "/candidates/N1", None), ("GET", "/cohorts", None))
    assert caller.audited() == [
        ("api:both-all", "candidates.put", "N1"),
        ("api:both-all", "candidates.show", "N1"),
    ]
    text = str(caller.database.read(lambda c: [tuple(row) for row in c.execute(sa.select(audit))]))
    assert "13900000001" not in text
    assert "新人" not in text


def test_who_is_new_is_released_where_nobody_holds_them(caller: Caller) -> None:
    pushes = caller.house.settings.pushes.model_copy(update={"hold_imports": False})
    settings = caller.house.settings.model_copy(update={"pushes": pushes})
    caller.house = type(caller.house)(settings, None, None, caller.cipher)  # type: ignore[arg-type]
    caller.call("PUT", "/candidates/N1", NEW)
    assert caller.candidate("N1").released_at == NOW
