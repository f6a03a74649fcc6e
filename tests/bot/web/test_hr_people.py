"""Candidates and their moves, accounts, and one's own affairs, in the browser."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store.db.database import Database
from bot.store.tables import addresses, audit, candidates, cases, cohorts, contacts, outbound, sessions, staff, stores
from tests.bot.web.desk import PASSWORD, Browser, Office, let_in, serving
from tests.talking import Person


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for code, role, scope in (("BOSS", "admin", ""), ("TR", "trainer", "PUB"), ("ST", "store", "S1")):
            name = house.cipher.seal(f"N{code}", "staff.name")
            office.do(sa.insert(staff).values(code=code, name=name, role=role, scope=scope, updated_at=now))
        let_in(office, "HR1", "BOSS", "TR", "ST")
        yield office


def test_candidates_are_listed_filtered_and_found(office: Office) -> None:
    browser = office.person("HR1")
    page = browser.get("/hr/candidates").text
    assert "王芳" in page
    assert "许欣" not in page, "who has left is not in the usual list"
    assert "赵敏" not in page, "nobody's, and a recruiter sees their own"
    assert "许欣" in browser.get("/hr/candidates?stage=withdrawn").text
    assert "许欣" in browser.get("/hr/candidates?stage=").text
    only = browser.get("/hr/candidates?store=GZ1").text
    assert "邓超群" in only
    assert "王芳" not in only
    assert "周婷" in browser.get("/hr/candidates?cohort=TOM").text
    assert "王芳" in browser.get("/hr/candidates?q=13800000001").text
    assert "没有符合" in browser.get("/hr/candidates?q=13800000005").text, "a phone of somebody else's"
    assert "没有符合" in browser.get("/hr/candidates?risk=high").text
    office.do(sa.update(candidates).where(candidates.c.code == "PUB").values(risk="high", risk_points=70))
    assert "王芳" in browser.get("/hr/candidates?risk=high").text


def test_the_list_of_candidates_goes_on_page_by_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.views.candidate_list.PAGE", 10)
    browser = office.person("BOSS")
    first = browser.get("/hr/candidates?stage=").text
    assert 'rel="next"' in first
    assert "stage=&amp;after=" in first
    assert "周婷" in browser.get("/hr/candidates?stage=&after=TODAY").text
    assert "周婷" not in first


def test_a_candidate_is_shown_to_each_as_far_as_their_role_goes(office: Office) -> None:
    office.person("HR1").post("/hr/candidates/PUB/called", outcome="reached", note="孩子还小")
    recruiter = office.person("HR1").get("/hr/candidates/PUB").text
    trainer, store = (office.person(code).get("/hr/candidates/PUB").text for code in ("TR", "ST"))
    assert "孩子还小" in recruiter
    for page in (trainer, store):
        assert "王芳" in page
        assert "面试通过" in page
        assert not any(word in page for word in ("孩子还小", "聊天", "风险", "调整", "打通了"))


def test_a_code_that_proves_who_somebody_is_is_shown_to_nobody(office: Office, person: Person) -> None:
    person.says("13800000001")
    page = office.person("HR1").get("/hr/candidates/PUB").text
    assert "验证码 ••••••" in page
    assert not re.search(r"验证码 ?[0-9]", page)


def test_a_call_is_logged_in_one_tap_and_joins_the_open_case(office: Office) -> None:
    browser = office.person("HR1")
    assert "已记下这次电话" in browser.post("/hr/candidates/PUB/called", outcome="no_answer").text
    number = office.case("PUB")
    browser.post("/hr/candidates/PUB/called", outcome="reached")
    rows = office.all(sa.select(contacts.c.outcome).order_by(contacts.c.id))
    assert [row.outcome for row in rows] == ["no_answer", "reached"]
    assert office.one(sa.select(cases.c.answered_at).where(cases.c.id == number)) is not None
    browser.post("/hr/candidates/PUB/called", outcome="perhaps")
    assert len(office.all(sa.select(contacts))) == 2


@pytest.mark.parametrize(
    ("what", "to", "before", "after"),
    [("stage", "onboarding_prep", "等培训通知", "入职准备"), ("cohort", "TOM", "十二月一期", "明天"), ("store", "SH902", "人民广场店", "临港店"), ("store", "-", "人民广场店", "还没有")],
)  # fmt: skip
def test_a_move_is_confirmed_first(office: Office, what: str, to: str, before: str, after: str) -> None:
    browser = office.person("HR1")
    page = browser.get(f"/hr/candidates/PUB/move?what={what}&to={to}").text
    assert before in page
    assert f"<b>{after}</b>" in page
    assert moved(office) == ("training_notice", "PUB", "S1")
    browser.post("/hr/candidates/PUB/move", what=what, to=to)
    wanted = {"stage": 0, "cohort": 1, "store": 2}[what]
    assert moved(office)[wanted] == (None if to == "-" else to)
    assert office.one(sa.select(audit.c.actor).where(audit.c.action == f"candidates.{what}")) == "staff:HR1"


def test_a_move_to_another_training_says_first_who_hears_of_it(office: Office) -> None:
    browser = office.person("HR1")
    assert "不会发消息" in browser.get("/hr/candidates/PUB/move?what=cohort&to=TOM").text
    who = office.one(sa.select(candidates.c.id).where(candidates.c.code == "PUB"))
    office.do(sa.insert(addresses).values(channel="wechat", address=b"x", address_index=b"x", created_at=office.now))
    row = {"address_id": sa.select(addresses.c.id).scalar_subquery(), "candidate_id": who}
    said = {
        "said": "notice.training",
        "state": "sent",
        "text": b"x",
        "kind": "notice",
        "created_at": office.now,
        "road": "push",
    }
    office.do(sa.insert(outbound).values(row | said | {"due_at": office.now}))
    assert "改期通知" in browser.get("/hr/candidates/PUB/move?what=cohort&to=TOM").text
    assert "取消通知" in browser.get("/hr/candidates/PUB/move?what=cohort&to=-").text


@pytest.mark.parametrize(("what", "to"), [("stage", "flying"), ("cohort", "NONE"), ("store", "NONE"), ("cohort", "OVER"), ("name", "x"), ("stage", "training_notice")])  # fmt: skip
def test_a_move_to_nowhere_is_refused(office: Office, what: str, to: str) -> None:
    assert office.person("HR1").post("/hr/candidates/PUB/move", what=what, to=to).status_code == 400
    assert moved(office) == ("training_notice", "PUB", "S1")


def test_who_moves_somebody_out_of_their_sight_lands_on_the_list(office: Office) -> None:
    office.do(sa.update(staff).where(staff.c.code == "HR1").values(scope="西安"))
    office.do(sa.update(candidates).where(candidates.c.code == "XIAN").values(owner=None))
    answer = office.person("HR1").post("/hr/candidates/XIAN/move", what="store", to="S1")
    assert answer.url.endswith("/hr/candidates?done=moved")


def test_those_held_are_released_after_a_look_at_what_that_brings(office: Office) -> None:
    office.do(sa.update(candidates).values(released_at=None))
    browser = office.person("HR1")
    assert "未放行" in browser.get("/hr/candidates").text
    page = browser.post("/hr/candidates/release", code=["PUB", "TOM", "PLAN"]).text
    assert "让 2 人的自动消息开始" in page, "PLAN is nobody's of theirs"
    assert "提前一周提醒" in page
    assert office.one(sa.select(sa.func.count()).where(candidates.c.released_at.is_not(None))) == 0
    browser.post("/hr/candidates/release", code=["PUB", "TOM", "PLAN"], sure="yes")
    rows = office.all(sa.select(candidates.c.code).where(candidates.c.released_at.is_not(None)))
    assert {row.code for row in rows} == {"PUB", "TOM"}


def test_an_admin_hands_out_a_link_that_sets_a_password(office: Office) -> None:
    browser = office.person("BOSS")
    assert "NTR" in browser.get("/hr/staff").text
    page = browser.post("/hr/staff/TR/link").text
    path = page.partition("<code>")[2].partition("</code>")[0].removeprefix(office.house.settings.public_url)
    stranger = Browser(office)
    stranger.post(path, new="brand new words", again="brand new words")
    assert stranger.post("/hr/sign-in", name="TR", password="brand new words").status_code == 200
    assert browser.post("/hr/staff/NOBODY/link").status_code == 404


def test_an_admin_signs_somebody_out_and_reads_who_did_what(office: Office) -> None:
    other, browser = office.person("HR1"), office.person("BOSS")
    browser.post("/hr/staff/HR1/sign-out")
    assert other.get("/hr", allow_redirects=False).status_code == 303
    page = browser.get("/hr/audit").text
    assert "staff.sign_out" in page
    assert "sign_in" not in browser.get("/hr/audit?action=staff.sign_out").text.partition("<tbody>")[2]
    assert "staff.sign_out" not in browser.get("/hr/audit?before=1").text


def test_absence_and_alerts_are_ones_own_affair(office: Office) -> None:
    browser = office.person("HR1")
    browser.post("/hr/me/absence", until="2026-11-30T09:00", deputy="BOSS")
    browser.post("/hr/me/alerts", place_sms="2", place_wecom="1", place_email="", place_fax="3")
    (row,) = office.all(sa.select(staff).where(staff.c.code == "HR1"))
    assert (row.deputy, row.away_until - office.now, row.alerts) == (
        "BOSS",
        timedelta(days=6, hours=23),
        ["wecom", "sms"],
    )
    assert 'value="2026-11-30T09:00"' in browser.get("/hr/me").text
    for form in (
        {"until": "2026-01-01T09:00"},
        {"until": "x"},
        {"until": "2026-11-30T09:00", "deputy": "HR1"},
        {"deputy": "NO"},
        {"until": "2026-11-30T09:00", "deputy": "TR"},
        {"until": "2026-11-30T09:00", "deputy": "ST"},
    ):
        assert browser.post("/hr/me/absence", **form).status_code == 400
    assert "NTR" not in browser.get("/hr/me").text, "who works on no cases stands in for nobody"
    browser.post("/hr/me/absence", until="", deputy="")
    assert office.one(sa.select(staff.c.away_until).where(staff.c.code == "HR1")) is None


def test_ones_sessions_are_listed_and_ended_one_by_one(office: Office) -> None:
    here, there = office.person("HR1"), Browser(office)
    there.session.headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/604.1"
    there.post("/hr/sign-in", name="HR1", password=PASSWORD)
    page = here.get("/hr/me").text
    assert "Safari · iPhone" in page
    number = office.one(sa.select(sa.func.max(sessions.c.id)))
    here.post(f"/hr/me/sessions/{number}/end")
    assert there.get("/hr", allow_redirects=False).status_code == 303
    assert here.get("/hr", allow_redirects=False).status_code == 200


def moved(office: Office) -> tuple[str, str | None, str | None]:
    wanted = (
        sa.select(candidates.c.stage, cohorts.c.code, stores.c.code.label("store"))
        .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
        .outerjoin(stores, candidates.c.store_id == stores.c.id)
        .where(candidates.c.code == "PUB")
    )
    (row,) = office.all(wanted)
    return tuple(row)
