"""The reports: one page to print for the boss, and files to take along, with the figures of whom one may see."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from markupsafe import Markup
from sqlalchemy.engine import Connection

from bot.content.templates import written_at
from bot.conversation import Runtime
from bot.reports import picture, render
from bot.reports.all import REPORTS, make
from bot.reports.format import NUMBERS, heading, shown
from bot.reports.model import ReportRequest, Table, Words
from bot.reports.words import table_words
from bot.store import cohorts
from bot.web.hr.form_dates import YEARS
from bot.web.hr.request import Denied, File, Page, StaffRequest, Unfit

_PAGE = "summary"
_NOTES = {"standing": "note_lost", "cost": "note_cost", "answers": "note_answers"}


def show(visit: StaffRequest) -> Page:
    """The page for the boss, for one cohort (`cohort`) and a time (`from`, `to`) if the address says so."""
    asked = _asked(visit)
    house, locale = visit.desk.house, visit.speech.locale
    return Page("hr/report.html", visit.read(lambda connection: body_values(house, connection, asked, locale)))


def download(visit: StaffRequest) -> File:
    """One report as a file. 404 for what is no report, or no format of one."""
    name, format_ = visit.asked.place["name"], visit.asked.place["format"]
    if name not in REPORTS or format_ not in render.FILES:
        raise Denied("report")
    asked = _asked(visit)
    write, kind = render.FILES[format_]
    tables = visit.read(lambda connection: make(name, connection, asked))
    visit.write(lambda c: visit.note(c, "report.download", name, format=format_, cohort=asked.cohort))
    words = words_of(visit.desk.house, visit.speech.locale)
    today = visit.now.astimezone(asked.zone).date()
    return File(f"{name}-{today:%Y-%m-%d}.{format_}", write(tables, words, asked.zone), kind)


def _asked(visit: StaffRequest) -> ReportRequest:
    """A day that is none counts as not given; a cohort that is none, or not theirs, is refused."""
    since, until = _day(visit.wish("from")), _day(visit.wish("to"))
    asked = ReportRequest(visit.sight, visit.desk.house.settings, visit.now, visit.wish("cohort")[:64], since, until)
    if asked.cohort and asked.cohort not in visit.read(lambda c: cohorts.codes_seen(c, asked.sight)):
        raise Denied("cohort")
    return asked


def body_values(house: Runtime, connection: Connection, asked: ReportRequest, locale: str) -> dict[str, Any]:
    """What the templates need."""
    words, company = words_of(house, locale), house.settings.company
    formats = house.content.words[locale].formats
    return {
        "lang": locale,
        "words": words,
        "company": company.called(locale),
        "made": written_at(asked.now.astimezone(company.zone), formats["moment"], locale),
        "asked": asked,
        "cohorts": cohorts.codes_seen(connection, asked.sight),
        "tables": [_shown(table, words, asked) for table in make(_PAGE, connection, asked)],
        "reports": list(REPORTS),
        "query": _query(asked),
    }


def words_of(house: Runtime, locale: str) -> Words:
    words = house.content.words[locale]
    return table_words(words.desk["report"], words.desk["risk"], words.formats["comma"])


def _shown(table: Table, words: Words, asked: ReportRequest) -> dict[str, Any]:
    cells = [
        [
            (shown(value, column, words, asked.zone), column.kind in NUMBERS)
            for value, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows
    ]
    drawn = table.chart is not None and len(table.rows) > 1
    return {
        "title": render.title(table, words),
        "note": words.get(_NOTES.get(table.key, ""), ""),
        "headings": [(heading(column, words), column.kind in NUMBERS) for column in table.columns],
        "rows": cells,
        "total": table.total,
        "picture": Markup(picture.svg(table, words, asked.zone)) if drawn else "",  # noqa: S704 (escaped there)
    }


def _query(asked: ReportRequest) -> Mapping[str, str]:
    found = {"cohort": asked.cohort, "from": _iso(asked.since), "to": _iso(asked.until)}
    return {name: value for name, value in found.items() if value}


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    if day and day.year not in YEARS:
        raise Unfit("day")
    return day
