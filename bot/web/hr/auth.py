"""The door of the inbox: lets in who is signed in, looks that a form came from our own page, and answers in HTTP."""

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web
from multidict import MultiDict
from sqlalchemy.engine import Connection

from bot.errors import Rejected
from bot.platform import clock
from bot.platform.log import broke
from bot.staff.permissions import RIGHTS
from bot.store import audit, sessions, staff_members
from bot.store import form_nonces as sent_forms
from bot.store.form_nonces import Repeated
from bot.store.sessions import Session
from bot.store.staff_members import StaffMember
from bot.store.visibility import Visibility, sight_of
from bot.web import forms
from bot.web.forms import Form
from bot.web.hr.i18n import SPOKEN, Texts, chosen
from bot.web.hr.request import Backend, Denied, FormRequest, HrRoute, Once, Page, Redirect, Reply, StaffRequest, Unfit
from bot.web.pages import page

T = TypeVar("T")
SIGN_IN = "/hr/sign-in"
COOKIE = "keepwarm_hr"
LANGUAGE = "keepwarm_language"
BROWSER = "keepwarm_browser"
_REMEMBERED = 365 * 86400  # seconds
_IDLE_PART = 3  # a session that nobody uses ends after this part of its time
HEADERS = {"Referrer-Policy": "same-origin", "Cache-Control": "no-store"}  # so that a form says where it was
_SPOKEN_BY_PAGES = (
    "t", "has", "one_of", "reason", "stage", "task", "meaning", "at", "day", "full", "span", "local", "device"
)  # fmt: skip
_OF_A_STRANGER = 64 * 1024  # bytes of a form that are read before anybody is known
_NONCE = re.compile(r"[\w-]{16,64}", re.ASCII)
_SECRET = frozenset({"old", "new", "again", "password"})  # fields that no page says again
_log = structlog.get_logger()

ALL = frozenset().union(*RIGHTS.values())

Known = tuple[Session, StaffMember, Visibility]


class Door:
    """Guards every address under /hr."""

    def __init__(self, desk: Backend, now: Callable[[], datetime] = clock.now) -> None:
        self.desk, self.now = desk, now
        self._settings = desk.house.settings
        self._secure = self._settings.public_url.startswith("https://")

    @property
    def lasts(self) -> timedelta:
        return self._settings.hr.signed_in_for

    @property
    def idle(self) -> timedelta:
        return self.lasts / _IDLE_PART

    def guarded(self, route: HrRoute, above: int = 0) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """`above`: how many parts of the address lead to the page on which its form stands."""

        async def serve(request: web.Request) -> web.StreamResponse:
            visit = await self.visit(request, route.most)
            return visit if isinstance(visit, web.Response) else await self.in_thread(self._answer, route, above, visit)

        return serve

    async def visit(self, request: web.Request, most: int = 64 * 1024) -> StaffRequest | web.Response:
        """Who comes, or where they are sent instead."""
        token = request.cookies.get(COOKIE, "")
        now = self.now()
        known = await self.in_thread(self._known, token, now) if token.isascii() and token else None
        if known is None:
            return self._stranger(request) if request.method in ("GET", "HEAD") else await self._unsent(request)
        try:
            asked = await asked_of(request, most)
        except Rejected as refused:
            return self.plain(request, refused.status)
        session, staff, sight = known
        visit = StaffRequest(self.desk, staff, sight, session, token, asked, self.speech(request, staff.locale), now)
        return visit if request.method in ("GET", "HEAD") else await self._sent(request, visit)

    async def _sent(self, request: web.Request, visit: StaffRequest) -> StaffRequest | web.Response:
        """A form: of another site it is refused; of a page of ours that is too old it is shown again to be sent."""
        if not self.came_from_us(request):
            return await self.in_thread(self._denied, visit, Denied("form", hidden=False))
        given, nonce = visit.asked.form.get("csrf", ""), visit.asked.form.get("once", "")
        if not hmac.compare_digest(given.encode(), self.csrf(visit.token).encode()):
            return self._again(visit, "old", 403)
        if not _NONCE.fullmatch(nonce):
            return self._again(visit, "old", 409)
        return replace(visit, once=Once(nonce, self.desk.house.cipher.index(_said(visit.asked), "forms.said")))

    def speech(self, request: web.Request, own: str | None = None) -> Texts:
        accepted, asked = request.headers.get("Accept-Language", ""), request.query.get("lang", "")
        kept = request.cookies.get(LANGUAGE, "")
        locale = chosen(own or (kept if kept in SPOKEN else ""), asked, accepted, self._settings.company.locale)
        words = self.desk.house.content.words
        return Texts(words[locale], self._settings.company.zone, self.now())

    def plain(self, request: web.Request, status: int, why: str = "") -> web.Response:
        """A refusal in words, to anybody. `why`: the end of its keys in inbox.yaml, if the status does not say it."""
        text = page("hr/refused.html", **self.around(self.speech(request)), why=why or status)
        return web.Response(status=status, text=text, content_type="text/html", headers=HEADERS)

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """An address that we do not have, which only who is signed in learns."""
        visit = await self.visit(request)
        return (
            visit if isinstance(visit, web.Response) else self.html(visit, Page("hr/refused.html", {"why": 404}, 404))
        )

    def html(self, visit: StaffRequest, shown: Page) -> web.Response:
        text = page(shown.template, **(self.shared(visit) | dict(shown.values)))
        return web.Response(text=text, content_type="text/html", status=shown.status, headers=HEADERS)

    def shared(self, visit: StaffRequest) -> dict[str, Any]:
        """What every page shows around its own."""
        return self.around(visit.speech) | {
            "me": visit.staff,
            "may": visit.may,
            "csrf": self.csrf(visit.token),
            "once": _nonce,
            "flash": visit.wish("done"),
            "here": visit.asked.path,
        }

    def around(self, speech: Texts) -> dict[str, Any]:
        names = _SPOKEN_BY_PAGES
        spoken = {name: getattr(speech, name) for name in names}
        company = self._settings.company.called(speech.locale)
        return spoken | {"lang": speech.locale, "company": company, "me": None, "flash": "", "now": speech.now}

    def csrf(self, token: str) -> str:
        key = self._settings.secret_key.encode()
        return hmac.new(key, f"csrf {token}".encode(), hashlib.sha256).hexdigest()

    def came_from_us(self, request: web.Request) -> bool:
        """Whether no other site sent this form: browsers say where a form was. Programs need not."""
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return False
        origin = request.headers.get("Origin")
        here = {request.host, urlsplit(self._settings.public_url).netloc}
        return origin is None or urlsplit(origin).netloc in here

    def loses_cookies(self, request: web.Request) -> bool:
        """Whether the browser is here without https, as its form says: it will not keep what is for https alone."""
        return self._secure and request.headers.get("Origin", "").startswith("http://")

    def signed_in(self, response: web.Response, token: str) -> web.Response:
        """The browser keeps the token; an empty one is forgotten."""
        lasts = int(self.lasts.total_seconds()) if token else 0
        response.set_cookie(
            COOKIE, token, max_age=lasts, path="/hr", httponly=True, samesite="Lax", secure=self._secure
        )
        return response

    def remembers(self, response: web.Response, browser: str) -> web.Response:
        """That somebody has signed in here, which outlasts the session: it opens nothing."""
        response.set_cookie(
            BROWSER, browser, max_age=_REMEMBERED, path=SIGN_IN, httponly=True, samesite="Lax", secure=self._secure
        )
        return response

    def speaks(self, response: web.Response, locale: str) -> web.Response:
        response.set_cookie(
            LANGUAGE, locale, max_age=_REMEMBERED, path="/hr", httponly=True, samesite="Lax", secure=self._secure
        )
        return response

    async def in_thread(self, work: Callable[..., T], *values: Any) -> T:
        return await asyncio.to_thread(work, *values)

    def _known(self, token: str, now: datetime) -> Known | None:
        cipher = self.desk.house.cipher

        def look(connection: Connection) -> Known | None:
            session = sessions.find(connection, cipher, token, self.idle, now)
            staff = staff_members.find(connection, cipher, session.staff) if session else None
            sight = sight_of(connection, staff.code, now) if staff else None
            return (session, staff, sight) if session and staff and sight else None

        known = self.desk.database.read(look)
        if known and sessions.is_stale(known[0], now):
            self.desk.database.write(lambda connection: sessions.used(connection, known[0], now))
        return known

    async def _unsent(self, request: web.Request) -> web.Response:
        """Nobody is signed in any more: what they wrote stays with them."""
        own = {
            "why": "out",
            "path": request.path_qs,
            "csrf": "",
            "once": _nonce,
            "nonce": "",
            "fields": [],
            "whole": False,
        }
        with suppress(Rejected):
            own |= _written(await asked_of(request, _OF_A_STRANGER)) if self.came_from_us(request) else {}
        text = page("hr/resend.html", **self.around(self.speech(request)), **own)
        return web.Response(status=401, text=text, content_type="text/html", headers=HEADERS)

    def _again(self, visit: StaffRequest, why: str, status: int) -> web.Response:
        """The form once more, with what was written, to be sent with one tap. What was sent already is a form of its
        own now; what was not still acts once."""
        values = {"why": why, "path": visit.asked.path} | _written(visit.asked)
        return self.html(visit, Page("hr/resend.html", values | ({"nonce": ""} if why == "other" else {}), status))

    def _stranger(self, request: web.Request) -> web.Response:
        if "text/event-stream" not in request.headers.get("Accept", ""):
            back = quote(request.path_qs, safe="")
            return web.Response(status=303, headers={"Location": f"{SIGN_IN}?next={back}"} | HEADERS)
        return self.plain(request, 401)

    def _answer(self, route: HrRoute, above: int, visit: StaffRequest) -> web.Response:
        try:
            if route.right:
                visit.need(route.right)
            if once := visit.once:  # before the page finds that what it asks for is so already
                visit.read(lambda connection: sent_forms.require_unused(connection, once.nonce, once.said))
            return self._response(visit, route.handle(visit))
        except Denied as denied:
            return self._denied(visit, denied)
        except Unfit:
            return self.html(visit, Page("hr/refused.html", {"why": 400}, 400))
        except Repeated as repeated:
            if not repeated.same:
                return self._again(visit, "other", 409)
            home = "/".join(visit.asked.path.partition("?")[0].split("/")[: above or None])
            return self._response(visit, Redirect(f"{home}?done=already"))
        except Exception as error:
            _log.error("page_broke", path=route.path, **broke(error))
            return self.html(visit, Page("hr/refused.html", {"why": 500}, 500))

    def _response(self, visit: StaffRequest, reply: Reply) -> web.Response:
        if isinstance(reply, Page):
            return self.html(visit, reply)
        if isinstance(reply, Redirect):
            response = web.Response(status=303, headers={"Location": reply.path} | HEADERS)
            return response if reply.cookie is None else self.signed_in(response, reply.cookie)
        shown = f"attachment; filename*=UTF-8''{quote(reply.name)}"
        headers = {"Content-Disposition": shown} | HEADERS
        return web.Response(body=reply.body, content_type=reply.kind, charset="utf-8", headers=headers)

    def refused(self, visit: StaffRequest, what: str) -> web.Response:
        """For who answers by themselves: to a missing right, or to what is not theirs to see."""
        return self._denied(visit, Denied(what, hidden=what not in ALL))

    def _denied(self, visit: StaffRequest, denied: Denied) -> web.Response:
        """The audit log has who tried what; the page does not say whether there is such a thing."""
        target = visit.asked.path.partition("?")[0][:200]

        def note(connection: Connection) -> None:
            audit.record(connection, visit.actor, "denied", target, visit.now, {"needs": denied.what})

        self.desk.database.write(note)
        why = 404 if denied.hidden else 403
        return self.html(visit, Page("hr/refused.html", {"why": why}, why))


async def asked_of(request: web.Request, most: int) -> FormRequest:
    """Raises Rejected where it is too much, no form, or no text."""
    form = Form(MultiDict(), {})
    forms.require_text(*request.query.values(), *request.match_info.values())
    if request.method not in ("GET", "HEAD"):
        form = await forms.read(request, most, (forms.FIELDS, forms.PARTS))
    device = request.headers.get("User-Agent", "").encode(errors="replace").decode()
    return FormRequest(request.path_qs, request.match_info, request.query, form.fields, form.files, device)


def routes(door: Door, site: Sequence[HrRoute]) -> list[web.RouteDef]:
    shown = {route.path for route in site if route.method == "GET"}
    return [web.route(route.method, route.path, door.guarded(route, _above(route.path, shown))) for route in site]


def _above(path: str, shown: Collection[str]) -> int:
    """How many parts of a form's address, the empty one before the first slash too, are that of a page."""
    parts = path.split("/")
    longest = len(parts) if parts[-1].startswith("{") else len(parts) - 1
    return next((n for n in range(longest, 1, -1) if "/".join(parts[:n]) in shown), 2)


def _nonce() -> str:
    return secrets.token_urlsafe(16)


def _said(asked: FormRequest) -> str:
    """All that stands in a form, but what every form has of its own."""
    fields = sorted((name, value) for name, value in asked.form.items() if name not in ("csrf", "once"))
    files = sorted((name, file.name, hashlib.sha256(file.body).hexdigest()) for name, file in asked.files.items())
    return repr((asked.path, fields, files))


def _written(asked: FormRequest) -> dict[str, Any]:
    """What a page can say again; `whole`: that is all of it. `nonce`: of the form, if it has one."""
    fields = [(name, value) for name, value in asked.form.items() if name not in ("csrf", "once")]
    whole = not asked.files and not any(name in _SECRET for name, _ in fields)
    nonce = asked.form.get("once", "")
    return {"fields": fields if whole else [], "whole": whole, "nonce": nonce if _NONCE.fullmatch(nonce) else ""}
