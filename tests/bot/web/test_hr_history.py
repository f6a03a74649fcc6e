"""The history of a case is told whatever happened to it: each kind of event in words, and what is broken as it stands."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import pytest
import sqlalchemy as sa

from bot.cases import actions
from bot.cases.escalation import escalate_due
from bot.conversation import Runtime
from bot.record.vocabulary import Happening
from bot.store import cases as casebook
from bot.store.db.database import Database
from bot.store.tables import case_events, risk_changes, signals, staff
from tests.bot.web.desk import Office, let_in, serving

PEOPLE = {
    "HR2": ("赵敏", "recruiter", "BOSS"),
    "BOSS": ("何静", "manager", "CHIEF"),
    "CHIEF": ("吴磊", "admin", None),
    "TR": ("徐老师", "trainer", "BOSS"),
    "ST": ("沈晓燕", "store", "BOSS"),
}
DETAILS: dict[str, dict[str, Any] | None] = {  # as the code writes them
    "assigned": {"to": "HR1"},
    "called": {"outcome": "reached"},
    "claimed": None,
    "handed_back": {"from": "HR1"},
    "handed_over": {"from": "HR1", "to": "HR2"},
    "missed": {"clock": "claim", "rung": 2, "to": ["HR2", "BOSS"]},
    "not_reached": {"who": "HR1", "to": ["HR2"], "rung": 1},
    "noted": None,
    "reopened": None,
    "replied": {"outbound": 1},
    "resolved": {"outcome": "kept"},
    "said": None,
    "snoozed": {"until": "2026-11-24T01:00:00+00:00"},
    "waiting": None,
    "warned": {"clock": "claim", "to": "HR1"},
    "woken": None,
}
GARBAGE: tuple[Any, ...] = (
    {"to": 7, "outcome": ["x"], "until": "tomorrow", "from": {"a": 1}},
    {"until": 12},
    {"to": [["HR1"]]},
    ["HR1"],
    "HR1",
    3,
)


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for code, (name, role, manager) in PEOPLE.items():
            row = {"code": code, "name": house.cipher.seal(name, "staff.name"), "role": role, "scope": "上海"}
            office.do(sa.insert(staff).values(row | {"manager": manager, "updated_at": now}))
        office.do(sa.update(staff).where(staff.c.code == "HR1").values(manager="BOSS", deputy="HR2"))
        let_in(office, "HR1", *PEOPLE)
        yield office


def test_every_kind_of_event_has_a_case_here() -> None:
    assert DETAILS.keys() == set(get_args(Happening))


def test_every_kind_of_event_has_words_in_each_language(house: Runtime) -> None:
    for words in house.content.words.values():
        assert [kind for kind in DETAILS if f"event_{kind}" not in words.desk["inbox"]] == []


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("code", ["HR1", *PEOPLE])
def test_every_kind_of_event_is_told_to_each_role(office: Office, code: str, locale: str) -> None:
    number = office.case("PUB")
    for kind, detail in DETAILS.items():
        happens(office, number, kind, detail)
    shown = pages(office, number, code, locale)
    if code in ("TR", "ST"):
        assert [page.status_code for page in shown] == [403, 200]
        return
    for page in shown:
        assert page.status_code == 200
        assert "赵敏" in page.text
        assert ("超时，往上报：赵敏、何静" if locale == "zh" else "Time ran out, told 赵敏, 何静") in page.text
        if locale == "zh":
            assert [kind for kind in DETAILS if f" {kind}<" in page.text] == [], "none stands there bare"


@pytest.mark.parametrize("garbage", GARBAGE, ids=str)
def test_what_is_broken_stands_there_as_it_is_and_hides_nothing(office: Office, garbage: Any) -> None:
    number = office.case("PUB")
    for kind in (*DETAILS, "of_another_version"):
        happens(office, number, kind, garbage)
    happens(office, number, "claimed", None)
    for page in pages(office, number, "HR1", "zh"):
        assert page.status_code == 200
        assert "机器人 of_another_version" in page.text
        assert "机器人 认领" in page.text


def test_a_signal_of_another_shape_hides_nothing(office: Office) -> None:
    number, who, now = office.case("PUB"), office.candidate("PUB"), office.now
    for name, evidence in (("of_another_version", {}), ("doubt", {}), ("unanswered", ["x"]), ("silent_3", "x")):
        row = {"candidate_id": who, "name": name, "at": now, "points": 9, "evidence": evidence, "fired_at": now}
        office.do(sa.insert(signals).values(row))
    names = ["unanswered", "doubt", "of_another_version"]
    row = {"candidate_id": who, "level": "high", "points": 70, "signals": names, "at": now}
    office.do(sa.insert(risk_changes).values(row))
    for page in pages(office, number, "HR1", "zh"):
        assert page.status_code == 200
        assert "of_another_version" in page.text


def test_a_case_opens_after_each_rung_and_turn(office: Office) -> None:
    """Warned, missed by each of the ladder, claimed, handed back, snoozed, woken, resolved, opened again."""
    number = office.case("PUB")
    opens(office, number, "分给 钱多")
    for minutes, told in (
        (12, "提醒 钱多"),
        (4, "往上报：赵敏"),
        (16, "往上报：赵敏"),
        (16, "往上报：何静"),
        (16, "往上报：吴磊"),
    ):
        office.later(minutes=minutes)
        opens(office, number, told)
    work = {
        "钱多 认领": lambda c: actions.claim(c, number, "HR1", office.now),
        "钱多 交回机器人": lambda c: actions.hand_back(c, number, "HR1", office.now),
        "钱多 推到": lambda c: actions.snooze(c, number, "HR1", office.now + timedelta(hours=1), office.now),
        "重新看": lambda c: office.later(hours=1),
        "钱多 办结": lambda c: actions.resolve(
            c, office.house.settings, office.house.cipher, number, "HR1", "kept", "", office.now
        ),
        "又打开了": lambda c: casebook.open_case(c, office.candidate("PUB"), None, "human", office.now),
    }
    for told, move in work.items():
        office.database.write(move)
        opens(office, number, told)


def opens(office: Office, number: int, told: str) -> None:
    office.database.write(lambda c: escalate_due(c, office.house, office.now))
    for page in pages(office, number, "HR1", "zh"):
        assert page.status_code == 200, told
        assert told in page.text


def pages(office: Office, number: int, code: str, locale: str) -> list[Any]:
    office.do(sa.update(staff).where(staff.c.code == code).values(locale=locale))
    browser = office.person(code)
    return [browser.get(f"/hr/cases/{number}"), browser.get("/hr/candidates/PUB")]


def happens(office: Office, number: int, kind: str, detail: Any) -> None:
    row = {"case_id": number, "at": office.now, "actor": "bot", "what": kind, "detail": detail}
    office.do(sa.insert(case_events).values(row))
