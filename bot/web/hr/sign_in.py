"""Signing in and out, and setting a password by a signed link: the pages of the inbox that need no session."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import itsdangerous
from aiohttp import web
from sqlalchemy.engine import Connection

from bot.errors import Rejected
from bot.settings import Settings
from bot.staff import passwords
from bot.store import audit, sessions, sign_in_limits, staff_members
from bot.store.staff_members import StaffMember
from bot.web import forms
from bot.web.hr.auth import BROWSER, HEADERS, SIGN_IN, Door
from bot.web.hr.i18n import SPOKEN
from bot.web.pages import page
from bot.web.visitor import Visitor, visitor

T = TypeVar("T")
HOME = "/hr"
_LONGEST_NAME = 200
_BIGGEST = 8 * 1024  # bytes of a form
_AS_LONG = 0.2  # seconds that a try too many waits, about as long as looking at a password takes
_NONCE = 9  # bytes by which a browser is known


@dataclass(frozen=True, slots=True)
class _SignInTry:
    """One that is counted. `browser`: what a browser is known by in which this person has signed in before."""

    staff: StaffMember | None
    tried: sign_in_limits.Tried
    rows: list[int]
    now: datetime
    browser: str

    @property
    def kept(self) -> str | None:
        return self.staff.password if self.staff else None

    @property
    def is_old(self) -> bool:
        return self.kept is not None and passwords.is_old(self.kept)


class SignIn:
    """Handlers of `/hr/sign-in` and `/hr/password/{token}`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._database, self._cipher = door.desk.database, door.desk.house.cipher
        self._settings = door.desk.house.settings

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(SIGN_IN, self.show),
            web.post(SIGN_IN, self.enter),
            web.get("/hr/password/{token}", self.show_password),
            web.post("/hr/password/{token}", self.set_password),
        ]

    async def show(self, request: web.Request) -> web.Response:
        response = self._page(request, next=_back(request.query.get("next", "")))
        asked = request.query.get("lang", "")
        return self._door.speaks(response, asked) if asked in SPOKEN else response

    async def enter(self, request: web.Request) -> web.Response:
        """A wrong name, a wrong password and one try too many look the same."""
        try:
            form = (await forms.read(request, _BIGGEST)).fields
        except Rejected as refused:
            return self._door.plain(request, refused.status)
        back = _back(form.get("next", ""))
        if not self._door.came_from_us(request):
            return self._page(request, next=back, status=403)
        if self._door.loses_cookies(request):
            return self._page(request, next=back, status=400, https=f"{self._settings.public_url}{SIGN_IN}")
        name, password = form.get("name", "").strip()[:_LONGEST_NAME], form.get("password", "")[: passwords.LONGEST]
        came = visitor(request, self._settings.web.trusted_proxies)
        attempt = await self._door.in_thread(self._attempt, name, came, request.cookies.get(BROWSER, ""))
        if attempt is None:
            await asyncio.sleep(_AS_LONG)
            return self._page(request, next=back, name=name, failed=True, status=403)
        try:
            good = await _looked(attempt, passwords.fits, password, attempt.kept)
            again = await _looked(attempt, passwords.hashed, password) if good and attempt.is_old else None
        except passwords.Busy:
            await self._door.in_thread(self._turned_away, attempt)
            return self._page(request, next=back, name=name, busy=True, status=503)
        if not good or attempt.staff is None:
            await self._door.in_thread(self._failed, attempt)
            return self._page(request, next=back, name=name, failed=True, status=403)
        device = request.headers.get("User-Agent", "").encode(errors="replace").decode()
        token = await self._door.in_thread(self._begun, attempt, attempt.staff, device, again)
        response = self._door.signed_in(web.Response(status=303, headers={"Location": back}), token)
        browser = attempt.browser or secrets.token_urlsafe(_NONCE)
        return self._door.remembers(response, _browsers(self._settings).dumps([attempt.staff.code, browser]))

    async def show_password(self, request: web.Request) -> web.Response:
        staff = await self._door.in_thread(self._of_link, request)
        return staff if isinstance(staff, web.Response) else self._password_page(request, staff)

    async def set_password(self, request: web.Request) -> web.Response:
        """Whoever has the link is trusted once; every session of that person ends."""
        found = await self._door.in_thread(self._of_link, request)
        if isinstance(found, web.Response):
            return found
        try:
            form = (await forms.read(request, _BIGGEST)).fields
        except Rejected as refused:
            return self._door.plain(request, refused.status)
        new, again = form.get("new", ""), form.get("again", "")
        if fault := fault_of(new, again):
            return self._password_page(request, found, fault, 400)
        try:
            kept = await asyncio.wrap_future(passwords.KNOWN.submit(passwords.hashed, new))
        except passwords.Busy:
            return self._password_page(request, found, "busy", 503)
        if not await self._door.in_thread(self._keep, found, kept):
            return self._door.plain(request, 410, "link")
        return web.Response(status=303, headers={"Location": f"{SIGN_IN}?set=1"})

    def _attempt(self, name: str, came: Visitor, browser: str) -> "_SignInTry | None":
        """Counts it before the password is looked at, since that is costly; None where it is one too many."""
        now = self._door.now()
        staff = self._database.read(lambda connection: staff_members.by_sign_in(connection, self._cipher, name))
        known = _known_by(self._settings, staff, browser)
        if staff and known:
            tried = sign_in_limits.keys_of_browser(self._cipher, staff.code, known)
        else:
            tried = sign_in_limits.keys(self._cipher, name, came.address, came.alone)
        rows = self._database.write(lambda connection: sign_in_limits.count(connection, tried, now))
        attempt = _SignInTry(staff, tried, rows, now, known)
        if self._database.read(lambda connection: sign_in_limits.too_many(connection, tried, now)):
            self._turned_away(attempt)
            return None
        return attempt

    def _turned_away(self, attempt: "_SignInTry") -> None:
        self._database.write(lambda connection: sign_in_limits.take_back(connection, attempt.rows))

    def _failed(self, attempt: "_SignInTry") -> None:
        who = attempt.staff.code if attempt.staff else None
        now = attempt.now
        self._database.write(lambda connection: audit.record(connection, "nobody", "sign_in.failed", who, now))

    def _begun(self, attempt: "_SignInTry", staff: StaffMember, device: str, again: str | None) -> str:
        """The token of a new session. `again`: the password, hashed with more care."""
        now = attempt.now

        def begin(connection: Connection) -> str:
            sign_in_limits.take_back(connection, attempt.rows)
            sign_in_limits.forgive(connection, attempt.tried)
            if again:
                staff_members.change(connection, staff.code, now, password=again)
            audit.record(connection, f"staff:{staff.code}", "sign_in", None, now)
            return sessions.begin(connection, self._cipher, staff.code, device, self._door.lasts, now)

        return self._database.write(begin)

    def _of_link(self, request: web.Request) -> StaffMember | web.Response:
        """No hint to who has no good link."""
        try:
            code, mark = passwords.read_link(self._settings, request.match_info["token"])
        except Rejected as refused:
            return self._door.plain(request, refused.status, "link")
        staff = self._database.read(lambda connection: staff_members.find(connection, self._cipher, code))
        good = staff is not None and passwords.is_unchanged(mark, staff.password)
        return staff if staff and good else self._door.plain(request, 410, "link")

    def _keep(self, staff: StaffMember, kept: str) -> bool:
        """Whether nobody was faster with the same link."""
        now = self._door.now()

        def keep(connection: Connection) -> bool:
            if not staff_members.set_password(connection, staff.code, staff.password, kept, now):
                return False
            sessions.end_all(connection, staff.code, now)
            audit.record(connection, f"staff:{staff.code}", "password.set", staff.code, now, {"by": "link"})
            return True

        return self._database.write(keep)

    def _page(self, request: web.Request, status: int = 200, **values: Any) -> web.Response:
        speech = self._door.speech(request)
        nothing = {"name": "", "failed": False, "busy": False, "https": "", "set": "set" in request.query}
        shown: dict[str, Any] = nothing | {"path": SIGN_IN} | values
        shown["other"] = f"{SIGN_IN}?lang={_other(speech.locale)}&next={quote(shown['next'], safe='')}"
        text = page("hr/sign_in.html", **self._door.around(speech), **shown)
        return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)

    def _password_page(
        self, request: web.Request, staff: StaffMember, fault: str = "", status: int = 200
    ) -> web.Response:
        speech = self._door.speech(request, staff.locale)
        text = page("hr/set_password.html", **self._door.around(speech), staff=staff, fault=fault)
        return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)


async def _looked(attempt: _SignInTry, work: Callable[..., T], *values: Any) -> T:
    """Raises Busy."""
    lane = passwords.KNOWN if attempt.browser else passwords.STRANGERS
    return await asyncio.wrap_future(lane.submit(work, *values))


def _known_by(settings: Settings, staff: StaffMember | None, browser: str) -> str:
    """What the browser says it is known by, if it was given that when this very person signed in."""
    try:
        code, found = _browsers(settings).loads(browser)
    except (itsdangerous.BadData, ValueError, TypeError):
        return ""
    return str(found) if staff and code == staff.code else ""


def _browsers(settings: Settings) -> itsdangerous.URLSafeSerializer:
    return itsdangerous.URLSafeSerializer(settings.secret_key, salt="known browser")


def fault_of(new: str, again: str) -> str:
    """What is wrong with a new password: the end of its key in inbox.yaml, or ""."""
    if len(new) < passwords.SHORTEST:
        return "short"
    if len(new) > passwords.LONGEST:
        return "long"
    if len(set(new)) < passwords.DIFFERENT or new.isdigit():
        return "plain"
    return "" if new == again else "differ"


def _other(locale: str) -> str:
    return next(other for other in SPOKEN if other != locale)


def _back(wanted: str) -> str:
    """Only to a page of ours: another site's address would lend it our good name."""
    path = wanted.partition("?")[0]
    ours = path == HOME or path.startswith(f"{HOME}/")
    plain = wanted.isprintable() and "\\" not in wanted and ".." not in path
    return wanted if ours and plain and not path.startswith(SIGN_IN) else HOME
