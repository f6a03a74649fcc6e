"""The sample company in a folder of its own: its config and keys, stand-ins for WeChat and Twilio, its people."""

import base64
import csv
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
import yaml

from bot import settings
from bot.cli import supervisor
from bot.cli.release import let_go
from bot.cli.session import actor
from bot.errors import ConfigError
from bot.imports import run as importing
from bot.platform import clock
from bot.staff import passwords
from bot.store import plans, staff_members
from bot.store.db.setup import open_store
from bot.values import phones

HOST = "127.0.0.1"
HOME = Path(__file__).parent.parent.parent
_FILES = {"flows": "", "messages": "", "faq": "company/faq.yaml", "stories": "company/employee_stories.yaml"}
_MADE = ("config.yaml", "company", "people.json", "clock")
_FAST = "10000"  # a second: time is played, so the platforms' rates would hold up what they never held up
# The accounts are the stand-ins', whatever the config names; nobody waits for a release, and no e-mail goes out.
_OVERRIDES: Mapping[str, Mapping[str, Any]] = {
    "wechat": {
        **{name: f"${{WECHAT_{name.upper()}}}" for name in ("app_id", "app_secret", "token", "aes_key", "api_url")},
        "a_second": _FAST,
        "person_a_minute": _FAST,
        "subscriptions": {},
    },
    "sms": {
        **{
            name: f"${{TWILIO_{name.upper()}}}"
            for name in ("account_sid", "auth_token", "messaging_service_sid", "from", "api_url")
        },
        "a_second": _FAST,
        "person_a_minute": _FAST,
        "shared_keys": {},
    },
    "email": {"url": "", "from": ""},
    "wecom": {
        **{
            name: f"${{WECOM_{name.upper()}}}"
            for name in ("corp_id", "agent_id", "secret", "token", "aes_key", "api_url")
        },
        "a_second": _FAST,
        "person_a_minute": _FAST,
    },
    "wecom_robot": {"url": "${WECOM_WEBHOOK_URL}"},
    "dingtalk": {"url": "${DINGTALK_WEBHOOK_URL}", "secret": "${DINGTALK_SECRET}"},
    "feishu": {"url": "${FEISHU_WEBHOOK_URL}", "secret": "${FEISHU_SECRET}"},
    "pushes": {"hold_imports": "no"},
}
_HR = (  # empty, whatever the machine has: only the demo connects them, to its stand-in
    *(f"WECOM_{name}" for name in ("CORP_ID", "AGENT_ID", "SECRET", "TOKEN", "AES_KEY", "API_URL", "WEBHOOK_URL")),
    *("DINGTALK_WEBHOOK_URL", "DINGTALK_SECRET", "FEISHU_WEBHOOK_URL", "FEISHU_SECRET"),
)
_PRICES = {"+86": "0.35", "+1": "0.06", "+44": "0.40", "+65": "0.35"}
_TEMPLATES = {  # name: title, and what fills which field
    "training": ("培训安排通知", {"time1": "start", "thing2": "place", "thing3": "address"}),
    "reminder": ("培训提醒", {"time1": "start", "thing2": "place"}),
    "task": ("待办事项提醒", {"thing1": "company", "thing2": "stage"}),
    "update": ("入职进度通知", {"thing1": "stage", "thing2": "company"}),
}
_LABELS = {
    "start": "开始时间",
    "place": "地点",
    "address": "地址",
    "stage": "进度",
    "company": "公司",
}


def begin(folder: Path, port: int) -> dict[str, str]:
    """The folder as new, with its config; gives keys of this run alone, and an environment that leads every part there.

    What the understanding has learned stays from the last time: it depends on nothing here.
    """
    for old in (*(folder / name for name in _MADE), *folder.glob("keepwarm.db*"), *(folder / "var").glob("*")):
        if old.is_file():
            old.unlink()
        elif old.is_dir() and old.name != "understanding":
            shutil.rmtree(old)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(_config(), encoding="utf-8")
    return _environment(folder.resolve(), port)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def wechat(own: Mapping[str, str], port: int) -> Iterator[str]:
    """Gives the address of the stand-in; its webhooks go to this port."""
    account = ("--app-id", own["WECHAT_APP_ID"], "--app-secret", own["WECHAT_APP_SECRET"])
    keys = ("--token", own["WECHAT_TOKEN"], "--aes-key", own["WECHAT_AES_KEY"], "--mode", "secure")
    name = settings.load(Path(own["KEEPWARM_CONFIG"]), own).company.name
    with stand_in("wechat", *account, *keys, "--name", name, "--callback", f"http://{HOST}:{port}/wechat") as url:
        yield url


@contextmanager
def twilio(own: Mapping[str, str], port: int) -> Iterator[str]:
    """Gives the address of the stand-in; its webhooks go to this port."""
    account = ("--account-sid", own["TWILIO_ACCOUNT_SID"], "--auth-token", own["TWILIO_AUTH_TOKEN"])
    here = f"http://{HOST}:{port}/sms"
    with stand_in("twilio", *account, "--from", own["TWILIO_FROM"], "--callback", here, "--public-url", here) as url:
        yield url


@contextmanager
def robots(port: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Where HR is told. Gives the address of the stand-in, and what keepwarm needs to be connected with it; what staff
    write there goes to this port."""
    with stand_in("robots", "--callback", f"http://{HOST}:{port}/wecom") as url:
        environment: dict[str, str] = requests.get(f"{url}/_fake/state", timeout=10).json()["environment"]
        yield url, environment


@contextmanager
def stand_in(name: str, *options: str) -> Iterator[str]:
    """A program of fakes/ on a free port; gives its address."""
    command = [sys.executable, "-m", f"fakes.{name}", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HOME, start_new_session=True)  # noqa: S603
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "listening on " not in line:
            raise ConfigError(f"fakes.{name} does not start")
        yield line.rpartition(" ")[2].strip()
    finally:
        supervisor.end(process)


def keep_step(*fakes: str) -> None:
    """Their clocks show what ours does."""
    for url in fakes:
        requests.post(f"{url}/_fake/clock", json={"set": clock.now().timestamp()}, timeout=10).raise_for_status()


def move_in(folder: Path, now: datetime, candidates: int | None = None) -> Path:
    """Writes the company's sheets, with dates around `now`, imports them, and lets the rhythm begin; gives the file of
    people for the simulator."""
    sheets = folder / "company"
    size = () if candidates is None else ("--candidates", str(candidates))
    command = [sys.executable, "-m", "fakes.company", str(sheets.resolve()), "--now", now.isoformat(), *size]
    subprocess.run(command, check=True, cwd=HOME, stdout=subprocess.DEVNULL)  # noqa: S603
    loaded = settings.load()
    database, cipher = open_store(loaded.database_url, loaded.data_key, migrate=True)
    try:
        for what in ("staff", "stores", "cohorts", "candidates"):
            job = importing.ImportJob(what, sheets / f"{what}.csv", loaded, database, cipher, clock.now(), actor())
            if importing.run(job, lambda *_: None).bad:
                raise ConfigError(f"the sample company does not import: see {sheets / what}.csv.errors.csv")
        let_go(database, [who for who, _ in database.read(lambda c: plans.held(c, loaded.stages.closed))])
    finally:
        database.close()
    return _players(folder)


def give_passwords() -> str:
    """Everybody of HR has the same, of this run alone."""
    loaded = settings.load()
    password = secrets.token_urlsafe(9)
    kept = passwords.hashed(password)
    database, cipher = open_store(loaded.database_url, loaded.data_key)
    try:
        for one in database.read(lambda connection: staff_members.everybody(connection, cipher)):
            database.write(
                lambda connection, code=one.code: staff_members.change(connection, code, clock.now(), password=kept)  # type: ignore[misc]
            )
    finally:
        database.close()
    return password


def stories(folder: Path) -> list[dict[str, Any]]:
    """The hand-picked candidates."""
    found: list[dict[str, Any]] = json.loads((folder / "company" / "people.json").read_text(encoding="utf-8"))
    return found


def register_templates(wechat: str) -> None:
    """As the account's owner would have chosen them; from then on it knows no others."""
    for name, (title, fields) in _TEMPLATES.items():
        content = "\n".join(f"{_LABELS[value]}：{{{{{field}.DATA}}}}" for field, value in fields.items())
        template = {"template_id": _template_id(name), "title": title, "content": content}
        requests.post(f"{wechat}/_fake/templates", json=template, timeout=10).raise_for_status()


def _config() -> str:
    """The config in force, with its files where they are, and with sample templates and prices."""
    source = settings.path()
    if not source.is_file() and "KEEPWARM_CONFIG" not in os.environ:
        source = HOME / "config.yaml"  # whoever stands in another directory sees the same company
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{source}: cannot be read: {error.strerror}") from error
    document = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - words only, as bot.platform.yaml_text
    for name, sample in _FILES.items():
        if document.get(name):
            document[name] = str((source.parent / document[name]).resolve())
        elif (HOME / "fakes" / sample).is_file():
            document[name] = str(HOME / "fakes" / sample)
    for part, changes in _OVERRIDES.items():
        document[part] = {**(document.get(part) or {}), **changes}
    document["wechat"]["templates"] = {
        name: {"id": _template_id(name), "fields": fields} for name, (_, fields) in _TEMPLATES.items()
    }
    document["sms"]["prices"] = document["sms"].get("prices") or _PRICES
    for name in ("public_url", "database_url", "redis_url", "secret_key", "data_key"):
        document[name] = f"${{KEEPWARM_{name.upper()}}}"
    document["var"] = "var"
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _template_id(name: str) -> str:
    return f"sample-{name}"


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "KEEPWARM_CONFIG": str(folder / "config.yaml"),
        "KEEPWARM_DATABASE_URL": f"sqlite:///{folder}/keepwarm.db?synchronous=off",
        "KEEPWARM_REDIS_URL": "",
        "KEEPWARM_PUBLIC_URL": f"http://{HOST}:{port}",
        "KEEPWARM_SECRET_KEY": secrets.token_urlsafe(32),
        "KEEPWARM_DATA_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "WECHAT_APP_ID": "wx0123456789abcdef",
        "WECHAT_APP_SECRET": secrets.token_hex(16),
        "WECHAT_TOKEN": secrets.token_hex(8),
        "WECHAT_AES_KEY": base64.b64encode(secrets.token_bytes(32)).decode().rstrip("="),
        "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
        "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
        "TWILIO_MESSAGING_SERVICE_SID": "",
        "TWILIO_FROM": "+12025550100",
        **dict.fromkeys(_HR, ""),
    }


def _players(folder: Path) -> Path:
    """Writes whom the simulator offers: the hand-picked with their stories, then everybody else of the company."""
    hand_picked = stories(folder)
    with (folder / "company" / "candidates.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["code"]: row for row in csv.DictReader(file)}
    present = [story for story in hand_picked if story.get("code") in ("", None, *rows)]
    told = {story.get("code") for story in present}
    country = settings.load().company.country
    others = [
        {name: row[name] for name in ("code", "name", "stage", "locale", "invite")}
        | {"phone": phones.e164(row["phone"], country)}
        for code, row in rows.items()
        if code not in told
    ]
    path = folder / "people.json"
    players = [{**story, "code": story.get("code") or f"player {n}"} for n, story in enumerate(present, 1)]
    everybody = {"company": settings.load().company.name, "candidates": [*players, *others], "staff": []}
    path.write_text(json.dumps(everybody, ensure_ascii=False), encoding="utf-8")
    return path
