"""The parts of keepwarm: serving, checking, migrating, and all of it in one command."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from bot import settings
from bot.cli import demo as sample
from bot.cli import expected, supervisor
from bot.cli.session import opened
from bot.content.reader import read
from bot.errors import ContentError, Fault, KeepwarmError
from bot.platform import clock, log
from bot.platform.garbage_collection import lasting
from bot.record.vocabulary import TEMPLATES, VALUES
from bot.rhythm import holidays
from bot.settings import Settings, Template, Wechat
from bot.staff.permissions import roles_with
from bot.store.db import schema
from bot.store.db.database import Database
from bot.store.tables import staff

_SOON = timedelta(days=31)  # in which a year has to be known
Host = Annotated[str, typer.Option(help="Listen on this address.")]
Port = Annotated[int, typer.Option(help="Listen on this port.")]


def serve(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Answer webhooks and show pages. Start as many as you like behind a balancer."""
    with lasting():
        from bot.runtime import build
        from bot.web.app import serve as serve_app

    log.configure()
    supervisor.require_free(host, port, "serve")
    with opened() as (loaded, database, cipher):
        with lasting():
            house = build(loaded, cipher)
        serve_app(house, database, host, port)


def migrate() -> None:
    """Bring the database to this version. Safe to run again."""
    loaded = settings.load()
    database = Database(loaded.database_url)
    try:
        typer.echo(f"schema {schema.migrate(database)}")
    finally:
        database.close()


def check(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Name every fault of config, flows and messages, with file and line; exit 1 if there is one.

    Without faults: how well people should be understood, and which meanings need more ways of asking.
    """
    faults, notes = _faults()
    understanding = None if faults else expected.report(settings.load())
    if as_json:
        rows = [{"file": fault.file, "line": fault.line, "fault": fault.text} for fault in faults]
        said = {"faults": rows, "notes": notes, "understanding": understanding}
        typer.echo(json.dumps(said, ensure_ascii=False))
    else:
        for note in notes:
            typer.echo(f"note: {note}")
        for fault in faults:
            typer.echo(str(fault), err=True)
        typer.echo(f"{len(faults)} faults" if faults else "no faults")
        for line in expected.lines(understanding) if understanding else ():
            typer.echo(line)
    raise typer.Exit(1 if faults else 0)


def run(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Everything in one command on this machine, with your config.yaml: serve, work, schedule."""
    log.configure()
    settings.load()
    supervisor.require_free(host, port, "run")
    migrate()
    with opened():
        pass  # with the right key, before parts begin
    supervisor.run(
        [supervisor.serve(host, port), supervisor.Service("work"), supervisor.Service("schedule")], dict(os.environ)
    )


def demo(
    port: Port = 8080, folder: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = Path("var/demo")
) -> None:
    """Everything at once with a sample company and stand-ins for WeChat and Twilio."""
    log.configure("warning")
    sample.demo(port, folder)


def _faults() -> tuple[list[Fault], list[str]]:
    try:
        loaded = settings.load()
    except ContentError as error:
        return list(error.faults), []
    return read(loaded)[1], _notes(loaded)


def _notes(loaded: Settings) -> list[str]:
    """What is not wrong, but an operator wants to know."""
    notes = []
    if not loaded.wechat.on:
        notes.append("wechat is off: set WECHAT_APP_ID, WECHAT_APP_SECRET and WECHAT_TOKEN")
    elif not loaded.wechat.app_secret:
        notes.append("wechat only answers: without WECHAT_APP_SECRET nothing can be sent")
    notes += _template_notes(loaded.wechat)
    if not loaded.sms.on:
        notes.append("sms is off: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    elif not (loaded.sms.messaging_service_sid or loaded.sms.sender):
        notes.append("sms only answers: set TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM to send")
    elif loaded.company.country == "CN" and "*" in loaded.sms.china_templates:
        notes.append("sms.china_templates lets every text through to +86: name those that you have registered there")
    if not loaded.email.on:
        notes.append("email is off: set SMTP_URL and email.from")
    notes += _staff_notes(loaded)
    notes += _day_notes(loaded, clock.now())
    for name, value in (("KEEPWARM_DATA_KEY", loaded.data_key), ("KEEPWARM_SECRET_KEY", loaded.secret_key)):
        if not value:
            notes.append(f"{name} is not set: serving needs it")
    notes += _night_notes(loaded)
    if not loaded.public_url.startswith("https://"):
        notes.append(f"public_url is {loaded.public_url}: WeChat and Twilio need an https address they can reach")
    elif not loaded.web.trusted_proxies:
        notes.append("web.trusted_proxies is empty: name the proxy that speaks https, so that sign-ins are told apart")
    return notes


def _day_notes(loaded: Settings, now: datetime) -> list[str]:
    """Years that come within a month and whose make-up workdays nobody has told yet."""
    years = sorted({day.astimezone(loaded.company.zone).year for day in (now, now + _SOON)})
    teams = (team.holidays for team in loaded.hr.teams.values() if team.holidays)
    countries = sorted({loaded.company.country, loaded.pushes.holidays, loaded.hr.holidays, *teams})
    return [
        f"holidays {holidays.VERSION} has no make-up workdays of {year} for {country}, though it has of earlier years: "
        "once they are announced, name them in holidays.extra and workdays.extra"
        for country in countries
        for year in years
        if holidays.known(country) and holidays.lacks_decree(country, year) and not _named(loaded, country, year)
    ]


def _named(loaded: Settings, country: str, year: int) -> bool:
    extra = loaded.extra_days(country)
    return any(day.year == year for day in (*extra.off, *extra.worked))


def _staff_notes(loaded: Settings) -> list[str]:
    """Where HR is not told, and which half of an account is missing."""
    wecom = loaded.wecom
    needed = {"WECOM_CORP_ID": wecom.corp_id, "WECOM_AGENT_ID": wecom.agent_id, "WECOM_SECRET": wecom.secret}
    missing = [name for name, value in needed.items() if not value]
    notes = [f"wecom is off: set {' and '.join(missing)}"] if missing else []
    if wecom.on and not wecom.hears:
        notes.append("wecom only tells: set WECOM_TOKEN and WECOM_AES_KEY to read what staff write there")
    if not loaded.wecom_robot.on:
        notes.append("wecom_robot is off: set WECOM_WEBHOOK_URL")
    for name, robot in (("dingtalk", loaded.dingtalk), ("feishu", loaded.feishu)):
        if not robot.on:
            notes.append(f"{name} is off: set {name.upper()}_WEBHOOK_URL")
        elif not (robot.secret or robot.keyword):
            notes.append(f"{name} does not sign: set {name.upper()}_SECRET, unless the robot is guarded by addresses")
    return notes


def _night_notes(loaded: Settings) -> list[str]:
    """Who is to watch the nights and cannot, as far as the staff are known here."""
    if not loaded.hr.nights:
        return []
    file = sa.engine.make_url(loaded.database_url)
    if file.get_backend_name() == "sqlite" and not Path(file.database or "").exists():
        return ["hr.nights is not looked up: there is no database yet"]
    try:
        with opened() as (_, database, _cipher):
            working = sa.select(staff.c.code).where(staff.c.role.in_(roles_with("work")))
            workers = database.read(lambda c: set(c.scalars(working)))
    except (KeepwarmError, sa.exc.SQLAlchemyError):
        return ["hr.nights is not looked up: the database does not answer"]
    return [
        f"hr.nights: {code} is no recruiter, manager or admin, and is passed: see keepwarm staff list"
        for code in loaded.hr.nights
        if code not in workers
    ]


def _template_notes(wechat: Wechat) -> list[str]:
    """What would keep a notice from the templates that are there for it."""
    if not wechat.on:
        return []
    named = [("templates", *item) for item in wechat.templates.items()]
    named += [("subscriptions", *item) for item in wechat.subscriptions.items()]
    notes = [note for kind, name, template in named for note in _faults_of(f"wechat.{kind}.{name}", name, template)]
    if wechat.templates and "training" not in wechat.templates:
        notes.insert(0, "wechat.templates has no training: its date goes by SMS where the chat is closed")
    return notes


def _faults_of(where: str, name: str, template: Template) -> list[str]:
    unused = [] if name in TEMPLATES else [f"{where} is used by nothing: the names are {', '.join(TEMPLATES)}"]
    unknown = [(field, value) for field, value in template.fields.items() if value not in VALUES]
    return unused + [f"{where}.{field}: {value} is no value, see flows/README.md" for field, value in unknown]
