"""The reports as pages of HR's: one to print for the boss, and files to take along. Who asks sees the figures of whom
they may see.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from aiohttp import web
from markupsafe import Markup
from sqlalchemy.engine import Connection

from bot import clock
from bot.content.templates import written_at
from bot.conversation import House
from bot.inbox.rights import may
from bot.reports import picture, writing
from bot.reports.all import REPORTS, make
from bot.reports.cells import NUMBERS, heading, shown
from bot.reports.shape import Asked, Table, Words
from bot.store import audit, cohorts
from bot.store.database import Database
from bot.store.sight import Sight
from bot.web.pages import STATIC, page

_PAGE = "summary"
_NOTES = {"standing": "note_lost", "cost": "note_cost", "answers": "note_answers"}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in. `locale`: zh or en."""

    sight: Sight
    locale: str


class SignedIn(Protocol):
    """Knows who makes a request. Raises the aiohttp answer (a redirect to sign-in, 401) where nobody is signed in."""

    async def viewer(self, request: web.Request) -> Viewer: ...


class Reports:
    """Handlers of `/hr/reports` and `/hr/reports/NAME.FORMAT`."""

    def __init__(
        self, house: House, database: Database, signed_in: SignedIn, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._house, self._database, self._signed_in, self._now = house, database, signed_in, now

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/static/report.css", self.style),
            web.get("/hr/reports", self.show),
            web.get(r"/hr/reports/{name:[a-z]+}.{format:[a-z]+}", self.download),
        ]

    async def style(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "report.css", headers={"Cache-Control": "max-age=3600"})

    async def show(self, request: web.Request) -> web.Response:
        """The page for the boss, for one cohort (`cohort`) and a time (`from`, `to`) if the address says so."""
        viewer, asked = await self._asked(request)
        html = await asyncio.to_thread(self._database.read, lambda c: self._page(c, asked, viewer))
        return web.Response(text=html, content_type="text/html")

    async def download(self, request: web.Request) -> web.Response:
        """404 for what is no report, or no format of one."""
        viewer, asked = await self._asked(request)
        name, format_ = request.match_info["name"], request.match_info["format"]
        if name not in REPORTS or format_ not in writing.FILES:
            raise web.HTTPNotFound
        write, kind = writing.FILES[format_]
        words = words_of(self._house, viewer.locale)
        written = await asyncio.to_thread(self._written, name, format_, write, asked, words)
        headers = {"Content-Disposition": f'attachment; filename="{name}-{self._today():%Y-%m-%d}.{format_}"'}
        return web.Response(body=written, content_type=kind, headers=headers)

    async def _asked(self, request: web.Request) -> tuple[Viewer, Asked]:
        """403 for whose role sees no figures; 400 for a day that is none; 404 for a cohort that is none."""
        viewer = await self._signed_in.viewer(request)
        if not may(viewer.sight.role, "report"):
            raise web.HTTPForbidden
        query = request.query
        try:
            since, until = (_day(query.get(name, "")) for name in ("from", "to"))
        except ValueError:
            raise web.HTTPBadRequest from None
        asked = Asked(viewer.sight, self._house.settings, self._now(), query.get("cohort", "")[:64], since, until)
        if asked.cohort and asked.cohort not in await asyncio.to_thread(self._cohorts, asked):
            raise web.HTTPNotFound
        return viewer, asked

    def _cohorts(self, asked: Asked) -> list[str]:
        return self._database.read(lambda connection: cohorts.codes_seen(connection, asked.sight))

    def _written(self, name: str, format_: str, write: writing.Writer, asked: Asked, words: Words) -> bytes:
        tables = self._database.read(lambda c: make(name, c, asked))
        detail = {"format": format_, "cohort": asked.cohort}
        actor = f"staff:{asked.sight.code}"
        self._database.write(lambda c: audit.record(c, actor, "report.download", name, asked.now, detail))
        return write(tables, words, asked.zone)

    def _page(self, connection: Connection, asked: Asked, viewer: Viewer) -> str:
        return page("report.html", **body_values(self._house, connection, asked, viewer.locale))

    def _today(self) -> date:
        return self._now().astimezone(self._house.settings.company.zone).date()


def body(house: House, connection: Connection, asked: Asked, locale: str) -> Markup:
    """The report as it stands within a page: without head and frame, for whoever has their own."""
    return Markup(page("report_body.html", **body_values(house, connection, asked, locale)))  # noqa: S704 (autoescaped)


def body_values(house: House, connection: Connection, asked: Asked, locale: str) -> dict[str, Any]:
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


def words_of(house: House, locale: str) -> Words:
    return house.content.words[locale].desk["report"]


def _shown(table: Table, words: Words, asked: Asked) -> dict[str, Any]:
    cells = [
        [
            (shown(value, column, words, asked.zone), column.kind in NUMBERS)
            for value, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows
    ]
    drawn = table.chart is not None and len(table.rows) > 1
    return {
        "title": writing.title(table, words),
        "note": words.get(_NOTES.get(table.key, ""), ""),
        "headings": [(heading(column, words), column.kind in NUMBERS) for column in table.columns],
        "rows": cells,
        "total": table.total,
        "picture": Markup(picture.svg(table, words, asked.zone)) if drawn else "",  # noqa: S704 (escaped there)
    }


def _query(asked: Asked) -> Mapping[str, str]:
    found = {"cohort": asked.cohort, "from": _iso(asked.since), "to": _iso(asked.until)}
    return {name: value for name, value in found.items() if value}


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
