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
from bot.web.hr.request import Backend, HrRoute
from bot.web.hr.sign_in import SignIn
from bot.web.pages import STATIC

SITE: tuple[HrRoute, ...] = (
    HrRoute("GET", "/hr", "", case_list.home),
    HrRoute("POST", "/hr/cases/bulk", "work", case_list.ask),
    HrRoute("GET", "/hr/cases/{id}", "work", case_page.show),
    HrRoute("POST", "/hr/cases/{id}/claim", "work", case_page.claim),
    HrRoute("POST", "/hr/cases/{id}/reply", "work", case_page.reply),
    HrRoute("POST", "/hr/cases/{id}/note", "work", case_page.note),
    HrRoute("POST", "/hr/cases/{id}/called", "work", case_page.called),
    HrRoute("POST", "/hr/cases/{id}/snooze", "work", case_page.snooze),
    HrRoute("POST", "/hr/cases/{id}/assign", "work", case_page.assign),
    HrRoute("POST", "/hr/cases/{id}/hand-back", "work", case_page.hand_back),
    HrRoute("POST", "/hr/cases/{id}/reopen", "work", case_page.reopen),
    HrRoute("POST", "/hr/cases/{id}/resolve", "work", case_page.resolve),
    HrRoute("GET", "/hr/candidates", "see", candidates.show_all),
    HrRoute("POST", "/hr/candidates/release", "move", candidates.release),
    HrRoute("GET", "/hr/candidates/{code}", "see", candidates.show),
    HrRoute("POST", "/hr/candidates/{code}/called", "work", candidates.called),
    HrRoute("GET", "/hr/candidates/{code}/move", "move", candidates.ask_move),
    HrRoute("POST", "/hr/candidates/{code}/move", "move", candidates.move),
    HrRoute("GET", "/hr/cohorts", "see", cohorts.show_all),
    HrRoute("GET", "/hr/cohorts/{code}", "see", cohorts.show),
    HrRoute("GET", "/hr/cohorts/{code}/publish", "publish", cohorts.ask_publish),
    HrRoute("POST", "/hr/cohorts/{code}/publish", "publish", cohorts.publish),
    HrRoute("POST", "/hr/cohorts/{code}/decline", "publish", cohorts.decline),
    HrRoute("POST", "/hr/cohorts/{code}/take-back", "publish", cohorts.take_back),
    HrRoute("GET", "/hr/cohorts/{code}/move", "publish", cohorts.ask_move),
    HrRoute("POST", "/hr/cohorts/{code}/move", "publish", cohorts.move),
    HrRoute("POST", "/hr/cohorts/{code}/roll", "roll", cohorts.roll_link),
    HrRoute("GET", "/hr/import", "import", imports.show),
    HrRoute("POST", "/hr/import", "import", imports.check, imports.BIGGEST),
    HrRoute("GET", "/hr/import/{id}", "import", imports.look),
    HrRoute("POST", "/hr/import/{id}", "import", imports.do),
    HrRoute("GET", "/hr/import/{id}/errors", "import", imports.bad_rows),
    HrRoute("GET", "/hr/flows", "see", flows.show),
    HrRoute("POST", "/hr/flows", "talk", flows.preview, flows.BIGGEST),
    HrRoute("GET", "/hr/missed", "teach", not_understood.show),
    HrRoute("GET", "/hr/missed/taught.yaml", "teach", not_understood.export),
    HrRoute("POST", "/hr/missed/{id}/teach", "teach", not_understood.teach),
    HrRoute("POST", "/hr/missed/taught/{id}/forget", "teach", not_understood.forget),
    HrRoute("GET", "/hr/reports", "report", reports.show),
    HrRoute("GET", "/hr/reports/{name}.{format}", "report", reports.download),
    HrRoute("GET", "/hr/staff", "staff", admin.staff),
    HrRoute("POST", "/hr/staff/{code}/link", "staff", admin.password_link),
    HrRoute("POST", "/hr/staff/{code}/sign-out", "staff", admin.sign_out),
    HrRoute("GET", "/hr/audit", "staff", admin.log),
    HrRoute("GET", "/hr/me", "", account.show),
    HrRoute("POST", "/hr/me/language", "", account.language),
    HrRoute("POST", "/hr/me/password", "", account.password),
    HrRoute("POST", "/hr/me/absence", "", account.absence),
    HrRoute("POST", "/hr/me/alerts", "", account.alerts),
    HrRoute("POST", "/hr/me/sign-out", "", account.sign_out),
    HrRoute("POST", "/hr/me/sign-out-others", "", account.sign_out_others),
    HrRoute("POST", "/hr/me/sessions/{id}/end", "", account.sign_out_one),
)
_STATIC = ("hr.css", "hr.js", "report.css")


class Inbox:
    """The door with everything behind it. `more`: routes of pages that are written elsewhere."""

    def __init__(self, desk: Backend, now: Callable[[], datetime] = clock.now, every: float = 1.0) -> None:
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
