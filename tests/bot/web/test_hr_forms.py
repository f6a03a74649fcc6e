"""A form of HR acts once, however often it is sent; and what was written in one is never lost."""

import html
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store.db.database import Database
from bot.store.tables import audit, case_events, cases, contacts, forms, outbound, sessions, staff, touches
from tests.bot.web.desk import PASSWORD, Browser, Office, let_in, serving
from tests.talking import Person

NONCE, OTHER = "n" * 20, "o" * 20
PAGES = ("/hr", "/hr/candidates", "/hr/candidates/PUB", "/hr/cohorts", "/hr/cohorts/PUB", "/hr/import", "/hr/missed", "/hr/me", "/hr/staff", "/hr/flows", "/hr/candidates/PUB/move?what=stage&to=joined", "/hr/cohorts/PLANBY/publish")  # fmt: skip


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for code, role in (("HR2", "recruiter"), ("BOSS", "admin")):
            row = {"code": code, "name": house.cipher.seal(code, "staff.name"), "role": role, "scope": "上海"}
            office.do(sa.insert(staff).values(row | {"updated_at": now}))
        let_in(office, "HR1", "HR2", "BOSS")
        yield office


@pytest.fixture
def number(office: Office, person: Person) -> int:
    """A case of 王芳, who is on WeChat."""
    person.says("WANGFANG1")
    return office.case("PUB")


def count(office: Office, table: sa.Table, *where: Any) -> int:
    return int(office.one(sa.select(sa.func.count()).select_from(table).where(*where)))


def fields(page: requests.Response) -> dict[str, str]:
    """Of the one form in which something is sent again."""
    (form,) = re.findall(r"<form method=\"post\" action=\"/hr/(?!me/language).*?</form>", page.text, re.DOTALL)
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    found += re.findall(r'<textarea name="(\w+)"[^>]*>([^<]*)</textarea>', form)
    return {name: html.unescape(value) for name, value in found}


TWICE: dict[str, tuple[str, dict[str, str], sa.Table]] = {
    "reply": ("/hr/cases/{}/reply", {"text": "明天打给你"}, outbound),
    "note": ("/hr/cases/{}/note", {"note": "问过了"}, case_events),
    "call": ("/hr/cases/{}/called", {"outcome": "no_answer"}, contacts),
    "call of a candidate": ("/hr/candidates/PUB/called", {"outcome": "reached"}, contacts),
    "resolve": ("/hr/cases/{}/resolve", {"outcome": "kept"}, case_events),
    "hand over": ("/hr/cases/{}/assign", {"to": "HR2"}, case_events),
    "move": ("/hr/candidates/PUB/move", {"what": "stage", "to": "onboarding_prep"}, case_events),
}


@pytest.mark.parametrize("name", TWICE)
def test_what_is_sent_twice_acts_once_and_says_so(office: Office, number: int, name: str) -> None:
    path, form, table = TWICE[name]
    browser = office.person("BOSS")
    first = browser.post(path.format(number), once=NONCE, **form)
    assert first.status_code == 200
    rows = count(office, table)
    again = browser.post(path.format(number), once=NONCE, **form)
    assert again.status_code == 200
    assert "没有再做一次" in again.text
    assert again.url.partition("?")[0] == first.url.partition("?")[0], "the same page"
    assert count(office, table) == rows
    assert count(office, forms) == 1


def test_a_publication_is_announced_once(office: Office) -> None:
    browser = office.person("BOSS")
    page = browser.get("/hr/cohorts/PLANBY/publish")
    form = fields(page)
    first, again = (browser.post("/hr/cohorts/PLANBY/publish", **form) for _ in range(2))
    assert first.url.partition("?")[0] == again.url.partition("?")[0]
    assert (first.status_code, again.status_code) == (200, 200)
    assert "没有再做一次" in again.text
    told = touches.c.entry == "training_notice", touches.c.state == "planned"
    assert count(office, touches, *told) == 1
    assert count(office, audit, audit.c.action == "cohorts.publish") == 1


def test_many_at_once_act_once(office: Office, number: int) -> None:
    browser = office.person("HR1")
    browser.get("/hr/me")
    answers: list[int] = []

    def send() -> None:
        data = {"csrf": browser.csrf, "once": NONCE, "text": "明天打给你"}
        url = f"{office.url}/hr/cases/{number}/reply"
        cookies = browser.session.cookies.get_dict()
        answers.append(requests.post(url, data=data, cookies=cookies, allow_redirects=False, timeout=30).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 8
    assert count(office, outbound, outbound.c.said == "staff") == 1
    assert count(office, case_events, case_events.c.what == "replied") == 1


def test_other_words_in_a_form_that_was_sent_are_shown_to_be_sent_as_well(office: Office, number: int) -> None:
    """Back, write something else, send."""
    browser, path = office.person("HR1"), f"/hr/cases/{number}/reply"
    browser.post(path, once=NONCE, text="第一句")
    page = browser.post(path, once=NONCE, text="第二句 <b>")
    assert page.status_code == 409
    assert count(office, outbound, outbound.c.said == "staff") == 1
    form = fields(page)
    assert form["text"] == "第二句 <b>"
    assert form["once"] != NONCE
    assert browser.post(path, **form).status_code == 200
    assert count(office, outbound, outbound.c.said == "staff") == 2


def test_what_was_refused_does_not_use_the_form_up(office: Office, number: int) -> None:
    one, two, path = office.person("HR1"), office.person("HR2"), f"/hr/cases/{number}"
    one.post(f"{path}/claim")
    assert two.post(f"{path}/reply", once=NONCE, text="我来").status_code == 409
    one.post(f"{path}/hand-back")
    assert two.post(f"{path}/reply", once=NONCE, text="我来").status_code == 200
    assert count(office, outbound, outbound.c.said == "staff") == 1


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65, "no good nonce at all"])
def test_a_form_of_an_older_page_is_shown_to_be_sent_again(office: Office, number: int, nonce: str) -> None:
    browser, path = office.person("HR1"), f"/hr/cases/{number}/reply"
    page = browser.post(path, once=nonce, text="明天打给你")
    assert page.status_code == 409
    assert count(office, outbound, outbound.c.said == "staff") == 0
    assert browser.post(path, **fields(page)).status_code == 200
    assert count(office, outbound, outbound.c.said == "staff") == 1


def test_after_signing_in_again_what_was_written_is_sent(office: Office, number: int) -> None:
    browser, path = office.person("HR1"), f"/hr/cases/{number}/reply"
    browser.get(f"/hr/cases/{number}")
    office.do(sa.delete(sessions))
    out = browser.post(path, once=NONCE, text="写了很久的话")
    assert out.status_code == 401
    assert fields(out)["text"] == "写了很久的话"
    old = fields(out) | {"csrf": browser.csrf}
    browser.post("/hr/sign-in", name="HR1", password=PASSWORD)
    page = browser.post(path, **old)
    assert "没有权限" not in page.text
    form = fields(page)
    assert (form["text"], form["once"]) == ("写了很久的话", NONCE)
    assert count(office, outbound, outbound.c.said == "staff") == 0
    assert browser.post(path, **form).status_code == 200
    assert browser.post(path, **form).status_code == 200
    assert count(office, outbound, outbound.c.said == "staff") == 1


def test_a_password_is_on_no_page_to_be_sent_again(office: Office) -> None:
    browser = office.person("HR1")
    page = browser.post("/hr/me/password", csrf="x", old=PASSWORD, new="hush hush hush", again="hush hush hush")
    assert page.status_code == 403
    assert "hush" not in page.text
    assert PASSWORD not in page.text
    anybody = Browser(office).session.post(f"{office.url}/hr/me/password", data={"new": "hush hush hush"}, timeout=20)
    assert "hush" not in anybody.text


def test_nothing_is_said_again_that_another_site_sent(office: Office) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    url = f"{office.url}/hr/cases/1/reply"
    answer = Browser(office).session.post(url, data={"text": "evil"}, headers=headers, timeout=20)
    assert answer.status_code == 401
    assert "evil" not in answer.text


def test_every_form_has_a_nonce_of_its_own(office: Office, number: int) -> None:
    browser, seen = office.person("BOSS"), []
    for path in (*PAGES, f"/hr/cases/{number}"):
        text = browser.get(path).text
        nonces = re.findall(r'name="once" value="([\w-]{16,64})"', text)
        assert len(nonces) == text.count('method="post"'), path
        seen += nonces
    assert len(set(seen)) == len(seen) > 30


def test_what_was_sent_is_forgotten_when_its_session_is_over(office: Office, number: int) -> None:
    office.person("HR1").post(f"/hr/cases/{number}/note", note="x")
    office.now += office.house.settings.hr.signed_in_for
    office.person("HR2").post(f"/hr/cases/{number}/note", note="y")
    assert count(office, forms) == 1
    assert count(office, cases) == 1
