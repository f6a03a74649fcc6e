"""`keepwarm calendar`: what would be said to whom and when, and what a change would alter, before it does."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.session import opened
from bot.content import load
from bot.content.touchpoints import read_touchpoints
from bot.errors import ConfigError, ContentError
from bot.imports import cells
from bot.platform import clock
from bot.proactive.preview import Comparison, PreviewLine, coming, counted
from bot.settings import Settings
from bot.store import people, plans
from bot.store.db.database import Database


def calendar(
    candidate: Annotated[str, typer.Option(help="Only this candidate's code.")] = "",
    days: Annotated[int, typer.Option(help="So many days ahead.", min=1, max=366)] = 30,
    rhythm: Annotated[Path | None, typer.Option(help="What this other touchpoints.yaml would alter.")] = None,
    start: Annotated[str, typer.Option(help="What another start would alter: COHORT=2026-12-05 09:00.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """What keepwarm will say by itself: to one candidate line by line, to all as counts a day. Changes nothing."""
    with opened() as (loaded, database, cipher):
        wanted = _wanted(loaded, database, candidate)
        change = _change(loaded, rhythm, start)
        lines = list(
            coming(load(loaded).rhythm, loaded, database, cipher, wanted, clock.now(), timedelta(days=days), change)
        )
    if as_json:
        typer.echo(json.dumps([asdict(line) | {"at": line.at.isoformat()} for line in lines], ensure_ascii=False))
    elif not lines:
        typer.echo("nothing is altered" if change else f"nothing in the next {days} days")
    else:
        for text in _each(lines) if candidate or change else counted(lines):
            typer.echo(text)
        if held := len({line.candidate for line in lines if line.held}):
            typer.echo(f"{held:,} not released yet, shown as if it happened now: keepwarm candidates release")


def _wanted(settings: Settings, database: Database, candidate: str) -> list[int]:
    if not candidate:
        return database.read(lambda connection: plans.open_ids(connection, settings.stages.closed))
    found = database.read(lambda connection: people.by_code(connection, candidate))
    if found is None:
        raise ConfigError(f"no candidate has the code {candidate}")
    return [found]


def _change(settings: Settings, rhythm: Path | None, start: str) -> Comparison | None:
    """Raises ContentError with the faults of the other file, ConfigError where a start cannot be read."""
    if rhythm is None and not start:
        return None
    read = None
    if rhythm is not None:
        content = load(settings)
        if not rhythm.exists():
            raise ConfigError(f"{rhythm} does not exist")
        read, document = read_touchpoints(rhythm, content.flows.by_name, settings.stages.all, content.stories)
        if document.faults:
            raise ContentError(document.faults)
    return Comparison(read, _start(settings, start) if start else None)


def _start(settings: Settings, text: str) -> tuple[str, datetime]:
    cohort, _, moment = text.partition("=")
    try:
        found = cells.wall(moment)
    except cells.BadCell as error:
        raise ConfigError(f"--start {error}") from None
    if not cohort or not isinstance(found, datetime):
        raise ConfigError("--start needs a cohort's code and a moment: --start K5='2026-12-05 09:00'")
    return cohort, cells.aware(found, settings.company.zone)


def _each(lines: Sequence[PreviewLine]) -> Iterator[str]:
    for line in lines:
        notes = [f"if {line.when}"] if line.when else []
        notes += ["not released yet"] if line.held else []
        told = f" ({'; '.join(notes)})" if notes else ""
        change = f"{line.change:<6}" if line.change else ""
        what = f"{line.kind:<6}  {line.entry}: {line.begins}{told}"
        yield f"{change}{line.at:%Y-%m-%d %a %H:%M}  {line.candidate}  {what}"
