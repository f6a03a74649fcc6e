"""The map of the inbox: every address, the right it takes, and what answers."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web

from bot.platform import clock
from bot.web.hr import (
    account,
    admin,
    candidates,
    case_list,
    case_page,
    cohorts,
    flows,
    imports,
    not_understood,
    reports,
)
from bot.web.hr.auth import Door
from bot.web.hr.auth import routes as guarded
from bot.web.hr.live_updates import Live
from bot.web.hr.request import Desk, Route
from bot.web.hr.sign_in import SignIn
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
    Route("POST", "/hr/cases/{id}/reopen", "work", case_page.reopen),
    Route("POST", "/hr/cases/{id}/resolve", "work", case_page.resolve),
    Route("GET", "/hr/candidates", "see", candidates.show_all),
    Route("POST", "/hr/candidates/release", "move", candidates.release),
    Route("GET", "/hr/candidates/{code}", "see", candidates.show),
    Route("POST", "/hr/candidates/{code}/called", "work", candidates.called),
    Route("GET", "/hr/candidates/{code}/move", "move", candidates.ask_move),
    Route("POST", "/hr/candidates/{code}/move", "move", candidates.move),
    Route("GET", "/hr/cohorts", "see", cohorts.show_all),
    Route("GET", "/hr/cohorts/{code}", "see", cohorts.show),
    Route("GET", "/hr/cohorts/{code}/publish", "publish", cohorts.ask_publish),
    Route("POST", "/hr/cohorts/{code}/publish", "publish", cohorts.publish),
    Route("POST", "/hr/cohorts/{code}/decline", "publish", cohorts.decline),
    Route("POST", "/hr/cohorts/{code}/take-back", "publish", cohorts.take_back),
    Route("GET", "/hr/cohorts/{code}/move", "publish", cohorts.ask_move),
    Route("POST", "/hr/cohorts/{code}/move", "publish", cohorts.move),
    Route("POST", "/hr/cohorts/{code}/roll", "roll", cohorts.roll_link),
    Route("GET", "/hr/import", "import", imports.show),
    Route("POST", "/hr/import", "import", imports.check, imports.BIGGEST),
    Route("GET", "/hr/import/{id}", "import", imports.look),
    Route("POST", "/hr/import/{id}", "import", imports.do),
    Route("GET", "/hr/import/{id}/errors", "import", imports.bad_rows),
    Route("GET", "/hr/flows", "see", flows.show),
    Route("POST", "/hr/flows", "talk", flows.preview, flows.BIGGEST),
    Route("GET", "/hr/missed", "teach", not_understood.show),
    Route("GET", "/hr/missed/taught.yaml", "teach", not_understood.export),
    Route("POST", "/hr/missed/{id}/teach", "teach", not_understood.teach),
    Route("POST", "/hr/missed/taught/{id}/forget", "teach", not_understood.forget),
    Route("GET", "/hr/reports", "report", reports.show),
    Route("GET", "/hr/reports/{name}.{format}", "report", reports.download),
    Route("GET", "/hr/staff", "staff", admin.staff),
    Route("POST", "/hr/staff/{code}/link", "staff", admin.password_link),
    Route("POST", "/hr/staff/{code}/sign-out", "staff", admin.sign_out),
    Route("GET", "/hr/audit", "staff", admin.log),
    Route("GET", "/hr/me", "", account.show),
    Route("POST", "/hr/me/language", "", account.language),
    Route("POST", "/hr/me/password", "", account.password),
    Route("POST", "/hr/me/absence", "", account.absence),
    Route("POST", "/hr/me/alerts", "", account.alerts),
    Route("POST", "/hr/me/sign-out", "", account.sign_out),
    Route("POST", "/hr/me/sign-out-others", "", account.sign_out_others),
    Route("POST", "/hr/me/sessions/{id}/end", "", account.sign_out_one),
)
_STATIC = ("hr.css", "hr.js", "report.css")


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
