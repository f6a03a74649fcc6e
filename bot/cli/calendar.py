"""`keepwarm calendar`: what would be said to whom and when, and what a change would alter, before it does."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot import clock
from bot.cli.opened import opened
from bot.content import load
from bot.content.touchpoints import read_touchpoints
from bot.errors import ConfigError, ContentError
from bot.importing import cells
from bot.rhythm import Planned, Rhythm, Situation, plan
from bot.rhythm.planning import without
from bot.settings import Settings
from bot.store import people, planning
from bot.store.cipher import Cipher
from bot.store.database import Database

_AT_ONCE = 200  # candidates that are read together


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is to be said. `at`: by the candidate's clock. `held`: the candidate is not released yet.
    `change`: what another rhythm or date would make of it: new, gone, other, or ""."""

    at: datetime
    candidate: str
    entry: str
    occasion: str
    kind: str
    begins: str
    when: str
    held: bool
    change: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What the calendar is to be compared with: another rhythm, or another start of a cohort."""

    rhythm: Rhythm | None = None
    starts: tuple[str, datetime] | None = None


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
        lines = list(coming(loaded, database, cipher, wanted, clock.now(), timedelta(days=days), change))
    if as_json:
        typer.echo(json.dumps([asdict(line) | {"at": line.at.isoformat()} for line in lines], ensure_ascii=False))
    elif not lines:
        typer.echo("nothing is altered" if change else f"nothing in the next {days} days")
    else:
        for text in _each(lines) if candidate or change else counted(lines):
            typer.echo(text)
        if held := len({line.candidate for line in lines if line.held}):
            typer.echo(f"{held:,} not released yet, shown as if it happened now: keepwarm candidates release")


def coming(
    settings: Settings,
    database: Database,
    cipher: Cipher,
    ids: Sequence[int],
    now: datetime,
    ahead: timedelta,
    change: Change | None = None,
) -> Iterator[Line]:
    """What is to come for these candidates, day by day; with `change` only what that alters. Who is not released is
    shown as if that happened now."""
    current = load(settings).rhythm
    lines: list[Line] = []
    for begin in range(0, len(ids), _AT_ONCE):
        part = ids[begin : begin + _AT_ONCE]
        for who in database.read(lambda c, part=part: planning.situations(c, cipher, settings, part)):  # type: ignore[misc]
            known = replace(who, released_at=who.released_at or now)
            before = _still(current, known, settings, now, ahead)
            lines += _altered(before, known, change, current, settings, now, ahead) if change else before
    yield from sorted(lines, key=lambda line: (line.at, line.candidate, line.entry))


def counted(lines: Sequence[Line]) -> Iterator[str]:
    """How many of each entry a day."""
    counts = Counter((line.at.date(), line.entry, line.kind) for line in lines)
    for (day, entry, kind), count in sorted(counts.items()):
        yield f"{day:%Y-%m-%d %a}  {count:6,}  {kind:<6}  {entry}"


def _wanted(settings: Settings, database: Database, candidate: str) -> list[int]:
    if not candidate:
        return database.read(lambda connection: planning.open_ids(connection, settings.stages.closed))
    found = database.read(lambda connection: people.by_code(connection, candidate))
    if found is None:
        raise ConfigError(f"no candidate has the code {candidate}")
    return [found]


def _change(settings: Settings, rhythm: Path | None, start: str) -> Change | None:
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
    return Change(read, _start(settings, start) if start else None)


def _start(settings: Settings, text: str) -> tuple[str, datetime]:
    cohort, _, moment = text.partition("=")
    try:
        found = cells.wall(moment)
    except cells.BadCell as error:
        raise ConfigError(f"--start {error}") from None
    if not cohort or not isinstance(found, datetime):
        raise ConfigError("--start needs a cohort's code and a moment: --start K5='2026-12-05 09:00'")
    return cohort, cells.aware(found, settings.company.zone)


def _still(rhythm: Rhythm, who: Situation, settings: Settings, now: datetime, ahead: timedelta) -> list[Line]:
    planned = without(plan(rhythm, who, now, settings.pushes.holidays, now + ahead), who.told).touches
    return [_line(each, who, now) for each in planned if each.at < now + ahead]


def _altered(
    before: Sequence[Line],
    who: Situation,
    change: Change,
    current: Rhythm,
    settings: Settings,
    now: datetime,
    ahead: timedelta,
) -> list[Line]:
    other = who
    if change.starts and who.cohort == change.starts[0]:
        other = replace(who, starts_at=change.starts[1])
    after = _still(change.rhythm or current, other, settings, now, ahead)
    was = {(line.entry, line.occasion): line for line in before}
    becomes = {(line.entry, line.occasion): line for line in after}
    gone = [replace(line, change="gone") for key, line in was.items() if key not in becomes]
    new = [replace(line, change="new") for key, line in becomes.items() if key not in was]
    moved = [replace(line, change="other") for key, line in becomes.items() if key in was and was[key] != line]
    return [*gone, *new, *moved]


def _line(each: Planned, who: Situation, now: datetime) -> Line:
    when = ", ".join(f"{fact}: {'/'.join(sorted(words))}" for fact, words in each.when.items())
    at = max(each.at, now).astimezone(who.here)
    return Line(at, who.code, each.entry, each.occasion, each.kind, each.begins, when, who.released_at == now)


def _each(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        notes = [f"if {line.when}"] if line.when else []
        notes += ["not released yet"] if line.held else []
        told = f" ({'; '.join(notes)})" if notes else ""
        change = f"{line.change:<6}" if line.change else ""
        what = f"{line.kind:<6}  {line.entry}: {line.begins}{told}"
        yield f"{change}{line.at:%Y-%m-%d %a %H:%M}  {line.candidate}  {what}"
