"""Who comes into the inbox, who does not, and for how long."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.settings import Web
from bot.staff import passwords
from bot.store import staff_members
from bot.store.db.database import Database
from bot.store.tables import audit, sessions, sign_in_failures, staff
from tests.bot.web.desk import PASSWORD, Browser, Office, let_in, serving


@pytest.fixture
def office(house: Runtime, database: Database, now: object) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:  # type: ignore[arg-type]
        let_in(office, "HR1")
        yield office


@pytest.fixture
def behind_a_proxy(house: Runtime, database: Database, now: object) -> Iterator[Office]:
    trusts = house.settings.model_copy(update={"web": Web.model_validate({"trusted_proxies": "127.0.0.1, ::1"})})
    with serving(Office(replace(house, settings=trusts), database, now)) as office:  # type: ignore[arg-type]
        let_in(office, "HR1")
        yield office


def test_a_stranger_is_sent_to_the_door_and_back_to_where_they_wanted_to_be(office: Office) -> None:
    number = office.case("PUB")
    browser = Browser(office)
    answer = browser.get(f"/hr/cases/{number}?x=1", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"/hr/sign-in?next=%2Fhr%2Fcases%2F{number}%3Fx%3D1",
    )
    page = browser.get(f"/hr/cases/{number}")
    assert f'value="/hr/cases/{number}"' in page.text
    answer = browser.post("/hr/sign-in", name="HR1", password=PASSWORD, next=f"/hr/cases/{number}")
    assert answer.url.endswith(f"/hr/cases/{number}")
    assert "王芳" in answer.text


@pytest.mark.parametrize("path", ["/hr", "/hr/cases/1", "/hr/nothing/of/ours", "/hr/reports", "/hr/events"])
def test_without_a_session_a_page_leads_to_the_door_and_anything_else_is_401(office: Office, path: str) -> None:
    browser = Browser(office)
    assert browser.get(path, allow_redirects=False).status_code == 303
    for method in ("POST", "PUT", "DELETE"):
        assert browser.session.request(method, office.url + path).status_code == 401
    assert browser.get("/hr", headers={"Accept": "text/event-stream"}, allow_redirects=False).status_code == 401


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/hr\\@evil", "/c/x", "/hr/../c", "/hrx"]
)
def test_the_way_back_leads_nowhere_else(office: Office, elsewhere: str) -> None:
    browser = Browser(office)
    answer = browser.post("/hr/sign-in", name="HR1", password=PASSWORD, next=elsewhere, follow=False)
    assert answer.headers["Location"] == "/hr"


def test_an_unknown_name_and_a_wrong_password_look_the_same(office: Office) -> None:
    texts = set()
    for name, password in (("HR1", "wrong"), ("NOBODY", "wrong"), ("HR1", "")):
        answer = Browser(office).post("/hr/sign-in", name=name, password=password)
        assert answer.status_code == 403
        texts.add(answer.text.replace(name, ""))
    assert len(texts) == 1


def test_five_failures_close_the_door_for_a_quarter_of_an_hour(office: Office) -> None:
    browser = Browser(office)
    for _ in range(5):
        refused = browser.post("/hr/sign-in", name="HR1", password="wrong")
    assert browser.post("/hr/sign-in", name="HR1", password=PASSWORD).text == refused.text
    assert office.one(sa.select(sa.func.count()).select_from(sign_in_failures)) == 10, "a try too many prolongs nothing"
    office.later(minutes=15, seconds=1)
    assert "待办" in browser.post("/hr/sign-in", name="HR1", password=PASSWORD).text


def test_an_address_that_fails_with_many_names_is_closed_too_and_no_other(behind_a_proxy: Office) -> None:
    browser, other = Browser(behind_a_proxy), Browser(behind_a_proxy)
    for number in range(20):
        browser.session.headers["X-Forwarded-For"] = f"198.51.100.{number}, 203.0.113.7"
        browser.post("/hr/sign-in", name=f"N{number}", password="wrong")
    assert browser.post("/hr/sign-in", name="HR1", password=PASSWORD).status_code == 403
    other.session.headers["X-Forwarded-For"] = "203.0.113.8"
    assert other.post("/hr/sign-in", name="HR1", password=PASSWORD).status_code == 200


def test_a_proxy_that_nobody_told_us_of_locks_nobody_out(office: Office) -> None:
    """Everybody comes from its address."""
    for number in range(21):
        Browser(office).post("/hr/sign-in", name=f"N{number}", password="wrong")
    assert Browser(office).post("/hr/sign-in", name="HR1", password=PASSWORD).status_code == 200


def test_what_strangers_try_does_not_shut_out_a_browser_that_was_in_before(office: Office) -> None:
    mine = signed_in(office)
    mine.post("/hr/me/sign-out")
    for _ in range(6):
        Browser(office).post("/hr/sign-in", name="HR1", password="wrong")
    assert Browser(office).post("/hr/sign-in", name="HR1", password=PASSWORD).status_code == 403
    for _ in range(4):
        assert mine.post("/hr/sign-in", name="HR1", password="wrong").status_code == 403
    assert mine.post("/hr/sign-in", name="hr1@example.com", password=PASSWORD).status_code == 200
    mine.post("/hr/me/sign-out")
    for _ in range(5):
        mine.post("/hr/sign-in", name="HR1", password="wrong")
    assert mine.post("/hr/sign-in", name="HR1", password=PASSWORD).status_code == 403, "it has a limit of its own"


def test_one_try_too_many_is_turned_away_before_its_password_is_looked_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        Browser(office).post("/hr/sign-in", name="HR1", password="wrong")
    looked: list[str] = []
    monkeypatch.setattr(passwords, "fits", lambda password, kept: looked.append(password))
    assert Browser(office).post("/hr/sign-in", name="HR1", password=PASSWORD).status_code == 403
    assert looked == []


def test_who_comes_without_https_is_told_the_address_that_has_it(office: Office) -> None:
    headers, form = {"Origin": office.url}, {"name": "HR1", "password": PASSWORD}
    answer = Browser(office).session.post(f"{office.url}/hr/sign-in", headers=headers, data=form)
    answer.encoding = "utf-8"
    assert (answer.status_code, answer.cookies.get_dict()) == (400, {})
    assert 'href="https://keepwarm.example.com/hr/sign-in"' in answer.text
    assert "没有加密" in answer.text


def test_the_cookie_is_for_the_browser_alone_and_https_only(office: Office) -> None:
    answer = Browser(office).post("/hr/sign-in", name="hr1@example.com", password=PASSWORD, follow=False)
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/hr")), "public_url is https"
    (token,) = office.all(sa.select(sessions.c.token_index))[0]
    assert bytes(token) not in cookie.encode()
    assert len(bytes(token)) == 16


def test_a_session_ends_by_age_and_by_idleness(office: Office) -> None:
    lasts = office.house.settings.hr.signed_in_for
    browser = signed_in(office)
    for _ in range(4):
        office.now += lasts / 4 - timedelta(minutes=1)
        assert browser.get("/hr", allow_redirects=False).status_code == 200
    office.later(minutes=5)
    assert browser.get("/hr", allow_redirects=False).status_code == 303, "too old"
    browser = signed_in(office)
    office.now += lasts / 3
    assert browser.get("/hr", allow_redirects=False).status_code == 303, "nobody used it"


def test_signing_out_ends_it_here_or_everywhere_else(office: Office) -> None:
    here, there, elsewhere = signed_in(office), signed_in(office), signed_in(office)
    elsewhere.post("/hr/me/sign-out")
    assert elsewhere.get("/hr", allow_redirects=False).status_code == 303
    here.post("/hr/me/sign-out-others")
    assert here.get("/hr", allow_redirects=False).status_code == 200
    assert there.get("/hr", allow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_of_another_site_does_nothing(office: Office, headers: dict[str, str]) -> None:
    browser = signed_in(office)
    browser.get("/hr/me")
    browser.session.headers.update(headers)
    assert browser.post("/hr/me/language", locale="en").status_code == 403
    form = {"name": "HR1", "password": PASSWORD}
    answer = Browser(office).session.post(f"{office.url}/hr/sign-in", headers=headers, data=form)
    assert (answer.status_code, answer.cookies.get_dict()) == (403, {})
    assert office.one(sa.select(staff.c.locale).where(staff.c.code == "HR1")) is None
    assert office.denied() == [("staff:HR1", "/hr/me/language")]


@pytest.mark.parametrize("csrf", ["", "x", "0" * 64])
def test_a_form_without_its_token_does_nothing(office: Office, csrf: str) -> None:
    browser, number = signed_in(office), office.case("PUB")
    assert browser.post(f"/hr/cases/{number}/claim", csrf=csrf).status_code == 403
    other = signed_in(office)
    other.get("/hr/me")
    assert browser.post(f"/hr/cases/{number}/claim", csrf=other.csrf).status_code == 403, "of another session"
    assert browser.session.post(f"{office.url}/hr/cases/{number}/claim", json={"csrf": browser.csrf}).status_code == 415


def test_a_link_sets_a_password_once_and_for_a_day(office: Office) -> None:
    settings, browser = office.house.settings, Browser(office)
    kept = office.one(sa.select(staff.c.password).where(staff.c.code == "HR1"))
    path = passwords.link(settings, "HR1", kept).removeprefix(settings.public_url)
    inside = signed_in(office)
    assert "钱多" in browser.get(path).text
    assert "钱多" in browser.get(path).text, "looking uses nothing up"
    assert "太短" in browser.post(path, new="short", again="short").text
    assert "不一样" in browser.post(path, new="long enough", again="not the same").text
    assert "请登录" in browser.post(path, new="a new password", again="a new password").text
    for gone, status in ((path, 410), ("/hr/password/x", 404)):
        answer = browser.get(gone)
        assert answer.status_code == status
        assert "只能用一次" in answer.text
    assert inside.get("/hr", allow_redirects=False).status_code == 303, "whoever was in is out"
    assert "待办" in browser.post("/hr/sign-in", name="HR1", password="a new password").text


def test_of_several_who_use_one_link_at_the_same_time_one_sets_the_password(office: Office) -> None:
    settings = office.house.settings
    kept = office.one(sa.select(staff.c.password).where(staff.c.code == "HR1"))
    path = passwords.link(settings, "HR1", kept).removeprefix(settings.public_url)

    def post(number: int) -> int:
        form = {"new": f"password number {number}", "again": f"password number {number}"}
        return Browser(office).post(path, follow=False, **form).status_code

    with ThreadPoolExecutor(4) as together:
        assert sorted(together.map(post, range(4))) == [303, 410, 410, 410]


def test_changing_the_password_needs_the_old_one(office: Office) -> None:
    here, there = signed_in(office), signed_in(office)
    assert "现在的密码不对" in here.post("/hr/me/password", old="x", new="a new password", again="a new password").text
    here.post("/hr/me/password", old=PASSWORD, new="a new password", again="a new password")
    assert here.get("/hr", allow_redirects=False).status_code == 200
    assert there.get("/hr", allow_redirects=False).status_code == 303


def test_the_old_password_is_guessed_at_five_times_and_no_more(office: Office) -> None:
    browser = office.person("HR1")
    new = {"new": "brand new words", "again": "brand new words"}
    for _ in range(5):
        assert browser.post("/hr/me/password", old="wrong words here", **new).status_code == 400
    assert "请过 15 分钟再来" in browser.post("/hr/me/password", old=PASSWORD, **new).text
    office.later(minutes=16)
    assert browser.post("/hr/me/password", old=PASSWORD, **new).status_code == 200


@pytest.mark.parametrize("new", ["1111111111", "1234567890", "abababababab"])
def test_a_password_that_anybody_would_try_first_is_refused(new: str, office: Office) -> None:
    page = office.person("HR1").post("/hr/me/password", old=PASSWORD, new=new, again=new)
    assert (page.status_code, "太简单了" in page.text) == (400, True)


def test_who_has_no_password_and_who_is_gone_stays_out(office: Office) -> None:
    browser = signed_in(office)
    office.do(sa.delete(staff).where(staff.c.code == "HR1"))
    assert browser.get("/hr", allow_redirects=False).status_code == 303
    assert Browser(office).post("/hr/sign-in", name="HR1", password="").status_code == 403


def test_the_language_is_the_persons_own_else_the_browsers(office: Office) -> None:
    english = Browser(office)
    english.session.headers["Accept-Language"] = "en-GB,en;q=0.9"
    assert "Sign in" in english.get("/hr/sign-in").text
    assert "登录" in english.get("/hr/sign-in?lang=zh").text
    browser = signed_in(office)
    assert "Inbox" in browser.post("/hr/me/language", locale="en", back="/hr").text
    assert office.database.read(lambda c: staff_members.find(c, office.house.cipher, "HR1").locale) == "en"  # type: ignore[union-attr]


def test_signing_in_leaves_a_trace_without_the_name_that_was_tried(office: Office) -> None:
    Browser(office).post("/hr/sign-in", name="13800000001", password="wrong")
    signed_in(office)
    rows = office.all(sa.select(audit.c.actor, audit.c.action, audit.c.target).where(audit.c.action.like("sign_in%")))
    assert [tuple(row) for row in rows] == [("nobody", "sign_in.failed", None), ("staff:HR1", "sign_in", None)]


def signed_in(office: Office) -> Browser:
    return office.person("HR1")
