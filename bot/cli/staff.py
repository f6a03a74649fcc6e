"""`keepwarm staff`: HR's accounts in the inbox: who there is, passwords, sessions, absence, language."""

import json
import sys
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.cli.session import actor, opened
from bot.errors import ConfigError
from bot.imports import cells
from bot.platform import clock
from bot.settings import Settings
from bot.staff import passwords
from bot.store import audit, sessions, staff_members
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.staff_members import StaffMember

app = typer.Typer(help="HR accounts: list, password, sign-out, away, locale.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="The staff member's code.")]
_LOCALES = ("zh", "en")


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Everybody of HR: role, whether they can sign in, until when they are away and who stands in."""
    with opened() as (_, database, cipher):
        everybody = database.read(lambda connection: staff_members.everybody(connection, cipher))
    if as_json:
        typer.echo(json.dumps([_shown(one) for one in everybody], ensure_ascii=False))
        return
    for one in everybody:
        enters = "signs in" if one.password else "no password"
        away = f"away until {one.away_until:%Y-%m-%d %H:%M} UTC" if one.away_until else "-"
        typer.echo("\t".join((one.code, one.name, one.role, enters, away, one.deputy or "-")))


@app.command()
def password(
    code: Code, link: Annotated[bool, typer.Option("--link", help="Print a link, and do not ask.")] = False
) -> None:
    """Set a password: asks for it on a terminal, else prints a link that sets it once, within 24 hours."""
    with opened() as (loaded, database, cipher):
        found = _find(database, cipher, code)
        if link or not sys.stdin.isatty():
            typer.echo(passwords.link(loaded, code, found.password))
            _note(database, "staff.password_link", code)
            return
        kept = passwords.hashed(_asked())
        who, now = actor(), clock.now()

        def keep(connection: Any) -> None:
            staff_members.change(connection, code, now, password=kept)
            sessions.end_all(connection, code, now)
            audit.record(connection, who, "password.set", code, now, {"by": "cli"})

        database.write(keep)
    typer.echo(f"{code}: the password is set, and every session is ended")


@app.command("sign-out")
def sign_out(code: Code) -> None:
    """End every session of this person."""
    with opened() as (_, database, cipher):
        _find(database, cipher, code)
        now = clock.now()
        ended = database.write(lambda connection: sessions.end_all(connection, code, now))
        _note(database, "staff.sign_out", code)
    typer.echo(f"{code}: {ended} signed out")


@app.command()
def away(
    code: Code, until: Annotated[str, typer.Argument(help="A day or a moment, like 2026-12-05; - for back.")]
) -> None:
    """Say until when this person is away: their cases go to their deputy meanwhile."""
    with opened() as (loaded, database, cipher):
        _find(database, cipher, code)
        moment = None if until == "-" else _moment(until, loaded)
        database.write(lambda connection: staff_members.change(connection, code, clock.now(), away_until=moment))
        _note(database, "staff.away", code)
    typer.echo(f"{code}: {'back' if moment is None else f'away until {moment:%Y-%m-%d %H:%M} UTC'}")


@app.command()
def locale(code: Code, locale: Annotated[str, typer.Argument(help="zh or en.")]) -> None:
    """Choose the language of this person's inbox and alerts."""
    if locale not in _LOCALES:
        raise typer.BadParameter(f"use {' or '.join(_LOCALES)}")
    with opened() as (_, database, cipher):
        _find(database, cipher, code)
        database.write(lambda connection: staff_members.change(connection, code, clock.now(), locale=locale))
        _note(database, "staff.locale", code)
    typer.echo(f"{code}: {locale}")


def _find(database: Database, cipher: Cipher, code: str) -> StaffMember:
    found = database.read(lambda connection: staff_members.find(connection, cipher, code))
    if found is None:
        raise ConfigError(f"no staff member has the code {code}: keepwarm staff list")
    return found


def _asked() -> str:
    given: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if not passwords.SHORTEST <= len(given) <= passwords.LONGEST:
        raise ConfigError(f"a password has {passwords.SHORTEST} to {passwords.LONGEST} characters: nothing is changed")
    return given


def _moment(text: str, settings: Settings) -> datetime:
    try:
        return cells.aware(cells.wall(text), settings.company.zone)
    except cells.BadCell as error:
        raise ConfigError(f"{text!r} {error}") from None


def _note(database: Database, action: str, code: str) -> None:
    who, now = actor(), clock.now()
    database.write(lambda connection: audit.record(connection, who, action, code, now))


def _shown(one: StaffMember) -> dict[str, Any]:
    away_until = one.away_until.isoformat() if one.away_until else None
    return {
        "code": one.code,
        "name": one.name,
        "role": one.role,
        "locale": one.locale,
        "password": one.password is not None,
        "away_until": away_until,
        "deputy": one.deputy,
        "alerts": list(one.alerts),
    }
