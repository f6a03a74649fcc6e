"""The candidate's own page: where they stand and what is known, read-only. Looking at it changes nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.engine import Connection

from bot import links
from bot.content.templates import written_at
from bot.conversation import Runtime
from bot.errors import ConfigError, Rejected
from bot.platform import clock
from bot.record import facts
from bot.record.model import Candidate
from bot.store import links as given_links
from bot.store import people
from bot.store.db.database import Database
from bot.store.tables import candidates
from bot.web.pages import STATIC, page


@dataclass(frozen=True, slots=True)
class _Link:
    """A link as it was opened. `number`: of a short one, which came with a message."""

    candidate_id: int
    page_version: int
    number: int | None = None
    seen: bool = False


class CandidatePage:
    """Handlers of `/c/{token}` and of the style sheet."""

    def __init__(self, house: Runtime, database: Database) -> None:
        self._house, self._database = house, database

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/c/{token}", self.show),
            web.post("/c/{token}", self.seen),
            web.get("/static/keepwarm.css", self.style),
        ]

    async def style(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "keepwarm.css", headers={"Cache-Control": "max-age=3600"})

    async def show(self, request: web.Request) -> web.Response:
        """404 or 410 without a hint where the link is not good. Opening it is no sign: previewers open links too."""
        return await self._answer(request, self._database.read, lambda connection, link: None)

    async def seen(self, request: web.Request) -> web.Response:
        """The button on the page: the person has seen what came with the link."""

        def mark(connection: Connection, link: _Link) -> None:
            if link.number is not None:
                given_links.mark_seen(connection, link.number, link.candidate_id, clock.now())

        return await self._answer(request, self._database.write, mark)

    async def _answer(
        self,
        request: web.Request,
        run: Callable[[Callable[[Connection], str]], str],
        first: Callable[[Connection, "_Link"], None],
    ) -> web.Response:
        def work(connection: Connection) -> str:
            link = self._read(connection, request.match_info["token"])
            first(connection, link)
            return self._page(connection, self._read(connection, request.match_info["token"]))

        try:
            html = await asyncio.to_thread(run, work)
        except (Rejected, ConfigError) as refused:
            return web.Response(status=getattr(refused, "status", 404))
        return web.Response(text=html, content_type="text/html")

    def _read(self, connection: Connection, token: str) -> "_Link":
        """Raises Rejected where the link is not ours (404), or no longer good (410)."""
        number = links.read_short(self._house.settings, token)
        if number is None:
            link = _Link(*links.read(self._house.settings, token))
        else:
            given = given_links.find(connection, number)
            if given is None or given.created_at + links.GOOD_FOR < clock.now():
                raise Rejected("the link is too old", 410)
            link = _Link(given.candidate_id, given.page_version, number, given.seen)
        wanted = sa.select(candidates.c.page_version).where(candidates.c.id == link.candidate_id)
        if connection.execute(wanted).scalar() != link.page_version:
            raise Rejected("the link was revoked", 410)
        return link

    def _page(self, connection: Connection, link: "_Link") -> str:
        candidate = people.load(connection, self._house.cipher, link.candidate_id)
        candidate = replace(candidate, tasks=people.tasks_of(connection, link.candidate_id))
        times = dict(people.history(connection, link.candidate_id))
        button = "" if link.number is None else "thanks" if link.seen else "ask"
        return page("candidate.html", button=button, **self._values(candidate, times))

    def _values(self, candidate: Candidate, times: dict[str, Any]) -> dict[str, Any]:
        settings, now = self._house.settings, clock.now()
        spoken = candidate.locale in self._house.content.words
        locale: str = (candidate.locale if spoken else None) or settings.company.locale
        words = self._house.content.words[locale]
        known = facts.known(candidate, "wechat", settings, now)
        values = facts.values(candidate, words.labels, settings, locale, now)

        def written(moment: Any, name: str = "moment") -> str:
            return written_at(moment, words.formats[name], locale) if moment else ""

        zone, there = facts.zone_of(candidate, settings), facts.zone_of(candidate.cohort, settings)
        road = [
            {
                "label": words.stages.get(stage, stage),
                "at": written(times[stage].astimezone(zone)) if stage in times else "",
                "state": "now" if stage == candidate.stage else "done" if stage in times else "coming",
            }
            for stage in _road(settings.stages.road, candidate.stage)
        ]
        return {
            "lang": locale,
            "words": words.pages,
            "company": settings.company.called(locale),
            "v": values,
            "road": road,
            "open": known["open"] == "yes",
            "date": known["date"],
            "start": written(values["start"]),
            "date_by": written(values["date_by"], "day"),
            "tasks": [
                {
                    "name": words.labels.get(task.code, task.code),
                    "due": written(task.due_at.astimezone(there), "day") if task.due_at and task.due_at > now else "",
                    "done": task.done_at is not None,
                }
                for task in candidate.tasks or ()
            ],
        }


def _road(road: tuple[str, ...], stage: str) -> tuple[str, ...]:
    """The road, ended by the stage where the candidate left it, if they did."""
    return road if stage in road else (*road[:-1], stage)
