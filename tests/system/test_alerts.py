"""HR is told with real processes and stand-ins for all its channels: no alert is lost with any one of them down, or with
a process killed at any line; and what staff write is obeyed once."""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from bot.outbox import open_outbox
from bot.platform import clock as real_clock
from bot.runtime import build
from bot.settings import load as load_settings
from bot.store import cases, people
from bot.store.tables import alerts, case_events, outbound, staff, stopped_channels
from bot.store.tables import cases as case_table
from fakes.launch import Fake, launched
from jobs.context import JobContext
from jobs.scheduler import JOBS
from tests import postgres
from tests.conftest import as_new
from tests.system.servers import Deployment, Program, Server, deployed, number, run, serving, wait_for

KILLABLE = str(Path(__file__).with_name("killable.py"))
ROADS = {"wecom": "wecom", "wecom_robot": "wecom", "dingtalk": "dingtalk", "feishu": "feishu", "sms": "phone"}
PATHS = {
    "wecom": "message/send",
    "wecom_robot": "webhook/send",
    "dingtalk": "/robot/send",
    "feishu": "open-apis",
    "sms": "Messages.json",
}
REFUSED = {"wecom": 81013, "wecom_robot": 40058, "dingtalk": 430104, "feishu": 19002, "sms": 21614}
FAULTS: dict[str, dict[str, Any]] = {
    "refused": {"kind": "errcode"},
    "5xx": {"kind": "5xx"},
    "taken without an answer": {"kind": "reset_after_commit"},
}


@pytest.fixture(scope="module")
def _smtp() -> Iterator[Fake]:
    with launched("smtp") as fake:
        yield fake


@pytest.fixture
def smtp(_smtp: Fake) -> Fake:
    return as_new(_smtp)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def deployment(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    trained: Path,
    _wechat: Fake,
    _twilio: Fake,
    _robots: Fake,
    _smtp: Fake,
) -> Iterator[Deployment]:
    """As elsewhere, with every channel of HR."""
    folder = tmp_path_factory.mktemp("alerts")
    apis = {"WECHAT_API_URL": _wechat.url, "TWILIO_API_URL": _twilio.url, "SMTP_URL": _smtp.get("/_fake/state")["url"]}
    apis |= _robots.get("/_fake/state")["environment"]
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "keepwarm.db")
        url, server, name = f"sqlite:///{folder / 'keepwarm.db'}", "", ""
    else:
        server, name = request.getfixturevalue("postgres_server"), f"alerts_{number()}"
        url = postgres.fresh(server, name, request.getfixturevalue("postgres_template"))
    with deployed(folder, url, trained, **apis) as made:
        config = folder / "config.yaml"
        text = config.read_text(encoding="utf-8")
        head, mail, tail = text.partition("\nemail:\n")
        config.write_text(head + mail + tail.replace('from: ""', "from: hr@example.com", 1), encoding="utf-8")
        yield made
    if server:
        postgres.drop(server, name)


@pytest.fixture(scope="module")
def desk(deployment: Deployment) -> JobContext:
    """What a worker has; for those that nobody kills."""
    loaded = load_settings(deployment.folder / "config.yaml", deployment.environment)
    database, cipher = deployment.database, deployment.cipher
    outbox = open_outbox(loaded, database, cipher, None, real_clock.now)
    return JobContext(loaded, database, cipher, outbox, build(loaded, cipher))


@dataclass
class Hr:
    """The HR of one test: everybody of another is gone."""

    deployment: Deployment
    desk: JobContext

    def enters(self, code: str, role: str = "recruiter", wants: Sequence[str] = (), **addresses: str) -> str:
        seal = self.deployment.cipher.seal
        row = {"code": code, "role": role, "alerts": list(wants), "updated_at": real_clock.now(), "manager": "BOSS"}
        row |= {"name": seal(code, "staff.name")}
        row |= {column: seal(address, f"staff.{column}") for column, address in addresses.items()}
        self.deployment.database.write(lambda c: c.execute(sa.insert(staff).values(row)))
        return code

    def case(self, to: str) -> int:
        """Somebody is in danger, which is told day and night."""

        def opened(connection: sa.Connection) -> int:
            now = real_clock.now()
            who = people.get_or_create(connection, self.deployment.cipher, "wechat", f"o-{number():06}", now)
            number_ = cases.open_case(connection, None, who.id, "danger", now)
            cases.change(connection, number_, now, assigned=to, clock=None, next_at=None)
            return number_

        return self.deployment.database.write(opened)

    def alert(self, to: str, case: int | None = None) -> int:
        """Gives the case's number."""
        case = case or self.case(to)
        self.alert_all([(to, case)])
        return case

    def alert_all(self, those: Sequence[tuple[str, int]]) -> None:
        """In one moment: people, and the cases that they have to hear of."""
        now = real_clock.now()
        row = {"why": "new", "urgency": 0, "state": "due", "due_at": now, "tried": [], "created_at": now}
        rows = [row | {"case_id": case, "staff": to} for to, case in those]
        self.deployment.database.write(lambda c: c.execute(sa.insert(alerts), rows))

    def states(self) -> list[str]:
        """Of all alerts, without the digests that are planned."""
        wanted = sa.select(alerts.c.state).where(alerts.c.why != "digest").order_by(alerts.c.id)
        return [row.state for row in self.deployment.rows(wanted)]

    def job(self, *names: str) -> None:
        for name in names:
            JOBS[name].run(self.desk)


@pytest.fixture
def hr(deployment: Deployment, desk: JobContext, robots: Fake, smtp: Fake, twilio: Fake) -> Hr:
    def leave(connection: sa.Connection) -> None:
        for table in (alerts, staff, stopped_channels, case_events, outbound, case_table):
            connection.execute(sa.delete(table))

    deployment.database.write(leave)
    return Hr(deployment, desk)


@pytest.fixture
def told(robots: Fake, smtp: Fake, twilio: Fake) -> Callable[[int], list[str]]:
    """By which roads a case was told: what the stand-ins took, whether or not we heard so."""

    def roads(case: int) -> list[str]:
        number_of = re.compile(rf"(#|Case |工单 ?){case}(?!\d)")
        found = [send["via"] for send in robots.sends() if number_of.search(send["content"])]
        found += ["sms" for send in twilio.sends() if number_of.search(str(send))]
        return found + ["email" for send in smtp.sends() if number_of.search(str(send))]

    return roads


@pytest.fixture
def clock(deployment: Deployment, hr: Hr) -> Iterator[None]:
    programs = Program(deployment, "-m", "bot", "work"), Program(deployment, "-m", "bot", "schedule")
    yield
    for program in programs:
        program.stop()


def test_no_alert_is_lost_with_any_one_channel_down(
    hr: Hr, robots: Fake, smtp: Fake, twilio: Fake, told: Callable[[int], list[str]], clock: None
) -> None:
    those: dict[str, tuple[str, str, int]] = {}
    for road, column in ROADS.items():
        for place, (name, fault) in enumerate(FAULTS.items()):
            code = f"{road}-{place}"
            own = {"wecom": f"w.{code}", "dingtalk": f"d.{code}", "feishu": f"ou_{number():032x}"}
            own["phone"] = f"+1202557{number():04}"
            more = {"errcode": REFUSED[road], "status": 400 if road == "sms" else 200} if name == "refused" else {}
            (twilio if road == "sms" else robots).fault(PATHS[road], to=own[column], **fault, **more)
            hr.enters(code, wants=[road], **own)
            those[code] = (road, name, hr.alert(code))
    hr.enters("mail", wants=["email"], email="mail@example.com", wecom="w.mail")
    smtp.post("/_fake/mailbox", address="mail@example.com", refuse=550)
    those["mail"] = ("email", "refused", hr.alert("mail"))
    wait_for(lambda: set(hr.states()) == {"told"}, 90)
    for code, (road, name, case) in those.items():
        found = told(case)
        assert [via for via in found if via != road], code
        assert (road in found) == (name == "taken without an answer"), code
    assert robots.get("/_fake/state")["dropped"] == []


def test_a_channel_whose_account_is_wrong_is_left_after_a_minute_and_taken_again(
    hr: Hr, robots: Fake, told: Callable[[int], list[str]]
) -> None:
    hr.enters("one", wecom="one", email="one@example.com")
    robots.post("/_fake/mode", foreign_address=True)
    first = hr.alert("one")
    hr.job("alerts")
    assert [row.channel for row in hr.deployment.rows(sa.select(stopped_channels))] == ["wecom"]
    past = real_clock.now() - timedelta(minutes=2)

    def later(connection: sa.Connection) -> None:
        connection.execute(sa.update(stopped_channels).values(since=past, look_at=past))
        connection.execute(sa.update(outbound).values(created_at=past))

    hr.deployment.database.write(later)
    hr.job("alerts", "alerts")
    assert told(first) == ["email"]
    assert hr.states() == ["told"]
    robots.post("/_fake/mode", foreign_address=False)
    hr.deployment.database.write(later)
    second = hr.alert("one")
    hr.job("alerts", "deliver", "alerts")
    assert sorted(told(second)) == ["email", "wecom"]
    assert not hr.deployment.rows(sa.select(stopped_channels))


def test_an_api_that_is_off_is_no_road(hr: Hr, told: Callable[[int], list[str]]) -> None:
    hr.enters("one", wecom="one", email="one@example.com")
    case = hr.alert("one")
    run(hr.deployment, "job", "alerts", WECOM_SECRET="", WECOM_WEBHOOK_URL="")
    assert told(case) == ["email"]


def test_the_ladder_is_climbed_and_the_groups_hear_it(hr: Hr, robots: Fake, told: Callable[[int], list[str]]) -> None:
    hr.enters("one", wecom="one")
    hr.enters("two", wecom="two")
    hr.enters("BOSS", role="manager", wecom="boss")
    for userid in ("one", "two"):
        robots.post("/_fake/person", userid=userid, member=False)
    case = hr.alert("one")
    for _ in range(4):
        hr.job("alerts")
    assert hr.states() == ["given_up", "given_up", "told"]
    assert sorted(told(case)) == ["dingtalk", "feishu", "wecom", "wecom_robot"]
    assert "one" in robots.chat("boss")[0]["content"]
    events = hr.deployment.rows(sa.select(case_events.c.detail).order_by(case_events.c.id))
    assert [row.detail["to"] for row in events] == [["two"], ["BOSS"]]


def test_two_hundred_alerts_at_once_stay_below_the_robots_limit(hr: Hr, robots: Fake, clock: None) -> None:
    """Nobody waits for all of them: of 40 people 9 are told at once, the others one by one."""
    everyone = [hr.enters(f"p{place}", dingtalk=f"d{place}") for place in range(40)]
    hr.alert_all([(code, hr.case(code)) for code in everyone for _ in range(5)])
    wait_for(lambda: len(robots.sends(via="dingtalk")) >= 11, 60)
    sends = robots.sends()
    moments = sorted(send["time"] for send in sends)
    assert all(sum(at <= other < at + 60 for other in moments) < 20 for at in moments)
    assert robots.calls()["/robot/send"] == len(sends), "none was refused"
    assert all(send["content"].count("/hr/cases/") == 5 for send in sends), "each had all of theirs in one message"
    states = hr.states()
    assert set(states) <= {"told", "out"}
    assert len(states) == 200


KILLED = {  # at that line: how often it is told, at least and at most
    "as alerts are written": (1, 1),
    "after alerts are written": (1, 1),
    "after a message is reserved": (1, 1),
    "just before a message is sent": (1, 1),
    "after WeCom has taken it": (2, 2),  # nobody knows that it was: better twice than never
    "after what became of it is kept": (1, 1),
}


@pytest.mark.parametrize("point", KILLED)
def test_an_alert_whose_sender_is_killed_is_never_lost(
    point: str, hr: Hr, deployment: Deployment, told: Callable[[int], list[str]]
) -> None:
    hr.enters("one", wecom="one", email="one@example.com")
    case = hr.alert("one")
    victim = Program(deployment, KILLABLE, "job", "alerts", KILL_AT=point)
    assert victim.process.wait(60) == -9, victim.log
    deployment.leases_end()
    hr.job("deliver", "alerts", "deliver", "alerts")
    least, most = KILLED[point]
    assert least <= len(told(case)) <= most
    assert hr.states() == ["told"]


def test_a_digest_comes_once_though_its_sender_is_killed(hr: Hr, deployment: Deployment, robots: Fake) -> None:
    hr.enters("one", wecom="one")
    now = real_clock.now()
    row = {"staff": "one", "why": "digest", "urgency": 0, "state": "due", "due_at": now, "tried": []}
    row |= {"created_at": now, "occasion": "2026-11-26"}
    deployment.database.write(lambda c: c.execute(sa.insert(alerts).values(row)))
    victim = Program(deployment, KILLABLE, "job", "alerts", KILL_AT="after alerts are written")
    assert victim.process.wait(60) == -9, victim.log
    both = [Program(deployment, "-m", "bot", "job", name) for name in ("deliver", "alerts")]
    assert [program.process.wait(60) for program in both] == [0, 0]
    hr.job("deliver", "alerts")
    assert len(robots.chat("one")) == 1


# What staff write.


@pytest.fixture(scope="module")
def server(deployment: Deployment) -> Iterator[Server]:
    with serving(deployment) as started:
        yield started


@pytest.fixture
def application(server: Server, robots: Fake) -> Fake:
    robots.callback(f"{server.url}/wecom")
    return robots


def claimed(hr: Hr, case: int) -> str | None:
    (row,) = hr.deployment.rows(sa.select(case_table.c.claimed_by).where(case_table.c.id == case))
    return row.claimed_by  # type: ignore[no-any-return]


def replies(fake: Fake, userid: str) -> list[str]:
    return [message["content"] for message in fake.chat(userid) if message["via"] == "wecom"]


def test_the_address_of_the_application_is_verified(application: Fake) -> None:
    assert application.post("/_fake/verify")["good"]


def test_an_order_is_carried_out_and_answered_by_a_message(hr: Hr, application: Fake) -> None:
    hr.enters("one", role="manager", wecom="one")
    case = hr.case("one")
    result = application.push(userid="one", content=f"领取 {case}")
    assert [each["status"] for each in result["deliveries"]] == [200]
    assert claimed(hr, case) == "one"
    assert f"#{case}" in wait_for(lambda: replies(application, "one"))[0]


def test_a_repeat_gets_the_same_answer_and_acts_once(hr: Hr, application: Fake) -> None:
    hr.enters("one", role="manager", wecom="one")
    case = hr.case("one")
    result = application.push(userid="one", content=f"note {case} once", repeat=4)
    assert [(each["status"], each["body"]) for each in result["deliveries"]] == [(200, "")] * 4
    assert len(hr.deployment.rows(sa.select(case_events).where(case_events.c.what == "noted"))) == 1
    wait_for(lambda: replies(application, "one"))
    time.sleep(0.5)
    assert len(replies(application, "one")) == 1


@pytest.mark.parametrize("signature", ["bad", "missing"])
def test_a_forged_call_changes_nothing(signature: str, hr: Hr, application: Fake) -> None:
    hr.enters("one", role="manager", wecom="one")
    case = hr.case("one")
    result = application.push(userid="one", content=f"claim {case}", signature=signature)
    assert [each["status"] for each in result["deliveries"]] == [403]
    assert claimed(hr, case) is None


def test_an_order_whose_server_is_killed_is_carried_out_once(hr: Hr, deployment: Deployment, robots: Fake) -> None:
    hr.enters("one", role="manager", wecom="one")
    case = hr.case("one")
    victim = Server(deployment, KILLABLE, KILL_AT="as an order of staff is carried out")
    victim.ready()
    robots.callback(f"{victim.url}/wecom")
    order = {"userid": "one", "content": f"note {case} once", "msg_id": 7_000_000_000_000_000_001}
    assert not robots.push(**order)["good"]
    wait_for(lambda: victim.dead)
    with serving(deployment) as again:
        robots.callback(f"{again.url}/wecom")
        assert robots.push(**order)["good"]
    assert len(deployment.rows(sa.select(case_events).where(case_events.c.what == "noted"))) == 1


def test_an_application_that_is_off_is_not_found(deployment: Deployment) -> None:
    with serving(deployment, WECOM_SECRET="") as off:
        assert requests.post(f"{off.url}/wecom", data=b"<xml/>", timeout=10).status_code == 404
        assert requests.get(f"{off.url}/wecom", timeout=10).status_code == 404
