"""`keepwarm import`: a company's spreadsheets into the record."""

import enum
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.cli.release import preview
from bot.cli.session import actor, opened
from bot.errors import KeepwarmError
from bot.imports import run as importing
from bot.imports.run import ImportJob, Report
from bot.platform import clock
from bot.settings import Settings
from bot.store import plans
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database

_FOUND_FAULTS = 1
_USAGE = 2


class What(enum.StrEnum):
    """The kinds of file."""

    stores = "stores"
    cohorts = "cohorts"
    candidates = "candidates"
    staff = "staff"


def import_(
    what: Annotated[What, typer.Argument(help="What the rows are.", show_default=False)],
    file: Annotated[Path, typer.Argument(help="CSV or XLSX with a header row.", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only: change nothing in the record.")] = False,
    map_: Annotated[
        Path | None, typer.Option("--map", help="YAML: {their header: our column}; see docs/headers.zh.yaml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Import stores, cohorts, candidates or staff: good rows in, bad rows out to FILE.errors.csv with the reason.

    Rows are matched by `code`. Empty cells and absent columns change nothing; `-` clears. Running the same file
    again changes nothing. --dry-run writes FILE.errors.csv too, and nothing else. Exit code 1 if any row was bad.
    """
    with opened() as (settings, database, cipher):
        report = _ran(ImportJob(what, file, settings, database, cipher, clock.now(), actor(), dry_run, map_))
        _tell(report, file, dry_run, as_json)
        if what == What.candidates and report.created and not dry_run:
            _hold(settings, database, cipher, as_json)
    raise typer.Exit(_FOUND_FAULTS if report.bad else 0)


def _ran(job: ImportJob) -> Report:
    try:
        with _bar(job.file) as progress:
            return importing.run(job, progress)
    except KeepwarmError as error:
        _complain(str(error))
        raise typer.Exit(_USAGE) from None


@contextmanager
def _bar(file: Path) -> Iterator[importing.Progress]:
    """A progress bar on a terminal, nothing elsewhere."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(file.name, total=1.0, rows=0)
        yield lambda share, report: bar.update(task, completed=share, rows=report.rows)


def _tell(report: Report, file: Path, dry_run: bool, as_json: bool) -> None:
    for note in report.notes:
        _complain(f"{file.name}: {note}")
    _list(report.warnings, report.warned, "")
    _list(report.faults, report.bad, f", see {report.errors_file}")
    if as_json:
        typer.echo(json.dumps({**report.counts, "warnings": report.warned, "dry_run": dry_run}))
        return
    typer.echo("  ".join(f"{name} {count:,}" for name, count in report.counts.items()))
    if dry_run:
        typer.echo("dry run: the record is unchanged")
    if report.errors_file:
        typer.echo(f"bad rows: {report.errors_file}")


def _hold(settings: Settings, database: Database, cipher: Cipher, as_json: bool) -> None:
    """Shows what those who are held would hear."""
    held = [number for number, _ in database.read(lambda c: plans.held(c, settings.stages.closed))]
    if held and not as_json:
        for line in preview(settings, database, cipher, held):
            typer.echo(line)
        typer.echo("nothing of it goes out before: keepwarm candidates release")


def _list(shown: list[str], count: int, where: str) -> None:
    for text in shown:
        _complain(text)
    if count > len(shown):
        _complain(f"and {count - len(shown):,} more{where}")


def _complain(text: str) -> None:
    typer.echo(text, err=True)
