"""A trainer opens the link that HR was given on a phone, and says who came: the real command, server and browser."""

import shutil
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.platform import clock
from bot.store.tables import candidates, cohorts
from tests.system.servers import Deployment, Server, run, serving

NO_BROWSER = "no browser on this machine: apt-get install -y chromium fonts-noto-cjk"
SIZES = ((390, 844), (1280, 800))


@pytest.fixture
def server(deployment: Deployment) -> Iterator[Server]:
    began = {"starts_at": clock.now() - timedelta(hours=1), "ends_at": None}
    deployment.database.write(lambda c: c.execute(sa.update(cohorts).where(cohorts.c.code == "PUB").values(began)))
    with serving(deployment) as running:
        yield running


def test_a_trainer_calls_the_roll_on_a_phone(deployment: Deployment, server: Server) -> None:
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not browser_path:
        pytest.skip(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    link, *_ = run(deployment, "cohorts", "rollcall", "PUB", "--link", KEEPWARM_PUBLIC_URL=server.url).splitlines()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(locale="zh-CN", java_script_enabled=False)
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        answer = page.goto(link)
        assert answer
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        for name, said in (("王芳 PUB", "来了"), ("陳大文 HK", "没来")):
            page.get_by_role("radiogroup", name=name).get_by_role("radio", name=said).check()
        page.get_by_role("button", name="记下").click()
        page.get_by_text("已记下：来了 1 人，没来 1 人").wait_for()
        assert page.url == link, "reloading sends nothing again"
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            box = page.locator("main").bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        browser.close()
        assert problems == []
    wanted = sa.select(candidates.c.stage).where(candidates.c.code.in_(("HK", "PUB"))).order_by(candidates.c.code)
    assert [stage for (stage,) in deployment.rows(wanted)] == ["no_show", "joined"]
