"""What HR does with cases in the browser: the list in its order, one case with all its moves, several at once."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cases import actions
from bot.cases.actions import Refused
from bot.conversation import Runtime
from bot.rhythm import Planned
from bot.store import touches
from bot.store.db.database import Database
from bot.store.tables import (
    addresses,
    alerts,
    audit,
    candidates,
    case_events,
    cases,
    contacts,
    outbound,
    staff,
    suggestions,
)
from tests.bot.web.desk import Browser, Office, let_in, serving
from tests.talking import Person


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for code, role in (("HR2", "recruiter"), ("BOSS", "admin")):
            name = house.cipher.seal({"HR2": "赵敏", "BOSS": "吴磊"}[code], "staff.name")
            office.do(sa.insert(staff).values(code=code, name=name, role=role, scope="上海", updated_at=now))
        let_in(office, "HR1", "HR2", "BOSS")
        yield office


@pytest.fixture
def bound(office: Office, person: Person) -> Person:
    """王芳 (PUB) on WeChat."""
    return person.says("WANGFANG1")


def names(browser: Browser, query: str = "") -> list[str]:
    return re.findall(r'<span class="first"><b>([^<]+)</b>', browser.get(f"/hr{query}").text)


def events(office: Office, number: int) -> list[str]:
    wanted = sa.select(case_events.c.what).where(case_events.c.case_id == number).order_by(case_events.c.id)
    return [row.what for row in office.all(wanted)]


def test_the_most_urgent_comes_first_then_who_waits_longest(office: Office) -> None:
    office.case("PUB", "bring")
    office.later(minutes=5)
    office.case("TOM", "human")
    office.later(minutes=5)
    office.case("TODAY", "complaint")
    office.case("OVER", "danger")
    assert names(office.person("HR1")) == ["冯涛", "周婷", "吴俊", "王芳"]


def test_the_list_is_filtered(office: Office) -> None:
    first, _ = office.case("PUB", "human"), office.case("NOADDR", "bring")
    browser = office.person("HR1")
    browser.post(f"/hr/cases/{first}/claim")
    assert names(browser, "?whose=mine") == ["王芳"]
    assert names(browser, "?whose=unassigned") == ["林晓"]
    assert names(browser, "?urgency=3") == ["林晓"]
    assert names(browser, "?store=S2") == ["林晓"]
    assert names(browser, "?cohort=PUB") == ["王芳"]
    assert names(browser, "?reason=human") == ["王芳"]
    assert names(browser, "?state=new") == ["林晓"]
    browser.post(f"/hr/cases/{first}/resolve", outcome="kept")
    assert names(browser) == ["林晓"]
    assert names(browser, "?state=resolved") == ["王芳"]
    assert names(browser, "?state=nonsense&urgency=9&after=nonsense&whose=x") == ["林晓"]


def test_search_finds_by_name_code_and_phone(office: Office) -> None:
    for code in ("PUB", "TOM", "GRACE"):
        office.case(code)
    browser = office.person("HR1")
    for words, found in (("王", "王芳"), ("pub", "王芳"), ("13800000007", "周婷"), ("grace mil", "Grace Miller")):
        assert names(browser, f"?q={words}") == [found]
    assert names(browser, "?q=没有这个人") == []
    assert "还没有" not in browser.get("/hr?q=%25").text


def test_a_long_list_goes_on_page_by_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.views.case_list.PAGE", 2)
    for code in ("PUB", "TOM", "TODAY", "OVER", "PREP"):
        office.case(code)
        office.later(minutes=1)
    browser, seen, query = office.person("HR1"), [], ""
    for _ in range(3):
        text = browser.get(f"/hr{query}").text
        seen += re.findall(r'<span class="first"><b>([^<]+)</b>', text)
        found = re.search(r'href="/hr(\?[^"]+)" rel="next"', text)
        query = found[1].replace("&amp;", "&") if found else ""
    assert seen == ["王芳", "周婷", "吴俊", "冯涛", "唐雨"]
    assert query == ""


def test_looking_changes_nothing_and_is_in_the_audit_log_once_an_hour(office: Office) -> None:
    number = office.case("PUB")
    browser = office.person("HR1")
    before = office.all(sa.select(cases))
    for path in ("/hr", f"/hr/cases/{number}", "/hr/candidates/PUB", f"/hr/cases/{number}?done=replied"):
        assert browser.get(path).status_code == 200
    for path in ("claim", "reply", "resolve"):
        assert browser.get(f"/hr/cases/{number}/{path}").status_code == 404
    assert office.all(sa.select(cases)) == before
    office.later(hours=1)
    browser.get("/hr/candidates/PUB")
    wanted = sa.select(audit.c.actor, audit.c.action, audit.c.target).where(audit.c.action.like("%.show"))
    looks = [("staff:HR1", "candidates.show", "PUB"), ("staff:HR1", "case.show", str(number))]
    assert sorted(map(tuple, office.all(wanted))) == sorted([*looks, looks[0]])


def test_a_case_shows_what_is_known(office: Office, bound: Person) -> None:
    bound.says("什么时候培训")
    page = office.person("HR1").get(f"/hr/cases/{office.case('PUB', 'store_far')}").text
    for shown in ("什么时候培训", "12月1日", "门店太远", "人民广场店", "138 0000 0001", "十二月一期", "微信", "机器人"):
        assert shown in page, shown
    assert "已发出" in page


def test_a_claim_is_told_to_whoever_comes_second(office: Office) -> None:
    number = office.case("PUB")
    first, second = office.person("HR1"), office.person("HR2")
    assert "已认领" in first.post(f"/hr/cases/{number}/claim").text
    refused = second.post(f"/hr/cases/{number}/reply", text="我来 <b>回</b>")
    assert refused.status_code == 409
    assert "钱多 正在处理" in refused.text
    assert "我来 &lt;b&gt;回&lt;/b&gt;" in refused.text, "what was typed is kept, and is no markup"
    assert office.sent == []
    assert events(office, number) == ["claimed"]


def test_a_reply_is_kept_and_handed_to_the_outbox_at_once(office: Office, bound: Person) -> None:
    number = office.case("PUB")
    answer = office.person("HR1").post(f"/hr/cases/{number}/reply", text="  明天打给你  ")
    assert answer.url.endswith("?done=replied")
    assert "明天打给你" in answer.text
    assert "钱多 <time" in answer.text, "who wrote it"
    (row,) = office.all(sa.select(outbound).where(outbound.c.said == "staff"))
    assert office.sent == [row.id]
    assert office.house.cipher.open(row.text, "outbound.text") == "明天打给你"
    assert office.one(sa.select(cases.c.state)) == "waiting"


@pytest.mark.parametrize("text", ["", "   ", "长" * 601])
def test_an_empty_or_endless_reply_is_not_sent(office: Office, bound: Person, text: str) -> None:
    answer = office.person("HR1").post(f"/hr/cases/{office.case('PUB')}/reply", text=text)
    assert answer.status_code == 409
    assert office.sent == []


def test_who_cannot_be_reached_by_chat_is_to_be_called(office: Office) -> None:
    answer = office.person("HR1").post(f"/hr/cases/{office.case('NOPHONE')}/reply", text="你好")
    assert answer.status_code == 409
    assert "请打电话" in answer.text
    assert ">你好</textarea>" in answer.text


def test_a_suggestion_is_edited_and_sent_with_one_tap(office: Office, bound: Person) -> None:
    number, browser = office.case("PUB"), office.person("HR1")
    browser.post(f"/hr/cases/{number}/claim")
    address = office.one(sa.select(addresses.c.id))
    text = office.house.cipher.seal("培训 12 月 1 日", "suggestions.text")
    row = {"case_id": number, "address_id": address, "text": text, "state": "open", "created_at": office.now}
    office.do(sa.insert(suggestions).values(row))
    page = browser.get(f"/hr/cases/{number}").text
    assert "培训 12 月 1 日</textarea>" in page
    said = re.search(r'name="suggestion" value="(\d+)"', page)
    assert said
    browser.post(f"/hr/cases/{number}/reply", suggestion=said[1], text="培训 12 月 1 日 9 点")
    assert office.one(sa.select(suggestions.c.state)) == "used"


def test_notes_and_calls_are_for_colleagues(office: Office, bound: Person) -> None:
    number, browser = office.case("PUB"), office.person("HR1")
    browser.post(f"/hr/cases/{number}/note", note="家里有<小孩>")
    page = browser.post(f"/hr/cases/{number}/called", outcome="reached", note="愿意来").text
    assert "家里有&lt;小孩&gt;" in page
    assert page.count("愿意来") == 1, "a call is told once"
    assert "打通了" in page
    (contact,) = office.all(sa.select(contacts))
    assert (contact.staff, contact.outcome) == ("HR1", "reached")
    assert office.sent == []
    assert browser.post(f"/hr/cases/{number}/called", outcome="perhaps").status_code == 409


@pytest.mark.parametrize(
    ("form", "hours"),
    [({"until": "2h"}, 2), ({"until": "tomorrow"}, 23), ({"until": "date", "date": "2026-11-25T14:30"}, 52.5)],
)
def test_a_case_sleeps_until_then(office: Office, form: dict[str, str], hours: float) -> None:
    number = office.case("PUB")
    page = office.person("HR1").post(f"/hr/cases/{number}/snooze", **form)
    assert page.status_code == 200
    row = office.all(sa.select(cases))[0]
    assert (row.state, row.next_at - office.now) == ("snoozed", timedelta(hours=hours))
    assert names(office.person("HR1")) == []
    assert names(office.person("HR1"), "?state=snoozed") == ["王芳"]


@pytest.mark.parametrize("date", ["", "x", "2026-11-22T10:00", "2027-11-22T10:00"])
def test_no_case_sleeps_until_the_past_or_for_ever(office: Office, date: str) -> None:
    answer = office.person("HR1").post(f"/hr/cases/{office.case('PUB')}/snooze", until="date", date=date)
    assert answer.status_code == 409
    assert "60 天" in answer.text


def test_a_case_goes_to_a_colleague_who_hears_of_it(office: Office) -> None:
    number, browser = office.case("PUB"), office.person("HR1")
    page = browser.post(f"/hr/cases/{number}/assign", to="HR2", note="她问过门店")
    assert "已转交" in page.text
    (alert,) = office.all(sa.select(alerts))
    assert (alert.staff, alert.why) == ("HR2", "handed_over")
    assert "她问过门店" in office.person("HR2").get(f"/hr/cases/{number}").text
    assert browser.post(f"/hr/cases/{number}/assign", to="NOBODY").status_code == 409


def test_who_will_not_come_is_withdrawn_unless_the_box_is_cleared(office: Office) -> None:
    browser = office.person("HR1")
    number = office.case("PUB")
    assert re.search(r'name="withdraw" value="yes" checked', browser.get(f"/hr/cases/{number}").text)
    browser.post(f"/hr/cases/{number}/resolve", outcome="left", may_keep="yes")
    other = office.case("TOM")
    browser.post(f"/hr/cases/{other}/resolve", outcome="left", may_keep="yes", withdraw="yes")
    wanted = sa.select(candidates.c.code, candidates.c.stage).where(candidates.c.code.in_(("PUB", "TOM")))
    assert {row.code: row.stage for row in office.all(wanted)} == {"PUB": "training_notice", "TOM": "withdrawn"}


def test_several_resolved_as_gone_are_withdrawn(office: Office) -> None:
    browser = office.person("HR1")
    case = office.case("PUB")
    browser.post("/hr/cases/bulk", case=[str(case)], what="resolve", outcome="left", sure="yes")
    assert office.one(sa.select(candidates.c.stage).where(candidates.c.id == office.candidate("PUB"))) == "withdrawn"


def test_a_case_is_handed_back_and_resolved(office: Office) -> None:
    number, browser = office.case("PUB"), office.person("HR1")
    assert browser.post(f"/hr/cases/{number}/hand-back").status_code == 409, "claim it first"
    browser.post(f"/hr/cases/{number}/claim")
    assert "交回机器人" in browser.post(f"/hr/cases/{number}/hand-back").text
    assert browser.post(f"/hr/cases/{number}/resolve", outcome="nonsense").status_code == 409
    page = browser.post(f"/hr/cases/{number}/resolve", outcome="kept", note="说好了").text
    assert "留住了" in page
    assert page.count('action="/hr/cases/') == page.count('/reopen"') == 1, "nothing more to do here"
    assert browser.post(f"/hr/cases/{number}/reply", text="还有").status_code == 409
    assert events(office, number) == ["claimed", "handed_back", "claimed", "resolved"]
    page = browser.post(f"/hr/cases/{number}/reopen").text
    assert "已重新打开，由你处理" in page
    assert f'action="/hr/cases/{number}/reply"' in page


def test_a_case_of_a_stranger_is_shown_and_answered(office: Office, person: Person) -> None:
    person.says("在吗")
    number = office.case(None, "human", office.one(sa.select(addresses.c.id)))
    page = office.person("BOSS").get(f"/hr/cases/{number}").text
    assert "在吗" in page
    assert "还不知道是谁" in page
    office.person("BOSS").post(f"/hr/cases/{number}/reply", text="你好，请问是哪位")
    assert len(office.sent) == 1
    assert office.person("HR1").get(f"/hr/cases/{number}").status_code == 404


def test_several_are_done_at_once_with_the_names_shown_first(office: Office) -> None:
    one, two, held = office.case("PUB"), office.case("TOM"), office.case("TODAY")
    office.person("HR2").post(f"/hr/cases/{held}/claim")
    browser = office.person("HR1")
    form = {"case": [str(one), str(two), str(held)], "what": "resolve", "outcome": "answered"}
    page = browser.post("/hr/cases/bulk", **form)
    assert all(name in page.text for name in ("王芳", "周婷", "吴俊", "3 件办结"))
    assert office.one(sa.select(sa.func.count()).where(cases.c.state == "resolved")) == 0
    page = browser.post("/hr/cases/bulk", sure="yes", **form)
    assert "做好了 2 件" in page.text
    assert "吴俊" in page.text, "held by a colleague"
    rows = office.all(sa.select(cases.c.id, cases.c.state).order_by(cases.c.id))
    assert [row.state for row in rows] == ["resolved", "resolved", "claimed"]


@pytest.mark.parametrize("role", ["trainer", "store"])
def test_nobody_who_works_on_no_cases_is_given_one(office: Office, role: str) -> None:
    name = office.house.cipher.seal("沈晓燕", "staff.name")
    office.do(sa.insert(staff).values(code="ST", name=name, role=role, scope="S1", updated_at=office.now))
    number, browser = office.case("PUB"), office.person("HR1")
    form = {"what": "assign", "to": "ST", "sure": "yes", "case": str(number)}
    assert browser.post("/hr/cases/bulk", **form).status_code == 400
    assert browser.post(f"/hr/cases/{number}/assign", to="ST").status_code == 409
    with pytest.raises(Refused, match="nobody"):
        office.database.write(lambda c: actions.assign(c, office.house.cipher, number, "HR1", "ST", "", office.now))
    assert "沈晓燕" not in browser.get(f"/hr/cases/{number}").text + browser.get("/hr").text
    assert office.one(sa.select(cases.c.assigned)) != "ST"


@pytest.mark.parametrize("form", [{"what": "assign", "to": "NOBODY"}, {"what": "snooze", "until": "x"}, {"what": "resolve", "outcome": "x"}])  # fmt: skip
def test_several_with_a_wrong_word_stay_as_they_are(office: Office, form: dict[str, str]) -> None:
    number = office.case("PUB")
    answer = office.person("HR1").post("/hr/cases/bulk", case=str(number), sure="yes", **form)
    assert answer.status_code == 400
    assert office.one(sa.select(cases.c.state)) == "new"


def test_a_candidate_who_wants_no_messages_still_gets_what_they_asked(office: Office, bound: Person) -> None:
    bound.says("退订")
    office.person("HR1").post(f"/hr/cases/{office.case('PUB')}/reply", text="好的")
    assert office.one(sa.select(outbound.c.kind).where(outbound.c.said == "staff")) == "answer"
    assert office.one(sa.select(candidates.c.pushes_stopped_at).where(candidates.c.code == "PUB")) is not None


def test_the_side_panel_says_what_waits_while_hr_has_the_candidate(office: Office, bound: Person) -> None:
    number, browser, who = office.case("PUB"), office.person("HR1"), office.candidate("PUB")
    later = office.now + timedelta(hours=3)
    for entry, begins in (("tips", "tips.day3"), ("training_moved", "notice.moved")):
        planned = Planned(who, entry, "", "notice", begins, later)
        office.database.write(lambda c, planned=planned: touches.plan(c, [planned], "rhythm", office.now))  # type: ignore[misc]
    panel = re.compile(r"<li>(谈完再发：)?(?:<time>[^<]+</time>)? (准备小贴士|改期通知)")
    assert panel.findall(browser.get(f"/hr/cases/{number}").text) == [("", "准备小贴士"), ("", "改期通知")]
    browser.post(f"/hr/cases/{number}/claim")
    assert panel.findall(browser.get(f"/hr/cases/{number}").text) == [("谈完再发：", "准备小贴士"), ("", "改期通知")]
