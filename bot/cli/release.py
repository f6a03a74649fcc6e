"""`keepwarm candidates release`: lets the rhythm begin for those who were imported and wait."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from bot.cli.session import actor, opened
from bot.content import load
from bot.errors import ConfigError
from bot.platform import clock
from bot.proactive.preview import coming, counted
from bot.settings import Settings
from bot.store import audit, plans
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database

_WEEK = timedelta(days=7)
_AT_ONCE = 200  # candidates in a transaction


def release(
    codes: Annotated[list[str] | None, typer.Argument(help="Candidates' codes; none: everybody who is held.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Let the rhythm begin for candidates held since their import. Shows first what the next week would bring."""
    with opened() as (loaded, database, cipher):
        ids = _chosen(loaded, database, codes or [])
        if not ids:
            typer.echo("nobody is held")
            return
        for line in preview(loaded, database, cipher, ids):
            typer.echo(line)
        if not yes and not _agreed():
            typer.echo("nothing is changed")
            return
        typer.echo(f"{let_go(database, ids):,} released")


def preview(settings: Settings, database: Database, cipher: Cipher, ids: list[int]) -> list[str]:
    """What the next seven days would bring these candidates, counted."""
    lines = list(coming(load(settings).rhythm, settings, database, cipher, ids, clock.now(), _WEEK))
    return [f"{len(ids):,} held; in the next 7 days they would get:", *counted(lines)]


def let_go(database: Database, ids: list[int]) -> int:
    """Releases them, some in a transaction; gives how many."""
    count, now, who = 0, clock.now(), actor()
    for begin in range(0, len(ids), _AT_ONCE):
        part = ids[begin : begin + _AT_ONCE]
        count += database.write(lambda connection, part=part: plans.release(connection, part, now))  # type: ignore[misc]
    detail = {"released": count}
    database.write(lambda connection: audit.record(connection, who, "candidates.release", None, now, detail))
    return count


def _chosen(settings: Settings, database: Database, codes: list[str]) -> list[int]:
    """Raises ConfigError where a code is not that of a held candidate."""
    held = {code: number for number, code in database.read(lambda c: plans.held(c, settings.stages.closed))}
    if strange := [code for code in codes if code not in held]:
        raise ConfigError(f"not held, or no open candidate: {', '.join(strange)}: nothing is changed")
    return [held[code] for code in codes] if codes else list(held.values())


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("nobody can be asked here, and nothing is changed: add --yes")
    return typer.confirm("Release?", default=False)
