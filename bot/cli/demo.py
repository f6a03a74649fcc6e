"""The demo: a sample company, stand-ins for WeChat and Twilio, and every part of keepwarm, on this machine only."""

import base64
import csv
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import typer

from bot import clock, embedded_redis, links, settings
from bot.cli import group, menu
from bot.cli.opened import actor
from bot.errors import ConfigError
from bot.importing import run as importing
from bot.store import people
from bot.store.opening import open_store

_HOST = "127.0.0.1"
_HOME = Path(__file__).parent.parent.parent


def demo(port: int, folder: Path) -> None:
    """Begins afresh each time, so that the sample dates lie around today."""
    _require_free(port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    own = _secrets(port, folder.resolve())
    with ExitStack() as stack:
        wechat = stack.enter_context(_stand_in("wechat", *_wechat_options(own, port)))
        twilio = stack.enter_context(_stand_in("twilio", *_twilio_options(own, port)))
        own |= {"WECHAT_API_URL": wechat, "TWILIO_API_URL": twilio}
        os.environ.update(own)
        page = _company(folder)
        menu.put(settings.load())
        players = _players(folder)
        simulator = stack.enter_context(
            _stand_in("simulator", "--wechat", wechat, "--twilio", twilio, "--people", str(players))
        )
        environment = {**os.environ, "KEEPWARM_SIM_URL": simulator}
        stack.callback(embedded_redis.stop, embedded_redis.start(settings.load().var))
        parts = [group.serve(_HOST, port), group.Part("work"), group.Part("schedule")]
        group.run(parts, environment, lambda: _tell(port, page, folder))
    typer.echo("\nstopped")


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            raise ConfigError(f"port {port} is in use on this machine: free it, or keepwarm demo --port N") from None


def _secrets(port: int, folder: Path) -> dict[str, str]:
    """Keys of this run alone, and an environment that leads every part to the demo's own data."""
    config = folder / "config.yaml"
    shutil.copy(settings.path(), config)
    for file, name in (("faq", "faq"), ("employee_stories", "stories")):
        shutil.copy(_HOME / "fakes" / "company" / f"{file}.yaml", folder / f"{name}.yaml")
    return {
        "KEEPWARM_CONFIG": str(config),
        "KEEPWARM_DATABASE_URL": f"sqlite:///{folder}/keepwarm.db",
        "KEEPWARM_REDIS_URL": "",
        "KEEPWARM_PUBLIC_URL": f"http://{_HOST}:{port}",
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
    }


def _wechat_options(own: Mapping[str, str], port: int) -> tuple[str, ...]:
    account = ("--app-id", own["WECHAT_APP_ID"], "--app-secret", own["WECHAT_APP_SECRET"])
    keys = ("--token", own["WECHAT_TOKEN"], "--aes-key", own["WECHAT_AES_KEY"], "--mode", "secure")
    name = settings.load(environment=own).company.name
    return (*account, *keys, "--name", name, "--callback", f"http://{_HOST}:{port}/wechat")


def _twilio_options(own: Mapping[str, str], port: int) -> tuple[str, ...]:
    account = ("--account-sid", own["TWILIO_ACCOUNT_SID"], "--auth-token", own["TWILIO_AUTH_TOKEN"])
    here = f"http://{_HOST}:{port}"
    return (*account, "--from", own["TWILIO_FROM"], "--callback", f"{here}/sms", "--public-url", f"{here}/sms")


@contextmanager
def _stand_in(name: str, *options: str) -> Iterator[str]:
    """A program of fakes/ on a free port; gives its address."""
    command = [sys.executable, "-m", f"fakes.{name}", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_HOME, start_new_session=True)  # noqa: S603
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "listening on " not in line:
            raise ConfigError(f"fakes.{name} does not start")
        yield line.rpartition(" ")[2].strip()
    finally:
        group.end(process)


def _company(folder: Path) -> str:
    """Writes and imports the sample company; gives the address of one candidate's page."""
    sheets = folder / "company"
    command = [sys.executable, "-m", "fakes.company", str(sheets.resolve())]
    subprocess.run(command, check=True, cwd=_HOME, stdout=subprocess.DEVNULL)  # noqa: S603
    loaded = settings.load()
    database, cipher = open_store(loaded.database_url, loaded.data_key, migrate=True)
    try:
        for what in ("staff", "stores", "cohorts", "candidates"):
            file = sheets / f"{what}.csv"
            report = importing.run(
                importing.Job(what, file, loaded, database, cipher, clock.now(), actor()), lambda *_: None
            )
            if report.bad:
                raise ConfigError(f"the sample company does not import: see {file}.errors.csv")
        code = _stories(folder)[0]["code"]
        number = database.read(lambda connection: people.by_code(connection, code))
        return links.page_link(loaded, number or 0, 1)
    finally:
        database.close()


def _stories(folder: Path) -> list[dict[str, Any]]:
    stories: list[dict[str, Any]] = json.loads((folder / "company" / "people.json").read_text(encoding="utf-8"))
    return stories


def _players(folder: Path) -> Path:
    """Writes whom the simulator offers: the hand-picked with their stories, then everybody else of the company."""
    stories = _stories(folder)
    told = {story.get("code") for story in stories}
    with (folder / "company" / "candidates.csv").open(encoding="utf-8-sig", newline="") as file:
        others = [
            {name: row[name] for name in ("code", "name", "stage", "locale", "phone", "invite")}
            for row in csv.DictReader(file)
            if row["code"] not in told
        ]
    path = folder / "people.json"
    players = [{**story, "code": story.get("code") or f"player {n}"} for n, story in enumerate(stories, 1)]
    everybody = {"company": settings.load().company.name, "candidates": [*players, *others], "staff": []}
    path.write_text(json.dumps(everybody, ensure_ascii=False), encoding="utf-8")
    return path


def _tell(port: int, page: str, folder: Path) -> None:
    """Once the door is open; if it does not open within a minute the parts' own lines say why."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex((_HOST, port)) == 0:
                break
        time.sleep(0.1)
    typer.echo(f"""
keepwarm demo: a sample company with stand-ins for WeChat and Twilio; all data in {folder}

  phone simulator   http://{_HOST}:{port}/sim
  candidate's page  {page}
  probes            http://{_HOST}:{port}/readyz  http://{_HOST}:{port}/metrics

Ctrl-C stops all of it.
""")
