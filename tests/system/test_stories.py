"""The two stories of the reference case, from the first message to the end, through real webhooks, jobs and stand-ins
on a clock that is moved: who asked every day and was not answered in time, and who went quiet because of the store."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.outbox import open_outbox
from bot.platform import clock
from bot.runtime import build
from bot.settings import load as load_settings
from bot.store import people, plans
from bot.store.tables import candidates, case_events, cases, signals, staff
from fakes.launch import Fake, launched
from jobs.context import JobContext
from jobs.simulation.time_travel import TimeMachine
from tests import postgres
from tests.system.servers import (
    TWILIO_OPTIONS,
    WECHAT_OPTIONS,
    Deployment,
    Server,
    deployed,
    number,
    run,
    said,
    serving,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
WECOM = {"HR1": "qian.duo", "HR2": "sun.li", "BOSS": "he.jing"}


@dataclass
class Play:
    """The stage: a server, the jobs, and everybody's phone."""

    deployment: Deployment
    machine: TimeMachine
    wechat: Fake
    twilio: Fake
    robots: Fake

    def binds(self, openid: str, code: str) -> None:
        """A candidate scans their card; HR lets the rhythm begin."""
        self.wechat.post("/_fake/person", openid=openid, following=True, window="message")
        self.deployment.bind("wechat", openid, code)
        database = self.deployment.database
        who = database.read(lambda c: people.by_code(c, code))
        assert who
        database.write(lambda c: plans.release(c, [who], clock.now()))

    def says(self, openid: str, text: str) -> str:
        """What the bot answers at once."""
        result = self.wechat.push(openid=openid, kind="text", content=text)
        return (result.get("reply") or {}).get("content", "")

    def orders(self, code: str, text: str) -> list[str]:
        """Somebody of HR writes to the application in WeCom; gives all that they have received by then."""
        self.robots.push(userid=WECOM[code], content=text)
        self.machine.step(1)
        return self.hears(code)

    def hears(self, code: str) -> list[str]:
        return [one["content"] for one in self.robots.chat(WECOM[code]) if one["via"] != "inbound"]

    def alerts(self, code: str, about: str) -> list[str]:
        """What they were told of somebody's case; the daily digest is none."""
        return [text for text in self.hears(code) if not text.startswith("今天") and about in text]

    def rows(self, statement: sa.Select[Any]) -> list[Any]:
        return self.deployment.rows(statement)

    def case(self, code: str) -> Any:
        """The candidate's open one."""
        theirs = sa.select(candidates.c.id).where(candidates.c.code == code).scalar_subquery()
        (case,) = self.rows(sa.select(cases).where(cases.c.state != "resolved", cases.c.candidate_id == theirs))
        return case

    def happened(self) -> list[str]:
        return [row.what for row in self.rows(sa.select(case_events.c.what).order_by(case_events.c.id))]

    def signals(self, code: str) -> set[str]:
        theirs = sa.select(candidates.c.id).where(candidates.c.code == code).scalar_subquery()
        return {row.name for row in self.rows(sa.select(signals.c.name).where(signals.c.candidate_id == theirs))}

    def risk(self, code: str) -> str:
        (row,) = self.rows(sa.select(candidates.c.risk).where(candidates.c.code == code))
        return str(row.risk)


@pytest.fixture(params=["sqlite", "postgres"])
def play(
    request: pytest.FixtureRequest, tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Play]:
    monkeypatch.setenv(clock.VARIABLE, "")
    monkeypatch.setattr(clock, "_file", None)
    clock.share(tmp_path / "clock")
    clock.stand(MONDAY.astimezone(UTC))
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "keepwarm.db")
        url, server_url, name = f"sqlite:///{tmp_path / 'keepwarm.db'}", "", ""
    else:
        server_url, name = request.getfixturevalue("postgres_server"), f"stories_{number()}"
        url = postgres.fresh(server_url, name, request.getfixturevalue("postgres_template"))
    with (
        launched("wechat", *WECHAT_OPTIONS) as wechat,
        launched("twilio", *TWILIO_OPTIONS) as twilio,
        launched("robots") as robots,
    ):
        apis = {"WECHAT_API_URL": wechat.url, "TWILIO_API_URL": twilio.url, "KEEPWARM_CLOCK": str(tmp_path / "clock")}
        apis |= robots.get("/_fake/state")["environment"]
        with deployed(tmp_path, url, trained, **apis) as deployment:
            _hire(deployment)
            with serving(deployment) as server:
                yield _stage(deployment, server, wechat, twilio, robots)
    if server_url:
        postgres.drop(server_url, name)


def _hire(deployment: Deployment) -> None:
    seal = deployment.cipher.seal

    def hire(connection: sa.Connection) -> None:
        connection.execute(sa.delete(staff))
        for code, name, role, manager, deputy in (
            ("HR1", "钱多", "recruiter", "BOSS", "HR2"),
            ("HR2", "孙丽", "recruiter", "BOSS", None),
            ("BOSS", "何静", "manager", None, None),
        ):
            row = {"code": code, "role": role, "manager": manager, "deputy": deputy, "updated_at": clock.now()}
            row |= {"name": seal(name, "staff.name"), "wecom": seal(WECOM[code], "staff.wecom")}
            connection.execute(sa.insert(staff).values(row))

    deployment.database.write(hire)


def _stage(deployment: Deployment, server: Server, wechat: Fake, twilio: Fake, robots: Fake) -> Play:
    wechat.callback(f"{server.url}/wechat")
    twilio.callback(f"{server.url}/sms")
    robots.callback(f"{server.url}/wecom")
    loaded = load_settings(deployment.folder / "config.yaml", deployment.environment)
    database, cipher = deployment.database, deployment.cipher
    desk = JobContext(
        loaded, database, cipher, open_outbox(loaded, database, cipher, None, clock.now), build(loaded, cipher)
    )
    machine = TimeMachine(desk, (wechat.url, twilio.url, robots.url), stands=True)
    machine.to(clock.now())
    return Play(deployment, machine, wechat, twilio, robots)


def test_who_asks_every_day_and_waits_for_hr_reaches_the_manager_in_time(play: Play) -> None:
    openid = "o-asks-every-day"
    play.binds(openid, "UNKBY")
    for _ in range(3):
        assert "12月5日" in play.says(openid, "什么时候培训？"), "each time what is known, and when it will be fixed"
        play.machine.play(DAY)
    assert "asked_again" in play.signals("UNKBY")
    assert play.says(openid, "我要找真人")
    asked = clock.now()
    play.machine.step(2)
    case = play.case("UNKBY")
    assert (case.reason, case.assigned) == ("human", "HR1")
    (alert,) = play.alerts("HR1", "刘洋")
    assert "想找真人" in alert

    play.machine.play(2 * HOUR)  # HR1 does nothing; nor does the deputy
    assert play.alerts("HR2", "刘洋"), "the next person"
    assert play.alerts("BOSS", "刘洋"), "then the manager, within the time that the settings give"
    assert play.case("UNKBY").rung >= 3
    assert clock.now() - asked < 3 * HOUR

    answer = "刘洋你好，我是何静，日期周五定，我亲自告诉你"
    play.orders("BOSS", f"回复 {case.id} {answer}")
    assert said(play.wechat, openid)[-1] == answer
    assert play.case("UNKBY").claimed_by == "BOSS"
    assert play.says(openid, "好的谢谢") == "", "the manager has the talk now"
    assert "missed" in play.happened()


def test_who_went_quiet_because_of_the_store_is_called_moved_told_and_stays(play: Play) -> None:
    openid = "o-far-away"
    play.binds(openid, "LINGANG")
    assert "临港店" in play.says(openid, "我的门店离家多远")
    run(play.deployment, "cohorts", "move", "PUB", "--start", "2026-12-14 09:00", "--yes")
    play.machine.play(HOUR)
    before = len(said(play.wechat, openid))
    assert "12月14日" in said(play.wechat, openid)[-1]

    play.machine.play(9 * DAY)  # and nothing is heard
    phone = said(play.twilio, "+8613800000024")
    assert len(said(play.wechat, openid)) > before or phone, "the bot tried first"
    case = play.case("LINGANG")
    assert case.assigned == "HR1"
    assert {"unseen_24", "unseen_48", "silent_3"} <= play.signals("LINGANG")
    alert = play.alerts("HR1", "宋佳")[0]
    assert re.search(r"没看培训通知|没有动静|没确认", alert), alert

    play.orders("HR1", f"已打 {case.id} 通了，嫌门店太远，想去市区")
    assert "called" in play.happened()
    run(play.deployment, "candidates", "store", "LINGANG", "S1")
    play.orders("HR1", f"回复 {case.id} 给你换到人民广场店了，离你家近")
    told = [*said(play.wechat, openid), *said(play.twilio, "+8613800000024")]
    assert any("换到人民广场店" in text for text in told)

    assert play.says(openid, "太好了，我一定来") == ""
    play.orders("HR1", f"解决 {case.id} 留下")
    assert "人民广场店" in play.says(openid, "我去哪个店")
    play.machine.play(HOUR)
    assert play.risk("LINGANG") != "high"
    (row,) = play.rows(sa.select(candidates.c.stage).where(candidates.c.code == "LINGANG"))
    assert row.stage == "training_notice", "still with us"
