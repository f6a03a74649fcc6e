"""The inbox in a real browser, beside the demo's phones: what a person of HR sees and does, by mouse, keys, thumb, and
without scripts. Its pictures are those of docs/inbox.md."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.test_demo import NO_BROWSER, ROOT

PICTURES = ROOT / "docs" / "pictures"
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
PAGES = (
    *("/hr", "/hr/candidates", "/hr/candidates/C001", "/hr/candidates/C001/move?what=store&to=SH001", "/hr/cohorts"),
    *("/hr/cohorts/K4", "/hr/cohorts/K4/publish", "/hr/import", "/hr/flows", "/hr/missed", "/hr/staff", "/hr/audit"),
    *("/hr/me", "/hr/nothing"),
)
CANDIDATE, NAME = "C005", "赵敏敏"  # of hr-lin


@dataclass
class Shop:
    """The demo, a browser, and what the browser complained about."""

    url: str
    password: str
    browser: Any
    problems: list[str]

    @contextmanager
    def page(self, who: str = "hr-lin", size: dict[str, int] = DESKTOP, **options: Any) -> Iterator[Any]:
        """A page of somebody who is signed in; nobody is with `who=""`."""
        context = self.browser.new_context(viewport=size, locale="zh-CN", **options)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        if who:
            self.sign_in(page, who)
        yield page
        context.close()

    def sign_in(self, page: Any, who: str) -> None:
        if "/hr/sign-in" not in page.url:
            page.goto(f"{self.url}/hr")
        page.get_by_label("工号或邮箱").fill(who)
        page.get_by_label("密码").fill(self.password)
        page.get_by_role("button", name="登录").click()
        page.get_by_role("navigation", name="主菜单").wait_for()

    @contextmanager
    def phone(self) -> Iterator[Any]:
        """The candidate's WeChat in the simulator."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 860}, locale="zh-CN")
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(f"{self.url}/sim")
        page.click(f"#list >> text={NAME}")
        yield page
        context.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("shop") / "data"
    learned = ROOT / "var" / "tests" / "understanding"  # learning takes half a minute, and has been done
    for needed in (learned, folder / "var"):
        needed.mkdir(parents=True, exist_ok=True)
    (folder / "var" / "understanding").symlink_to(learned)
    command = [sys.executable, "-m", "bot", "demo", "--port", str(port), "--folder", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    printed = ""
    assert process.stdout
    for line in process.stdout:
        printed += line
        if "Ctrl-C" in line:
            break
    password = re.search(r"password: (\S+)", printed)
    assert password, printed
    _wait_for(f"http://127.0.0.1:{port}/readyz")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield Shop(f"http://127.0.0.1:{port}", password[1], browser, [])
        browser.close()
    process.send_signal(signal.SIGINT)
    process.wait(60)


def _wait_for(url: str) -> None:
    """A busy machine takes its time."""
    deadline = time.monotonic() + 180
    while True:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        assert time.monotonic() < deadline, f"{url} does not answer"
        time.sleep(0.2)


@pytest.fixture(autouse=True)
def no_complaints(shop: Shop) -> Iterator[None]:
    """A page that breaks its own Content-Security-Policy says so on the console."""
    shop.problems.clear()
    yield
    assert not [problem for problem in shop.problems if not re.search(r"status of (40[0-9]|429)", problem)]


def picture(page: Any, name: str) -> None:
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=PICTURES / f"{name}.png")


def types(phone: Any, text: str) -> None:
    keyboard = phone.get_by_role("button", name="切换到键盘")
    if keyboard.count():
        keyboard.click()
    phone.locator("#bar textarea, #bar input").first.fill(text)
    phone.keyboard.press("Enter")


def test_a_candidate_asks_for_a_person_and_is_answered_by_one(shop: Shop) -> None:
    """Sign-in, claim, reply seen in the candidate's chat, their answer seen live, resolve."""
    with shop.phone() as phone, shop.page() as page:
        phone.get_by_role("button", name=re.compile("扫")).first.click()
        phone.click('#bar button:has-text("扫描")')
        phone.get_by_text(f"{NAME}，欢迎加入").wait_for()
        types(phone, "我想投诉，门店太远了，转人工")
        page.get_by_role("link", name=re.compile(NAME)).first.wait_for()  # the list renews itself
        picture(page, "inbox")
        page.get_by_role("link", name=re.compile(NAME)).first.click()
        page.get_by_text("门店太远了").first.wait_for()
        page.get_by_role("button", name="认领").click()
        page.get_by_text("机器人先不主动说话").wait_for()
        page.get_by_label("回复", exact=True).fill("你好，我是林晓，帮你看了离家近的门店")
        page.get_by_role("button", name="发送", exact=True).click()
        phone.get_by_text("帮你看了离家近的门店").wait_for()
        page.get_by_label("回复", exact=True).fill("还没写完的话")
        types(phone, "太好了，是哪一家")
        page.get_by_text("太好了，是哪一家").first.wait_for()
        assert page.get_by_label("回复", exact=True).input_value() == "还没写完的话", "renewing takes nothing away"
        picture(page, "inbox-case")
        page.get_by_text("办结", exact=True).first.click()
        page.get_by_label("结果").select_option("moved")
        page.get_by_label("备注（可不填，候选人看不到）").first.fill("换到近的门店")
        page.get_by_role("button", name="办结").click()
        page.get_by_text("已办结").first.wait_for()
        assert page.get_by_text("换了期或门店").first.is_visible()


def test_everything_essential_is_done_by_keys_alone(shop: Shop) -> None:
    number = case_of(shop, "C002")
    with shop.page(who="") as page:
        page.goto(f"{shop.url}/hr")
        page.keyboard.type("hr-lin")
        page.keyboard.press("Tab")
        page.keyboard.type(shop.password)
        page.keyboard.press("Enter")
        page.get_by_role("navigation", name="主菜单").wait_for()
        page.keyboard.press("Tab")
        assert focused(page) == "跳到正文"
        for _ in range(60):
            page.keyboard.press("j")
            if page.evaluate("document.activeElement.pathname") == f"/hr/cases/{number}":
                break
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "focus is seen"
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="聊天").wait_for()
        page.keyboard.press("c")
        page.get_by_text("已认领").wait_for()
        page.keyboard.press("r")
        page.keyboard.type("jke")  # letters, while writing
        assert page.get_by_label("回复", exact=True).input_value() == "jke"
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        page.keyboard.press("Tab")  # whether they withdraw, where they will not come
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("已办结").first.wait_for()
        page.keyboard.press("u")
        page.wait_for_url(f"{shop.url}/hr")


def test_it_works_without_scripts(shop: Shop) -> None:
    number = case_of(shop, "C011")
    with shop.page(who="", size=PHONE, java_script_enabled=False) as page:
        page.goto(f"{shop.url}/hr/cases/{number}")
        shop.sign_in(page, "hr-lin")
        assert page.url.endswith(f"/hr/cases/{number}"), "the deep link, after signing in"
        page.get_by_role("button", name="认领").click()
        page.get_by_label("回复", exact=True).fill("没有脚本也能回")
        page.get_by_role("button", name="发送", exact=True).click()
        assert page.locator(".said.staff").get_by_text("没有脚本也能回").is_visible()
        page.get_by_role("link", name="刷新").first.click()
        page.locator("summary", has_text="办结").click()
        page.get_by_role("button", name="办结").click()
        assert page.get_by_text("已办结").first.is_visible()
        page.get_by_role("button", name="English").click()
        assert page.get_by_role("link", name="Inbox").first.is_visible()
        page.get_by_role("button", name="中文").click()


def test_eight_tabs_load_and_live_updates_come_after_many_page_views(shop: Shop) -> None:
    """A browser has six connections to us: a stream for each tab would take them all."""
    number = case_of(shop, "C013")
    with shop.page("ad-wu") as page:
        tabs = [page, *(page.context.new_page() for _ in range(7))]
        for tab in tabs:
            tab.goto(f"{shop.url}/hr/cases/{number}")
            tab.get_by_role("heading", name="聊天").wait_for()
        for tab in tabs[1:]:
            tab.close()
        for _ in range(10):
            page.goto(f"{shop.url}/hr")
            page.goto(f"{shop.url}/hr/cases/{number}")
        page.goto(f"{shop.url}/hr?q=C208")
        page.wait_for_function("!document.documentElement.classList.contains('not-live')")
        assert page.locator("li.case").count() == 0
        case_of(shop, "C208")
        page.locator("li.case", has_text="C208").wait_for()
        assert page.locator(".reload").first.is_hidden(), "it came live"


def test_a_page_without_a_stream_says_so_and_looks_by_itself(shop: Shop) -> None:
    with shop.page("ad-wu") as page:
        page.route("**/hr/events*", lambda route: route.fulfill(status=429))
        page.goto(f"{shop.url}/hr?q=C246")
        page.get_by_text("现在不是实时更新").wait_for()
        assert page.locator("li.case").count() == 0
        case_of(shop, "C246")
        page.locator("li.case", has_text="C246").wait_for()


def test_going_back_after_sending_shows_nothing_to_send_again(shop: Shop) -> None:
    number = case_of(shop, "C019")
    with shop.page("ad-wu") as page:
        page.goto(f"{shop.url}/hr/cases/{number}")
        page.get_by_text("写备注", exact=True).click()
        page.locator("form[action$='/note'] textarea").fill("只记一次")
        page.get_by_role("button", name="记下").click()
        page.get_by_text("已记下").wait_for()
        page.go_back()
        page.get_by_role("heading", name="聊天").wait_for()
        assert page.locator("form[action$='/note'] textarea").input_value() == ""


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_every_page_fits_and_has_no_serious_fault(shop: Shop, size: dict[str, int]) -> None:
    """axe-core by WCAG 2 A and AA."""
    number = case_of(shop, "C012")
    with shop.page(who="", size=size) as page:
        page.goto(f"{shop.url}/hr")
        faults = {"/hr/sign-in": serious(page)}
        shop.sign_in(page, "ad-wu")
        for path in (*PAGES, f"/hr/cases/{number}", f"/hr/cases/{number}?done=claimed"):
            page.goto(shop.url + path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            faults[path] = serious(page)
        assert {path: found for path, found in faults.items() if found} == {}


def test_the_pictures_of_the_manual(shop: Shop) -> None:
    number = case_of(shop, "C014")
    with shop.page(who="hr-lin", size=PHONE) as page:
        page.goto(f"{shop.url}/hr/cases/{number}")
        picture(page, "inbox-case-phone")
    with shop.page(who="ad-wu") as page:
        for path, name in (("/hr/candidates", "inbox-candidates"), ("/hr/cohorts/K4/publish", "inbox-publish")):
            page.goto(shop.url + path)
            picture(page, name)


def case_of(shop: Shop, code: str) -> int:
    """A case of this candidate, opened as the roll call or a flow would."""
    from tests.test_demo import Demo, _environment_of

    script = (
        "import sys; from bot import settings; from bot.platform import clock; from bot.store import cases, people;"
        "from bot.store.db.setup import open_store; s = settings.load();"
        "d, c = open_store(s.database_url, s.data_key);"
        "print(d.write(lambda k: cases.open_case(k, people.by_code(k, sys.argv[1]), None, 'contact', clock.now())));d.close()"
    )
    environment = _environment_of(Demo(None, shop.url, "", Path()))  # type: ignore[arg-type]
    command = [sys.executable, "-c", script, code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.textContent")).strip()


def serious(page: Any) -> list[str]:
    """What axe-core finds that is serious or critical."""
    if find_spec("axe_playwright_python") is None:
        pytest.skip("axe-core is not installed: make test installs it")
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
