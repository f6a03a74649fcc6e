"""Files that killed a server are refused by it, with a reason that people read, and it goes on answering."""

import os
import re
import signal
from datetime import UTC, datetime

import pytest
import requests
import sqlalchemy as sa

from bot.platform import clock
from bot.store.tables import staff, uploads
from tests import workbooks
from tests.bot.test_yamltext import aliases
from tests.bot.web.desk import Browser, Office, let_in
from tests.system.servers import Deployment, Server, serving, wait_for


def admin(deployment: Deployment, server: Server) -> Browser:
    """Signed in."""
    office = Office(None, deployment.database, clock.now(), server.url)  # type: ignore[arg-type]
    if office.one(sa.select(staff.c.code).where(staff.c.code == "BOSS")) is None:
        name = deployment.cipher.seal("Boss", "staff.name")
        office.do(sa.insert(staff).values(code="BOSS", name=name, role="admin", updated_at=office.now))
        let_in(office, "BOSS")
    return office.person("BOSS")


def bring(browser: Browser, body: bytes, **form: str) -> requests.Response:
    return browser.post("/hr/import", files={"file": ("名单.xlsx", body)}, what="candidates", **form)


def settled(browser: Browser, answer: requests.Response) -> str:
    path = answer.url.removeprefix(browser.office.url)
    text = wait_for(lambda: None if "正在" in (text := browser.get(path).text) else text)
    return re.sub(r"<[^>]+>", " ", text.partition("<main")[2])


@pytest.fixture
def browser(deployment: Deployment, server: Server) -> Browser:
    return admin(deployment, server)


@pytest.mark.parametrize("text", ["[" * 30_000 + "]" * 30_000, aliases(7)], ids=["depth", "aliases"])
@pytest.mark.parametrize("way", ["flows", "map"])
def test_yaml_that_killed_the_server_is_refused(server: Server, browser: Browser, way: str, text: str) -> None:
    if way == "flows":
        answer = browser.post("/hr/flows", files={"file": ("touchpoints.yaml", text.encode())})
        assert answer.status_code == 400
        said = answer.text
    else:
        said = settled(browser, bring(browser, b"code,name,phone\nN1,x,13912345678\n", map=text))
    assert "nested deeper" in said or "anchor or alias" in said
    assert not server.dead
    assert requests.get(f"{server.url}/readyz", timeout=5).status_code == 200


@pytest.mark.parametrize("place", ["XFD1048576", "AAA1048576"])
def test_a_stray_value_in_the_last_corner_is_named(server: Server, browser: Browser, place: str) -> None:
    body = workbooks.far_out(place)
    assert len(body) < 2_000
    assert f"{place} 里有值，离名单太远了" in settled(browser, bring(browser, body))
    assert not server.dead


def test_a_file_that_unpacks_to_a_mountain_is_refused(server: Server, browser: Browser) -> None:
    body = workbooks.of_rows(workbooks.row(1, "code"), workbooks.row(2, "x" * 280_000_000))
    assert "解压后超过 256 MB" in settled(browser, bring(browser, body))
    assert not server.dead


def test_an_upload_whose_reader_is_killed_says_so(server: Server, browser: Browser) -> None:
    answer = bring(browser, workbooks.large(40_000))
    (pid,) = wait_for(lambda: workbooks.readers(server.process.pid))
    os.kill(pid, signal.SIGKILL)
    assert "文件看到一半就中断了" in settled(browser, answer)


def test_an_upload_that_a_restart_interrupted_says_so(deployment: Deployment) -> None:
    with serving(deployment) as first:
        answer = bring(admin(deployment, first), workbooks.large(40_000))
        wait_for(lambda: workbooks.readers(first.process.pid))
        first.kill()
        path = answer.url.removeprefix(first.url)
    long_ago = (
        sa.update(uploads).where(uploads.c.state == "checking").values(changed_at=datetime(2026, 1, 1, tzinfo=UTC))
    )
    with serving(deployment) as second:
        deployment.database.write(lambda connection: connection.execute(long_ago))
        browser = admin(deployment, second)
        page = browser.get(path)
        assert "服务中途重启过" in page.text
        assert "正在" not in page.text
        assert 'http-equiv="refresh"' not in page.text
