"""Somebody in danger, on the pages of HR: what to do now, no talk of dates, and nothing done in passing."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.risk.monitor import score_due
from bot.store.db.database import Database
from bot.store.tables import case_events, cases, staff
from tests.bot.web.desk import Office, let_in, serving
from tests.talking import Person

DATES = ("换个日期", "换日期", "another date")


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        let_in(office, "HR1")
        yield office


def state(office: Office, number: int) -> str:
    return str(office.one(sa.select(cases.c.state).where(cases.c.id == number)))


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_pages_say_what_to_do_now_and_nothing_of_dates(office: Office, person: Person, locale: str) -> None:
    person.says("WANGFANG1").says("活着没意思")
    office.database.write(lambda c: score_due(c, office.house, office.now))
    number = office.one(sa.select(cases.c.id).where(cases.c.reason == "danger"))
    office.do(sa.update(staff).values(locale=locale))
    browser = office.person("HR1")
    for page in (browser.get(f"/hr/cases/{number}"), browser.get("/hr/candidates/PUB")):
        for part in ("12356", "120", "110", "tel:+8613800000001"):
            assert part in page.text
        assert ("不想活了" if locale == "zh" else "not wanting to live") in page.text, "danger is shown as danger"
        assert ("个人的事" if locale == "zh" else "something personal") not in page.text
        assert not any(talk in page.text for talk in DATES)


def test_a_calm_case_keeps_its_advice(office: Office) -> None:
    page = office.person("HR1").get(f"/hr/cases/{office.case('PUB')}").text
    assert "12356" not in page


def test_it_is_put_off_only_with_a_reason(office: Office) -> None:
    number, browser = office.case("PUB", "danger"), office.person("HR1")
    refused = browser.post(f"/hr/cases/{number}/snooze", until="tomorrow", note="  ")
    assert refused.status_code == 409
    assert "写下原因" in refused.text
    assert state(office, number) == "new"
    page = browser.post(f"/hr/cases/{number}/snooze", until="2h", note="她和妈妈在医院")
    assert state(office, number) == "snoozed"
    assert "她和妈妈在医院" in page.text, "colleagues read why"


@pytest.mark.parametrize("form", [{"what": "snooze", "until": "tomorrow"}, {"what": "resolve", "outcome": "kept", "note": "x"}], ids=["snooze", "resolve"])  # fmt: skip
def test_it_is_never_put_off_or_resolved_together_with_others(office: Office, form: dict[str, str]) -> None:
    danger, calm = office.case("PUB", "danger"), office.case("TOM")
    browser = office.person("HR1")
    page = browser.post("/hr/cases/bulk", case=[str(danger), str(calm)], **form)
    assert "一件一件" in page.text
    assert f'value="{danger}"' not in page.text
    browser.post("/hr/cases/bulk", case=[str(danger), str(calm)], sure="yes", **form)
    assert state(office, danger) == "new"
    assert state(office, calm) == ("snoozed" if form["what"] == "snooze" else "resolved")
    page = browser.post("/hr/cases/bulk", case=str(danger), sure="yes", **form)
    assert "一件一件" in page.text
    assert state(office, danger) == "new"
    assert office.all(sa.select(case_events).where(case_events.c.case_id == danger)) == []


def test_it_is_assigned_together_with_others(office: Office) -> None:
    danger, browser = office.case("PUB", "danger"), office.person("HR1")
    browser.post("/hr/cases/bulk", case=str(danger), what="assign", to="HR1", sure="yes")
    assert office.one(sa.select(cases.c.assigned).where(cases.c.id == danger)) == "HR1"
