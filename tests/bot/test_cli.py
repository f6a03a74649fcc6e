"""The command line says what is wrong in one line, and ends with 0 done, 1 found faults, 2 usage."""

import json
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from bot.store.db.database import Database
from bot.store.tables import candidates
from tests.conftest import NOW
from tests.nursery import nursery


def run(environment: dict[str, str], *line: str, said: str = "") -> "subprocess.CompletedProcess[str]":
    return nursery().run(["-m", "bot", *line], environment, said)


@pytest.mark.usefixtures("company")
def test_a_candidate_is_shown_with_invite_and_page_and_the_look_is_audited(environment: dict[str, str]) -> None:
    shown = json.loads(run(environment, "candidates", "show", "PUB", "--json").stdout)
    assert (shown["invite"], shown["name"], shown["stage"]) == ("WANGFANG1", "王芳", "training_notice")
    assert shown["page"].startswith("http://127.0.0.1:8080/c/")
    audit = json.loads(run(environment, "audit", "list", "--json").stdout)
    assert (audit[0]["action"], audit[0]["target"]) == ("candidates.show", "PUB")
    assert "王芳" not in json.dumps(audit, ensure_ascii=False)


@pytest.mark.usefixtures("company")
def test_candidates_are_listed_and_moved(environment: dict[str, str]) -> None:
    assert run(environment, "candidates", "stage", "PUB", "onboarding_prep").returncode == 0
    assert run(environment, "candidates", "cohort", "PUB", "PLAN").returncode == 0
    assert run(environment, "candidates", "store", "PUB", "-").returncode == 0
    (row,) = [
        row for row in json.loads(run(environment, "candidates", "list", "--json").stdout) if row["code"] == "PUB"
    ]
    assert (row["stage"], row["cohort"], row["store"]) == ("onboarding_prep", "PLAN", None)
    listed = run(environment, "candidates", "list", "--stage", "withdrawn").stdout
    assert listed.split("\t")[0] == "WITHDRAWN"


@pytest.mark.usefixtures("company")
def test_hr_marks_a_task_as_done_and_as_open_again(environment: dict[str, str], database: Database) -> None:
    def shown() -> list[dict[str, str | None]]:
        found = json.loads(run(environment, "candidates", "show", "PUB", "--json").stdout)["tasks"]
        assert isinstance(found, list)
        return found

    def woken() -> bool:
        wanted = sa.select(candidates.c.plan_at).where(candidates.c.code == "PUB")
        return database.read(lambda c: c.execute(wanted).scalar()) is not None

    released = sa.update(candidates).where(candidates.c.code == "PUB").values(released_at=NOW)
    database.write(lambda c: c.execute(released))
    assert (shown(), woken()) == ([], False)
    assert run(environment, "candidates", "task", "PUB", "id_copy", "done").stdout == "PUB: id_copy done\n"
    (task,) = shown()
    assert (task["code"], task["due_at"], task["done_at"] is not None, woken()) == ("id_copy", None, True, True)
    assert run(environment, "candidates", "task", "PUB", "id_copy", "open").returncode == 0
    assert shown() == [{"code": "id_copy", "due_at": None, "done_at": None}]
    audit = json.loads(run(environment, "audit", "list", "--json").stdout)
    marked = [entry["detail"] for entry in audit if entry["action"] == "candidates.task"]
    assert marked == [{"id_copy": "open"}, {"id_copy": "done"}]


@pytest.mark.usefixtures("company")
def test_chat_talks_and_keeps_nothing_and_writes_a_golden_talk(
    environment: dict[str, str], tmp_path: Path, database: Database
) -> None:
    golden = tmp_path / "talk.yaml"
    said = "什么时候培训\nwhen is training?\n\n"
    done = run(environment, "chat", "--candidate", "PUB", "--record", str(golden), said=said)
    assert "12月1日" in done.stdout
    assert "Dec 1" in done.stdout
    (recorded,) = yaml.safe_load(golden.read_text(encoding="utf-8"))
    assert recorded["who"] == "PUB"
    assert recorded["talk"] == [{"hear": text, "say": ["training.when_published"]} for text in said.split("\n")[:2]]
    for table in ("inbound", "outbound", "addresses", "promises"):
        assert database.read(lambda c, table=table: c.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()) == 0


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        (("candidates", "show", "NOBODY"), 2, "no candidate has the code NOBODY"),
        (("candidates", "stage", "PUB", "flying"), 2, "no stage is called 'flying'"),
        (("candidates", "task", "PUB", "homework", "done"), 2, "no task has the code homework"),
        (("candidates", "task", "NOBODY", "id_copy", "done"), 2, "no candidate has the code NOBODY"),
        (("candidates", "task", "PUB", "id_copy", "maybe"), 2, "Invalid value"),
        (("candidates", "qr"), 2, "WECHAT_APP_ID"),
        (("menu",), 2, "WECHAT_APP_ID"),
        (("job", "nothing"), 2, "no job is called 'nothing'"),
        (("fly",), 2, "No such command"),
    ],
)
@pytest.mark.usefixtures("company")
def test_a_mistake_is_one_line_and_no_traceback(
    environment: dict[str, str], line: tuple[str, ...], code: int, says: str
) -> None:
    done = run(environment, *line)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_what_the_deployment_lacks_is_said(environment: dict[str, str], tmp_path: Path) -> None:
    for name, says in (("KEEPWARM_DATA_KEY", "openssl rand -base64 32"), ("KEEPWARM_DATABASE_URL", "keepwarm migrate")):
        done = run({key: value for key, value in environment.items() if key != name}, "candidates", "list")
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr


def test_check_ends_with_1_and_names_the_line(environment: dict[str, str], tmp_path: Path) -> None:
    assert run(environment, "check").returncode == 0
    config = tmp_path / "config.yaml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("timezone: Asia/Shanghai", "timezone: Mars"), encoding="utf-8"
    )
    done = run(environment, "check")
    assert done.returncode == 1
    assert f"{config}:" in done.stderr
    assert "no time zone" in done.stderr
    assert json.loads(run(environment, "check", "--json").stdout)["faults"][0]["line"] > 1


def test_check_notes_what_keeps_a_notice_from_its_road(environment: dict[str, str], tmp_path: Path) -> None:
    def notes() -> list[str]:
        found = json.loads(run(environment, "check", "--json").stdout)["notes"]
        return [note for note in found if "set" not in note and not note.startswith("holidays")]

    environment |= {"WECHAT_APP_ID": "wx1", "WECHAT_APP_SECRET": "x", "WECHAT_TOKEN": "x"}
    environment |= {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "x", "TWILIO_FROM": "+12025550100"}
    environment |= {"SMTP_URL": "smtp://127.0.0.1:25", "KEEPWARM_PUBLIC_URL": "https://k.example"}
    environment |= {"KEEPWARM_TRUSTED_PROXIES": "127.0.0.1"}
    config = tmp_path / "config.yaml"
    shipped = config.read_text(encoding="utf-8").replace('  from: ""', "  from: hr@k.example")
    config.write_text(shipped, encoding="utf-8")
    assert len(notes()) == 1
    assert "sms.china_templates" in notes()[0]
    template = "{party: {id: T1, fields: {thing1: plase}}}"
    changed = shipped.replace('china_templates: ["*"]', 'china_templates: ["【暖记】*"]')
    config.write_text(changed.replace("templates: {} ", f"templates: {template} "), encoding="utf-8")
    assert [note.partition(":")[0] for note in notes()] == [
        "wechat.templates has no training",
        "wechat.templates.party is used by nothing",
        "wechat.templates.party.thing1",
    ]


def test_check_names_the_missing_half_of_hrs_accounts(environment: dict[str, str]) -> None:
    def notes() -> list[str]:
        found = json.loads(run(environment, "check", "--json").stdout)["notes"]
        return [note for note in found if note.startswith(("wecom", "dingtalk", "feishu"))]

    assert [note.partition(": ")[0] for note in notes()] == [
        f"{name} is off" for name in ("wecom", "wecom_robot", "dingtalk", "feishu")
    ]
    environment |= {"WECOM_CORP_ID": "ww1", "WECOM_AGENT_ID": "7", "WECOM_WEBHOOK_URL": "https://x.example/?key=1"}
    environment |= {"DINGTALK_WEBHOOK_URL": "https://x.example/1", "FEISHU_WEBHOOK_URL": "https://x.example/2"}
    assert notes() == [
        "wecom is off: set WECOM_SECRET",
        "dingtalk does not sign: set DINGTALK_SECRET, unless the robot is guarded by addresses",
        "feishu does not sign: set FEISHU_SECRET, unless the robot is guarded by addresses",
    ]
    environment |= {"WECOM_SECRET": "x", "DINGTALK_SECRET": "x", "FEISHU_SECRET": "x"}
    assert notes() == ["wecom only tells: set WECOM_TOKEN and WECOM_AES_KEY to read what staff write there"]
    environment |= {"WECOM_TOKEN": "x", "WECOM_AES_KEY": "x"}
    assert notes() == []
    environment |= {"WECOM_WEBHOOK_URL": "hush-hush"}
    done = run(environment, "check")
    assert done.returncode == 1
    assert "wecom_robot.url should be the robot's webhook address" in done.stderr
    assert "hush" not in done.stderr


@pytest.mark.usefixtures("company")
def test_check_names_who_cannot_watch_the_nights(environment: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    shipped = config.read_text(encoding="utf-8")
    config.write_text(shipped.replace("nights: [] ", "nights: [HR1, NOBODY] "), encoding="utf-8")
    found = [note for note in json.loads(run(environment, "check", "--json").stdout)["notes"] if "hr.nights" in note]
    assert found == ["hr.nights: NOBODY is no recruiter, manager or admin, and is passed: see keepwarm staff list"]
    config.write_text(shipped.replace("nights: [] ", "nights: [HR1, HR1] "), encoding="utf-8")
    done = run(environment, "check")
    assert done.returncode == 1
    assert "hr.nights names HR1 twice" in done.stderr


def test_migrate_may_run_again(environment: dict[str, str]) -> None:
    assert run(environment, "migrate").stdout == run(environment, "migrate").stdout
