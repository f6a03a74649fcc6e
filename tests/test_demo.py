"""`keepwarm demo` is what a newcomer sees first: it comes up, answers through real signed webhooks, and goes without a trace."""

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.platform import clock
from tests.conftest import clock_of_this_test, keep_what_is_learned

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.clock  # its dates lie around today
NO_BROWSER = "no browser on this machine: apt-get install -y chromium fonts-noto-cjk"


@dataclass
class Demo:
    """The running demo, and what it printed."""

    process: "subprocess.Popen[str]"
    url: str
    printed: str
    folder: Path

    @property
    def page(self) -> str:
        found = re.search(r"http://\S+/c/\S+", self.printed)
        assert found, self.printed
        return found[0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("demo") / "data"
    (folder / "var").mkdir(parents=True)
    keep_what_is_learned(folder / "var")
    command = [sys.executable, "-m", "bot", "demo", "--port", str(port), "--folder", str(folder)]
    environment = clock_of_this_test() | {
        name: value for name, value in os.environ.items() if not name.startswith(("KEEPWARM_", "WECHAT_", "TWILIO_"))
    }
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    printed = ""
    assert process.stdout
    for line in process.stdout:
        printed += line
        if "Ctrl-C" in line:
            break
    yield Demo(process, f"http://127.0.0.1:{port}", printed, folder)
    process.send_signal(signal.SIGINT)
    process.wait(60)


def test_it_prints_addresses_that_open(demo: Demo) -> None:
    assert requests.get(f"{demo.url}/readyz").json() == {"status": "ready"}
    assert "keepwarm_inbound_total" in requests.get(f"{demo.url}/metrics").text
    assert requests.get(f"{demo.url}/sim").status_code == 200
    assert f"{demo.url}/sim" in demo.printed


def test_the_page_of_a_candidate_shows_the_record_and_is_safe(demo: Demo) -> None:
    answer = requests.get(demo.page)
    assert "王芳" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/c/x", "/hr", "/hr/login", "/healthz"])
def test_every_answer_is_safe_refusals_too(demo: Demo, path: str) -> None:
    answer = requests.get(demo.url + path, allow_redirects=False)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Server"] == "keepwarm"


@pytest.mark.parametrize("token", ["x", "WzEsMV0", "WzEsMV0.awPcPA.hUWQ4WA5Vd2G7v1msGKZ224Lo-g", "%00", "a" * 5000])
def test_a_bad_link_gives_no_hint(demo: Demo, token: str) -> None:
    answer = requests.get(f"{demo.url}/c/{token}")
    assert answer.status_code in (404, 410)
    assert answer.text in ("", "404: Not Found")


def test_a_revoked_link_no_longer_opens(demo: Demo) -> None:
    run = [sys.executable, "-m", "bot", "candidates"]
    secrets = _environment_of(demo)
    shown = subprocess.run(
        [*run, "show", "C002", "--json"], cwd=ROOT, env=secrets, capture_output=True, text=True, check=True
    )
    page = json.loads(shown.stdout)["page"]
    assert requests.get(page).status_code == 200
    subprocess.run([*run, "revoke", "C002"], cwd=ROOT, env=secrets, capture_output=True, check=True)
    assert requests.get(page).status_code == 410


def test_the_cards_hold_a_code_that_binds(demo: Demo, tmp_path: Path) -> None:
    out = tmp_path / "cards.html"
    command = [sys.executable, "-m", "bot", "candidates", "qr", "--out", str(out), "--owner"]
    environment = _environment_of(demo)
    done = subprocess.run([*command, "NOBODY"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, "no staff member has the code NOBODY" in done.stderr) == (2, True)
    with (demo.folder / "company" / "candidates.csv").open(encoding="utf-8-sig", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["code"] == "C002")
    done = subprocess.run([*command, row["owner"]], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    page = out.read_text(encoding="utf-8")
    assert row["invite"] in page
    assert page.count("<svg") == page.count('class="card"') > 1


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_the_pages_fit_phone_and_desktop_without_errors(demo: Demo, width: int, height: int) -> None:
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser_path:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        for address, text in ((demo.page, "培训"), (f"{demo.url}/sim", "播放 30 天")):
            page.goto(address)
            page.get_by_text(text).first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
        browser.close()
        assert not [problem for problem in problems if "404" not in problem]


def test_a_played_candidate_is_answered_through_the_simulator(demo: Demo) -> None:
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser_path:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860}, locale="zh-CN")
        page.goto(f"{demo.url}/sim")
        page.click("#list >> text=赵敏敏")
        page.get_by_role("button", name=re.compile("扫")).first.click()
        page.click('#bar button:has-text("扫描")')
        page.get_by_text("赵敏敏，欢迎加入").wait_for()
        page.get_by_role("button", name="切换到键盘").click()
        page.locator("#bar textarea, #bar input").first.fill("什么时候培训？")
        page.keyboard.press("Enter")
        page.get_by_text("你的培训时间定了").wait_for()
        browser.close()


def test_the_clock_of_the_demo_is_moved_from_its_page(demo: Demo) -> None:
    before = _time_of(demo)
    assert requests.post(f"{demo.url}/sim/api/time/step", json={"hours": 1}).json()["playing"] is True
    deadline = time.monotonic() + 120
    while (after := _time_of(demo))["playing"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    moved = datetime.fromisoformat(after["now"]) - datetime.fromisoformat(before["now"])
    assert timedelta(hours=1) <= moved < timedelta(hours=2)
    assert requests.get(f"{demo.url}/readyz").json() == {"status": "ready"}, "who moves time is not out of step"


def test_it_begins_when_whoever_starts_it_says_that_it_is(demo: Demo) -> None:
    shown = datetime.fromisoformat(_time_of(demo)["now"])
    assert timedelta(0) <= shown - clock.now() < timedelta(hours=2), "an hour was played meanwhile"


def _time_of(demo: Demo) -> Any:
    return requests.get(f"{demo.url}/sim/api/time").json()


def test_ctrl_c_leaves_nothing_running(demo: Demo) -> None:
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(60) == 0
    left = subprocess.run(["pgrep", "-f", str(demo.folder)], capture_output=True, text=True).stdout
    assert left == ""
    with pytest.raises(requests.ConnectionError):
        requests.get(demo.url)


def _environment_of(demo: Demo) -> dict[str, str]:
    """The environment of the demo's own server, as an operator on that machine would have it."""
    for pid in subprocess.run(
        ["pgrep", "-f", f"{sys.executable} -P -m bot serve"], capture_output=True, text=True
    ).stdout.split():
        entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
        found = dict(entry.split("=", 1) for entry in entries if "=" in entry)
        if found.get("KEEPWARM_PUBLIC_URL") == demo.url:
            return found
    raise AssertionError("the demo's server is not running")
