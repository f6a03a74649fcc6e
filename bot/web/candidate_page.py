"""The candidate's own page: where they stand and what is known, read-only. Looking at it changes nothing."""

import asyncio
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.engine import Connection

from bot import clock, facts, links
from bot.content.templates import written_at
from bot.conversation import House
from bot.errors import ConfigError, Rejected
from bot.record import Candidate
from bot.store import people
from bot.store.database import Database
from bot.store.tables import candidates
from bot.web.pages import STATIC, page


class CandidatePage:
    """Handlers of `/c/{token}` and of the style sheet."""

    def __init__(self, house: House, database: Database) -> None:
        self._house, self._database = house, database

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/c/{token}", self.show), web.get("/static/keepwarm.css", self.style)]

    async def style(self, _request: web.Request) -> web.FileResponse:
        return web.FileResponse(STATIC / "keepwarm.css", headers={"Cache-Control": "max-age=3600"})

    async def show(self, request: web.Request) -> web.Response:
        """404 or 410 without a hint where the link is not good."""
        try:
            candidate_id, version = links.read(self._house.settings, request.match_info["token"])
        except (Rejected, ConfigError) as refused:
            return web.Response(status=getattr(refused, "status", 404))
        html = await asyncio.to_thread(self._database.read, lambda c: self._page(c, candidate_id, version))
        return web.Response(text=html, content_type="text/html") if html else web.Response(status=410)

    def _page(self, connection: Connection, candidate_id: int, version: int) -> str | None:
        wanted = sa.select(candidates.c.page_version).where(candidates.c.id == candidate_id)
        if connection.execute(wanted).scalar() != version:
            return None
        candidate = people.load(connection, self._house.cipher, candidate_id)
        times = dict(people.history(connection, candidate_id))
        return page("candidate.html", **self._values(candidate, times))

    def _values(self, candidate: Candidate, times: dict[str, Any]) -> dict[str, Any]:
        settings, now = self._house.settings, clock.now()
        spoken = candidate.locale in self._house.content.words
        locale: str = (candidate.locale if spoken else None) or settings.company.locale
        words = self._house.content.words[locale]
        known = facts.known(candidate, "wechat", settings, now)
        values = facts.values(candidate, words.labels, settings, locale, now)

        def written(moment: Any, name: str = "moment") -> str:
            return written_at(moment, words.formats[name], locale) if moment else ""

        zone = facts.zone_of(candidate, settings)
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
        }


def _road(road: tuple[str, ...], stage: str) -> tuple[str, ...]:
    """The road, ended by the stage where the candidate left it, if they did."""
    return road if stage in road else (*road[:-1], stage)
