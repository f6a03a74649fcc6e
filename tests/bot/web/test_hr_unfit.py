"""What nobody types: it is refused in words, never a failure of ours."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from bot.conversation import Runtime
from bot.store.db.database import Database
from bot.web.hr.routes import SITE
from tests.bot.web.desk import Browser, Office, let_in, serving

FORM = "application/x-www-form-urlencoded"
ODD = (
    "\0",
    "%00",
    "²",
    "-1",
    "9" * 40,
    "0001-01-01",
    "9999-12-31T23:59-12:00",
    "0~0001-01-01T00:00:00+14:00~1",
    "é\u202e",
)
FIELDS = (
    *("q", "stage", "risk", "store", "cohort", "owner", "held", "after", "state", "whose", "urgency", "reason", "lang"),
    *("from", "to", "what", "start", "end", "place", "address", "actor", "action", "target", "before", "done", "next"),
)


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        from bot.store import staff_members

        let_in(office, "HR1")
        office.database.write(lambda c: staff_members.change(c, "HR1", office.now, role="admin"))
        yield office


def test_no_query_however_odd_breaks_a_page(office: Office) -> None:
    browser, number = office.person("HR1"), office.case("PUB")
    for route in (route for route in SITE if route.method == "GET"):
        path = route.path.replace("{code}", "PUB").replace("{id}", str(number)).replace("{name}.{format}", "lost.csv")
        for odd in ODD:
            asked = dict.fromkeys(FIELDS, odd)
            for query in (asked, {"from": odd}, {"to": odd}, {"after": odd}, {"q": odd}):
                answer = browser.get(path, params=query)
                assert answer.status_code < 500, (path, query)


def test_no_code_in_a_path_breaks_a_page(office: Office) -> None:
    browser = office.person("HR1")
    for route in SITE:
        for odd in ("%00", "%ED%A0%80", "%FF", "%C2%B2", "9" * 40):
            path = (
                route.path.replace("{code}", odd).replace("{id}", odd).replace("{name}", odd).replace("{format}", "csv")
            )
            if path != route.path:
                answer = browser.get(path) if route.method == "GET" else browser.post(path, follow=False)
                assert 300 <= answer.status_code < 500, (path, answer.status_code)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/hr/me/alerts", {"place_sms": "²"}),
        ("/hr/me/alerts", {"place_sms": "\0"}),
        ("/hr/me/absence", {"until": "9999-12-31T23:59-12:00"}),
        ("/hr/me/absence", {"until": "0001-01-01T00:00+12:00"}),
        ("/hr/cases/{case}/snooze", {"until": "date", "date": "9999-12-31T23:59-12:00"}),
        ("/hr/cases/{case}/note", {"note": "a\0b"}),
        ("/hr/cohorts/PUB/move", {"version": "1", "start": "0001-01-01T00:00"}),
        ("/hr/cohorts/PUB/move", {"version": "1", "end": "9999-12-31T23:59"}),
        ("/hr/candidates/PUB/move", {"what": "store", "to": "\0"}),
        ("/hr/candidates/release", {"code": "\0", "sure": "yes"}),
        ("/hr/staff/\0/link", {}),
    ],
)
def test_a_form_that_cannot_be_meant_is_refused_in_words(office: Office, path: str, form: dict[str, str]) -> None:
    browser, number = office.person("HR1"), office.case("PUB")
    answer = browser.post(path.replace("\0", "%00").format(case=number), follow=False, **form)
    assert 400 <= answer.status_code < 500, (path, form)
    assert "<h1>" in answer.text


@pytest.mark.parametrize("path", ["/hr/reports?from=0001-01-01", "/hr/reports/lost.csv?to=9999-12-31"])
def test_a_day_that_nobody_means_is_refused_in_words(office: Office, path: str) -> None:
    answer = office.person("HR1").get(path)
    assert (answer.status_code, "读不懂" in answer.text) == (400, True)


def test_a_cookie_that_is_no_text_opens_nothing(office: Office) -> None:
    answer = requests.get(
        f"{office.url}/hr", headers={"Cookie": b"keepwarm_hr=\xff"}, allow_redirects=False, timeout=20
    )
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"name=HR1%00&password=x"),
        (FORM, b"name=%ED%A0%80&password=x"),
        (FORM, b"name=\xff&password=x"),
        (f"{FORM}; charset=unicode_escape", rb"name=\ud800&password=x"),
        (f"{FORM}; charset=punycode", b"name=x&password=x"),
        (f"{FORM}; charset=nonsense", b"name=x&password=x"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nHR1\r\n--x--\r\n',
        ),
        ("text/plain", b"name=HR1"),
    ],
)
def test_signing_in_with_what_is_no_text_is_refused_in_words(office: Office, kind: str, body: bytes) -> None:
    answer = Browser(office).session.post(f"{office.url}/hr/sign-in", data=body, headers={"Content-Type": kind})
    answer.encoding = "utf-8"
    assert answer.status_code in (400, 415)
    assert "看不懂" in answer.text
