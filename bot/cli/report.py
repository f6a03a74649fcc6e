"""`keepwarm report`: figures for HR and for the boss."""

import enum
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Connection

from bot.cli.session import actor, opened
from bot.errors import ContentError
from bot.platform import clock, yaml_text
from bot.reports import render
from bot.reports.all import make
from bot.reports.model import ReportRequest, Table, Words
from bot.reports.words import table_words
from bot.settings import Settings
from bot.store import audit
from bot.store.cohorts import find
from bot.store.visibility import Visibility

_DAY = ["%Y-%m-%d"]
_FILES = ("report", "risk", "shared")  # that have what tables say
_WRITTEN = {"zh-Hant": "zh"}  # the words of reports stand in these


class Name(enum.StrEnum):
    """The reports of bot.reports.all."""

    summary = "summary"
    lost = "lost"
    cost = "cost"
    answers = "answers"
    risk = "risk"
    signals = "signals"


class Format(enum.StrEnum):
    """How a report can be written."""

    table = "table"
    csv = "csv"
    xlsx = "xlsx"
    svg = "svg"


def report(
    name: Annotated[Name, typer.Argument(help="Which report.", show_default=False)],
    cohort: Annotated[str, typer.Option(help="Only this cohort's code.")] = "",
    since: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="From this day on.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Up to and with this day.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.table,
    out: Annotated[Path | None, typer.Option(help="The file to write; standard output if left out.")] = None,
    locale: Annotated[str, typer.Option(help="zh or en; the company's own if left out.")] = "",
) -> None:
    """Print a report: summary (the page for the boss), lost, cost, answers, risk or signals.

    A workbook goes to a file (--out); the others to standard output, or there too.
    """
    if format_ is Format.xlsx and out is None:
        raise typer.BadParameter("a workbook needs --out FILE")
    with opened() as (loaded, database, _cipher):
        who, now = actor(), clock.now()
        asked = ReportRequest(Visibility(who, "admin", everybody=True), loaded, now, cohort, _day(since), _day(until))

        def tables(connection: Connection) -> list[Table]:
            if cohort:
                find(connection, cohort)
            return list(make(name.value, connection, asked))

        found = database.read(tables)
        words = _words(loaded, locale)
        detail = {"cohort": cohort, "format": format_.value}
        database.write(lambda connection: audit.record(connection, who, "report.show", name.value, now, detail))
    zone = loaded.company.zone
    if format_ is Format.table:
        _put(render.text(found, words, zone).encode(), out)
    else:
        _put(render.FILES[format_.value][0](found, words, zone), out)


def _put(written: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
    else:
        out.write_bytes(written)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _words(settings: Settings, locale: str) -> Words:
    wanted = locale or settings.company.locale
    folder = settings.messages / _WRITTEN.get(wanted, wanted)
    report, risk, shared = documents = [yaml_text.read(folder / f"{name}.yaml") for name in _FILES]
    if faults := [fault for document in documents for fault in document.faults]:
        raise ContentError(faults)
    return table_words(report.data, risk.data, shared.data["formats"]["comma"])
