"""A trainer's link calls the roll: by whoever has it, on the days of the training, once a person."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import itsdangerous
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot import links
from bot.conversation import Runtime
from bot.settings import Settings
from bot.store.db.database import Database
from bot.store.tables import audit, candidates, cases, cohorts, staff
from bot.web.roll_page import RollPage

FIRST_DAY = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)  # 08:30 in Shanghai, before PUB begins
ENDS = datetime(2026, 12, 3, 10, 0, tzinfo=UTC)
Call = tuple[str, str, Mapping[str, str]]


def token(settings: Settings, code: str = "PUB", maker: str = links.OPERATOR) -> str:
    return links.roll_link(settings, code, maker).rpartition("/")[2]


def calls(house: Runtime, database: Database, *wanted: Call, now: datetime = FIRST_DAY) -> list[tuple[int, str]]:
    """What a browser gets that does this, a call after the other."""

    async def call() -> list[tuple[int, str]]:
        app = web.Application()
        app.add_routes(RollPage(house, database, lambda: now).routes())
        async with TestClient(TestServer(app)) as client:
            answers = [await client.request(how, f"/roll/{path}", data=form or None) for how, path, form in wanted]
            return [(answer.status, await answer.text()) for answer in answers]

    return asyncio.run(call())


def opened(house: Runtime, database: Database, now: datetime = FIRST_DAY, code: str = "PUB") -> tuple[int, str]:
    return calls(house, database, ("GET", token(house.settings, code), {}), now=now)[0]


def recorded(house: Runtime, database: Database, now: datetime = FIRST_DAY, **came: str) -> tuple[int, str]:
    return calls(house, database, ("POST", token(house.settings), form(house, **came)), now=now)[0]


def form(house: Runtime, maker: str = links.OPERATOR, **came: str) -> dict[str, str]:
    proof = links.proof(house.settings, token(house.settings, maker=maker))
    return {f"came.{code}": said for code, said in came.items()} | {"proof": proof}


def hire(house: Runtime, database: Database, code: str, role: str, scope: str) -> None:
    row = {"code": code, "name": house.cipher.seal(code, "staff.name"), "role": role, "scope": scope}
    database.write(lambda c: c.execute(sa.insert(staff).values(row | {"updated_at": FIRST_DAY})).rowcount)


def stages(database: Database, *codes: str) -> list[str]:
    wanted = sa.select(candidates.c.code, candidates.c.stage).where(candidates.c.code.in_(codes))
    found = dict(database.read(lambda c: [tuple(row) for row in c.execute(wanted)]))
    return [found[code] for code in codes]


def entries(database: Database) -> list[tuple[str, str, object]]:
    wanted = sa.select(audit.c.actor, audit.c.target, audit.c.detail).where(audit.c.action == "cohorts.rollcall")
    return database.read(lambda c: [tuple(row) for row in c.execute(wanted)])  # type: ignore[misc]


def test_it_names_who_is_to_come_and_nobody_else_and_nothing_is_chosen(house: Runtime, database: Database) -> None:
    status, html = opened(house, database)
    assert status == 200
    assert all(name in html for name in ("点名", "王芳", "陳大文", "上海培训中心", "12月1日"))
    assert not any(name in html for name in ("许欣", "周婷", "WANGFANG1", "13800000001", "checked"))
    assert html.count('type="radio"') == 2 * 6
    assert 'name="robots" content="noindex"' in html
    assert "<script" not in html
    assert "style=" not in html


def test_who_came_has_joined_and_who_did_not_is_a_case_at_once(house: Runtime, database: Database) -> None:
    status, html = recorded(house, database, PUB="yes", HK="no")
    assert status == 200, "the way back to the page"
    assert stages(database, "PUB", "HK", "TRAINEE") == ["joined", "no_show", "training_notice"]
    (case,) = database.read(lambda c: c.execute(sa.select(cases)).all())
    assert (case.reason, case.state) == ("no_show", "new")
    assert "已记下：来了 1 人，没来 1 人" in html
    assert "还没点到：4 人" in html
    assert 'name="came.PUB"' not in html
    assert entries(database) == [("link:PUB", "PUB", {"joined": 1, "no_show": 1})]


def test_the_rest_follows_later_and_a_second_time_changes_nothing(house: Runtime, database: Database) -> None:
    again = ("POST", token(house.settings), form(house, PUB="yes", HK="no"))
    other = ("POST", token(house.settings), form(house, PUB="no", HK="yes", TRAINEE="yes"))
    calls(house, database, again, again, other, again)
    assert stages(database, "PUB", "HK", "TRAINEE") == ["joined", "no_show", "joined"]
    assert database.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(cases)).scalar()) == 1
    assert [detail for *_, detail in entries(database)] == [{"joined": 1, "no_show": 1}, {"joined": 1}]
    rest = dict.fromkeys(("NOPHONE", "LINGANG", "CANTON"), "yes")
    assert "都点到了" in recorded(house, database, **rest)[1]


def test_nobody_of_another_cohort_and_nobody_who_left_is_recorded(house: Runtime, database: Database) -> None:
    recorded(house, database, TOM="no", WITHDRAWN="yes", NOBODY="yes", PUB="perhaps")
    assert stages(database, "TOM", "WITHDRAWN", "PUB") == ["training_notice", "withdrawn", "training_notice"]
    assert entries(database) == []


def test_a_form_without_the_proof_of_its_link_records_nothing(house: Runtime, database: Database) -> None:
    mine = form(house, PUB="no")
    for proof in (
        "",
        "x",
        links.proof(house.settings, token(house.settings, "TOM")),
        token(house.settings),
        mine["proof"][:-1],
    ):
        wrong = ("POST", token(house.settings), mine | {"proof": proof})
        assert calls(house, database, wrong) == [(403, "")]
    assert stages(database, "PUB") == ["training_notice"]


def test_a_wrong_link_gives_no_hint(house: Runtime, database: Database) -> None:
    mine, page = token(house.settings), links.page_link(house.settings, 1, 1).rpartition("/")[2]
    strange = token(house.settings.model_copy(update={"secret_key": "other"}))
    for bad in ("x", mine[:-1], strange, page, links.proof(house.settings, mine), token(house.settings, "GONE")):
        assert calls(house, database, ("GET", bad, {}), ("POST", bad, form(house, PUB="no"))) == [(404, ""), (404, "")]
    assert stages(database, "PUB") == ["training_notice"]


@pytest.mark.parametrize("role", ["recruiter", "trainer"])
def test_a_link_names_and_records_those_alone_whom_its_maker_sees(
    house: Runtime, database: Database, role: str
) -> None:
    hire(house, database, "HR2", role, "广州")  # where of PUB only 邓超群 (CANTON) is
    path, said = token(house.settings, maker="HR2"), form(house, "HR2", PUB="no", HK="yes", CANTON="yes")
    ((_, html),) = calls(house, database, ("GET", path, {}))
    assert ("邓超群" in html, "王芳" in html, "还没点到：1 人" in html) == (True, False, True)
    calls(house, database, ("POST", path, said))
    assert stages(database, "PUB", "HK", "CANTON") == ["training_notice", "training_notice", "joined"]
    recorded(house, database, PUB="yes")
    ((_, html),) = calls(house, database, ("GET", path, {}))
    assert ("邓超群" in html, "王芳" in html) == (True, False)
    assert entries(database)[0] == ("link:PUB:HR2", "PUB", {"joined": 1})


@pytest.mark.parametrize("change", [{"scope": "西安"}, {"role": "store"}, None])
def test_who_is_no_longer_theirs_is_no_longer_on_the_link(house: Runtime, database: Database, change: object) -> None:
    hire(house, database, "HR2", "trainer", "广州")
    path, said = token(house.settings, maker="HR2"), form(house, "HR2", CANTON="no")
    this = staff.c.code == "HR2"
    less = sa.delete(staff).where(this) if change is None else sa.update(staff).where(this).values(change)  # type: ignore[arg-type]
    database.write(lambda c: c.execute(less).rowcount)
    shown, answer = calls(house, database, ("GET", path, {}), ("POST", path, said))
    assert "邓超群" not in shown[1] + answer[1]
    assert shown[0] == (200 if change == {"scope": "西安"} else 410)
    assert stages(database, "CANTON") == ["training_notice"]


def test_a_link_that_does_not_say_who_made_it_is_over(house: Runtime, database: Database) -> None:
    old = itsdangerous.URLSafeSerializer(house.settings.secret_key, salt="roll call").dumps("PUB")
    assert calls(house, database, ("GET", old, {})) == [(410, "")]


def test_before_the_first_day_it_says_from_when_and_names_nobody(house: Runtime, database: Database) -> None:
    evening = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    status, html = opened(house, database, evening)
    assert (status, "从12月1日（周二）起可以点名" in html, "王芳" in html) == (200, True, False)
    assert recorded(house, database, evening, PUB="no")[0] == 200
    assert stages(database, "PUB") == ["training_notice"]
    assert "王芳" in opened(house, database, evening + timedelta(minutes=1))[1]


def test_a_cohort_without_a_date_names_nobody(house: Runtime, database: Database) -> None:
    status, html = opened(house, database, code="UNK")
    assert (status, "日期还没定" in html, "赵敏" in html) == (200, True, False)


def test_three_days_after_the_end_the_link_is_gone(house: Runtime, database: Database) -> None:
    last = ENDS + timedelta(days=3)
    assert opened(house, database, last - timedelta(seconds=1))[0] == 200
    assert opened(house, database, last) == (410, "")
    assert recorded(house, database, last, PUB="no") == (410, "")
    assert stages(database, "PUB") == ["training_notice"]


def test_the_link_outlives_a_moved_date_and_follows_it(house: Runtime, database: Database) -> None:
    given = token(house.settings)
    moved = {"starts_at": FIRST_DAY + timedelta(days=9), "ends_at": None, "version": 2}
    database.write(lambda c: c.execute(sa.update(cohorts).where(cohorts.c.code == "PUB").values(moved)).rowcount)
    (early,) = calls(house, database, ("GET", given, {}))
    (there,) = calls(house, database, ("GET", given, {}), now=FIRST_DAY + timedelta(days=10))
    assert ("从12月10日" in early[1], "王芳" in there[1]) == (True, True)


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data; boundary=x", b"--x\r\n", 415),
        ("application/x-www-form-urlencoded; charset=none", b"a=b", 400),
        ("application/x-www-form-urlencoded; charset=punycode", b"a=b", 400),
        ("application/x-www-form-urlencoded", b"proof=x%00", 400),
        ("application/x-www-form-urlencoded", b"proof=x", 403),
        ("application/x-www-form-urlencoded", b"\xff\xfe=%ff", 400),
        ("application/x-www-form-urlencoded", b"proof=%ff%00", 400),
    ],
)
def test_what_is_no_form_is_refused(house: Runtime, database: Database, kind: str, body: bytes, status: int) -> None:
    async def post() -> int:
        app = web.Application()
        app.add_routes(RollPage(house, database, lambda: FIRST_DAY).routes())
        async with TestClient(TestServer(app)) as client:
            path = f"/roll/{token(house.settings)}"
            return (await client.post(path, data=body, headers={"Content-Type": kind})).status

    assert asyncio.run(post()) == status


def test_the_link_is_looked_at_before_a_form_is_read(house: Runtime, database: Database) -> None:
    """A body that never comes would be waited for."""

    async def post() -> int:
        app = web.Application()
        app.add_routes(RollPage(house, database, lambda: FIRST_DAY).routes())
        async with TestServer(app) as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            head = "POST /roll/x HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n"
            writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode())
            line = await reader.readline()
            writer.close()
            return int(line.split()[1])

    assert asyncio.run(post()) == 404


def test_in_a_company_that_speaks_english_so_does_the_page(house: Runtime, database: Database, tmp_path: Path) -> None:
    from dataclasses import replace

    company = house.settings.company.model_copy(update={"locale": "en"})
    english = replace(house, settings=house.settings.model_copy(update={"company": company}))
    status, html = opened(english, database)
    assert (status, "Roll call" in html, "Still without an answer: 6" in html) == (200, True, True)
