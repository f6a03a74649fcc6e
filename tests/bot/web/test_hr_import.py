"""A spreadsheet by the browser: looked at first, then imported, bad rows back; flows to read; sentences to teach."""

import io
import re
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
import requests
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store import lessons
from bot.store import uploads as uploads_of
from bot.store.db.database import Database
from bot.store.tables import audit, candidates, staff, uploads
from bot.understanding.text import key, normal
from bot.web.hr import imports
from tests.bot.web.desk import Browser, Office, let_in, serving
from tests.talking import Person


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for code, role in (("BOSS", "admin"), ("MG", "manager")):
            name = house.cipher.seal(f"N{code}", "staff.name")
            office.do(sa.insert(staff).values(code=code, name=name, role=role, updated_at=now))
        let_in(office, "HR1", "BOSS", "MG")
        yield office


def bring(browser: Browser, text: str | bytes, what: str = "candidates", **form: str) -> requests.Response:
    body = text if isinstance(text, bytes) else text.encode()
    answer = browser.post("/hr/import", files={"file": ("../../etc/名单.csv", body)}, what=what, **form)
    return settled(browser, answer)


def settled(browser: Browser, answer: requests.Response) -> requests.Response:
    deadline = time.monotonic() + 20
    while "正在" in answer.text:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        answer = browser.get(answer.url.removeprefix(browser.office.url))
    return answer


def test_a_file_is_looked_at_first_and_then_imported(office: Office) -> None:
    browser = office.person("BOSS")
    page = bring(browser, "code,name,phone\nN1,新人,13912345678\nN2,,13912345679\n")
    assert "还没有导入" in page.text
    assert "名单.csv" in page.text
    assert "etc" not in page.text
    assert office.one(sa.select(candidates.c.id).where(candidates.c.code == "N1")) is None
    path = page.url.removeprefix(office.url)
    bad = browser.get(f"{path}/errors")
    assert "13912345679" in bad.text
    assert "attachment" in bad.headers["Content-Disposition"]
    page = settled(browser, browser.post(path))
    assert "导入好了" in page.text
    assert office.one(sa.select(candidates.c.id).where(candidates.c.code == "N1")) is not None
    assert office.one(sa.select(audit.c.actor).where(audit.c.action == "import.candidates", audit.c.actor.like("staff:%"))) == "staff:BOSS"  # fmt: skip
    assert "导入好了" in settled(browser, browser.post(path)).text, "twice is once"


def test_a_workbook_with_other_headers_is_read_by_a_map(office: Office) -> None:
    book = openpyxl.Workbook()
    assert book.active
    book.active.append(["编号", "姓名", "电话"])
    book.active.append(["N9", "新人", "13912345670"])
    out = io.BytesIO()
    book.save(out)
    browser = office.person("BOSS")
    assert "导不了" in bring(browser, out.getvalue()).text
    assert "没有" not in bring(browser, out.getvalue(), map="编号: code\n姓名: name\n电话: phone").text.partition("<main")[2].partition("还没有导入")[2]  # fmt: skip
    assert "导不了" in bring(browser, out.getvalue(), map="编号: nonsense").text


def test_the_file_rests_sealed_and_for_a_day(office: Office) -> None:
    page = bring(office.person("BOSS"), "code,name,phone\nN1,新人,13912345678\n")
    assert b"13912345678" not in bytes(office.one(sa.select(uploads.c.body)))
    path = page.url.removeprefix(office.url)
    office.later(hours=25)
    assert office.person("BOSS").get(path).status_code == 404


def test_only_an_admin_makes_accounts(office: Office) -> None:
    sheet = "code,name,role\nEVIL,我,admin\n"
    browser = office.person("MG")
    assert "同事" not in browser.get("/hr/import").text.partition("<main")[2]
    assert browser.post("/hr/import", files={"file": ("s.csv", sheet.encode())}, what="staff").status_code == 400
    assert "检查完了" in bring(office.person("BOSS"), sheet, "staff").text


def test_an_import_reaches_no_further_than_one_sees(office: Office) -> None:
    page = bring(office.person("MG"), "code,name\nPUB,换了\nPLAN,陈静静\n").text
    assert "有 1 行不归你管" in page, "PUB is of HR1, who is not below this manager; PLAN is nobody's"
    assert "检查完了" in bring(office.person("MG"), "code,name\nPLAN,陈静静\n").text


def left(office: Office, state: str) -> str:
    """Somebody's server went away in the middle."""
    cipher, body = office.house.cipher, "code,name,phone\nN1,新人,13912345678\n".encode()
    number = office.database.write(lambda c: uploads_of.keep(c, cipher, "BOSS", "candidates", "名单.csv", body, "", office.now))  # fmt: skip
    office.do(sa.update(uploads).where(uploads.c.id == number).values(state=state))
    return f"/hr/import/{number}"


def test_a_check_that_a_restart_interrupted_says_so_within_a_minute(office: Office) -> None:
    browser, path = office.person("BOSS"), left(office, "checking")
    assert "正在检查" in browser.get(path).text
    office.later(seconds=61)
    page = browser.get(path).text
    assert "服务中途重启过。什么都没有导入" in page
    assert "<button" not in page.partition("<main")[2]
    assert "The server was restarted meanwhile" in browser.get(f"{path}?lang=en").text


def test_an_import_that_a_restart_stopped_is_brought_to_its_end(office: Office) -> None:
    browser, path = office.person("BOSS"), left(office, "importing")
    office.later(seconds=61)
    assert "停下之前的行已经导入" in browser.get(path).text
    assert "导入好了" in settled(browser, browser.post(path)).text
    assert office.one(sa.select(candidates.c.id).where(candidates.c.code == "N1")) is not None


def test_who_works_on_an_upload_says_so(office: Office) -> None:
    path = left(office, "importing")
    office.later(seconds=50)
    number = int(path.rpartition("/")[2])
    office.database.write(lambda c: uploads_of.beat(c, number, office.now))
    office.later(seconds=50)
    assert "正在导入" in office.person("BOSS").get(path).text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "有密码"),
        (b"PK\x03\x04 but no workbook", "这个表格打不开"),
        (b"<html><table></table></html>", "这其实是一个网页"),
        ("code,name\nK1,陳大文\n".encode("big5"), "读出来的名字会变成乱码"),
        ("code,name\nK1,新人\n".encode("utf-16-le"), "UTF-16"),
        (b"\n\n", "这个文件是空的"),
    ],
)
def test_why_a_file_cannot_be_read_is_said_in_the_language_of_the_page(office: Office, body: bytes, why: str) -> None:
    assert why in bring(office.person("BOSS"), body).text


@pytest.mark.parametrize("text", ["", "x" * 20, b"\x00\xff\xfe" * 9])
def test_no_file_and_nonsense_are_told_apart(office: Office, text: str | bytes) -> None:
    answer = bring(office.person("BOSS"), text)
    assert answer.status_code == 400 or "导不了" in answer.text


def test_what_is_too_big_is_not_taken(office: Office) -> None:
    answer = office.person("BOSS").post(
        "/hr/import", files={"file": ("x.csv", b"x" * (17 * 1024 * 1024))}, what="stores"
    )
    assert answer.status_code == 413


def test_answers_and_rhythm_are_there_to_read(office: Office) -> None:
    page = office.person("HR1").get("/hr/flows").text
    assert "周五故事" in page
    assert "start - 3d" in page


def test_a_changed_rhythm_shows_what_it_would_alter_and_alters_nothing(office: Office) -> None:
    office.do(sa.update(candidates).values(released_at=office.now))
    path = office.house.settings.flows / "touchpoints.yaml"
    text, browser = path.read_text(encoding="utf-8"), office.person("HR1")
    assert "没有变化" in browser.post("/hr/flows", text=text).text
    other = text.replace("at: start - 3d at 10:00", "at: start - 4d at 10:00")
    assert other != text
    page = browser.post("/hr/flows", files={"file": ("touchpoints.yaml", other.encode())}).text
    assert "提前三天提醒" in page.partition("preview")[2]
    assert "变了" in page
    page = browser.post("/hr/flows", text="entries:\n  x: {kind: nonsense}\n")
    assert page.status_code == 400
    assert "notice (must arrive)" in page.text


def test_a_sentence_is_taught_and_exported(office: Office, person: Person) -> None:
    person.says("WANGFANG1")
    person.says("qwxz vbnm 13912345678")
    browser = office.person("HR1")
    page = browser.get("/hr/missed").text
    assert "qwxz vbnm …" in page
    assert "13912345678" not in page
    number = re.search(r"/hr/missed/(\d+)/teach", page)
    assert number
    assert browser.post(f"/hr/missed/{number[1]}/teach", intent="nonsense.x").status_code == 200
    page = browser.post(f"/hr/missed/{number[1]}/teach", intent="training.when").text
    assert "马上生效" in page
    assert f"/hr/missed/{number[1]}/teach" not in page, "it is taught"
    cipher = office.house.cipher
    said = key(normal("QWXZ  vbnm 13912345678!"))
    assert office.database.read(lambda c: lessons.meaning_of(c, cipher, said)) == "training.when"
    text = browser.get("/hr/missed/taught.yaml").text
    assert text == '---\n# messages/en/training.yaml\nask:\n  when:\n    - "qwxz vbnm …"\n'
    lesson = re.search(r"/hr/missed/taught/(\d+)/forget", page)
    assert lesson
    browser.post(f"/hr/missed/taught/{lesson[1]}/forget")
    assert office.database.read(lambda c: lessons.meaning_of(c, cipher, said)) is None


def test_what_candidates_of_others_wrote_is_not_shown(office: Office, person: Person) -> None:
    person.says("WANGFANG1").says("qwxz vbnm")
    assert "qwxz" not in office.person("MG").get("/hr/missed").text


def test_a_lesson_is_shown_and_forgotten_by_who_taught_it_alone(office: Office, person: Person) -> None:
    """It is what somebody's candidate wrote."""
    person.says("WANGFANG1").says("qwxz vbnm")
    teacher, other = office.person("HR1"), office.person("MG")
    found = re.search(r"/hr/missed/(\d+)/teach", teacher.get("/hr/missed").text)
    assert found
    teacher.post(f"/hr/missed/{found[1]}/teach", intent="training.when")
    for path in ("/hr/missed", "/hr/missed/taught.yaml"):
        assert "qwxz" in teacher.get(path).text
        assert "qwxz" not in other.get(path).text
        assert "qwxz" in office.person("BOSS").get(path).text, "an admin sees everybody"
    lesson = re.search(r"/hr/missed/taught/(\d+)/forget", teacher.get("/hr/missed").text)
    assert lesson
    assert other.post(f"/hr/missed/taught/{lesson[1]}/forget").status_code == 404
    assert "qwxz" in teacher.get("/hr/missed").text


def test_two_files_are_read_at_once_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    going, most, go = 0, 0, threading.Event()
    lock, two = threading.Lock(), threading.Barrier(3)

    def reads(*_: object) -> tuple[str, dict[str, Any], bytes]:
        nonlocal going, most
        with lock:
            going += 1
            most = max(most, going)
        if not go.is_set():
            two.wait()
        go.wait()
        with lock:
            going -= 1
        return "checked", {}, b""

    monkeypatch.setattr(imports, "_ran", reads)
    monkeypatch.setattr(imports, "_beating", lambda *_: nullcontext())
    visit: Any = SimpleNamespace(write=lambda _: None)
    threads = [threading.Thread(target=imports._run, args=(visit, number, True)) for number in range(5)]
    for thread in threads:
        thread.start()
    two.wait()
    go.set()
    for thread in threads:
        thread.join()
    assert (most, going) == (2, 0)
