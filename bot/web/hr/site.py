"""The map of the inbox: every address, the right it takes, and what answers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web

from bot import clock
from bot.web.hr import case_list, case_page, me
from bot.web.hr.door import Door
from bot.web.hr.door import routes as guarded
from bot.web.hr.live import Live
from bot.web.hr.sign_in import SignIn
from bot.web.hr.visit import Desk, Route
from bot.web.pages import STATIC

SITE: tuple[Route, ...] = (
    Route("GET", "/hr", "", case_list.home),
    Route("POST", "/hr/cases/bulk", "work", case_list.ask),
    Route("GET", "/hr/cases/{id}", "work", case_page.show),
    Route("POST", "/hr/cases/{id}/claim", "work", case_page.claim),
    Route("POST", "/hr/cases/{id}/reply", "work", case_page.reply),
    Route("POST", "/hr/cases/{id}/note", "work", case_page.note),
    Route("POST", "/hr/cases/{id}/called", "work", case_page.called),
    Route("POST", "/hr/cases/{id}/snooze", "work", case_page.snooze),
    Route("POST", "/hr/cases/{id}/assign", "work", case_page.assign),
    Route("POST", "/hr/cases/{id}/hand-back", "work", case_page.hand_back),
    Route("POST", "/hr/cases/{id}/resolve", "work", case_page.resolve),
    Route("GET", "/hr/me", "", me.show),
    Route("POST", "/hr/me/language", "", me.language),
    Route("POST", "/hr/me/password", "", me.password),
    Route("POST", "/hr/me/absence", "", me.absence),
    Route("POST", "/hr/me/alerts", "", me.alerts),
    Route("POST", "/hr/me/sign-out", "", me.sign_out),
    Route("POST", "/hr/me/sign-out-others", "", me.sign_out_others),
    Route("POST", "/hr/me/sessions/{id}/end", "", me.sign_out_one),
)
_STATIC = ("hr.css", "hr.js")


class Inbox:
    """The door with everything behind it. `more`: routes of pages that are written elsewhere."""

    def __init__(self, desk: Desk, now: Callable[[], datetime] = clock.now, every: float = 1.0) -> None:
        self.door = Door(desk, now)
        self.live = Live(self.door, every)

    def routes(self) -> list[web.RouteDef]:
        return [
            *SignIn(self.door).routes(),
            *self.live.routes(),
            *guarded(self.door, SITE),
            *(web.get(f"/static/{name}", _file(STATIC / name)) for name in _STATIC),
            web.route("*", "/hr/{rest:.*}", self.door.unknown),
            web.route("*", "/hr", self.door.unknown),
        ]

    def live_in(self, app: web.Application) -> None:
        """Looks for changes while the application runs, and lets the streams go when it ends."""
        app.cleanup_ctx.append(self.live.run)
        app.on_shutdown.append(self.live.stop)


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={"Cache-Control": "max-age=3600"})

    return serve
