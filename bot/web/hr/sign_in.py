"""Signing in and out, and setting a password by a signed link: the pages of the inbox that need no session."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy.engine import Connection

from bot.errors import Rejected
from bot.inbox import passwords
from bot.store import audit, sessions, staffing, throttle
from bot.store.staffing import Staff
from bot.web.hr.door import HEADERS, SIGN_IN, Door, asked_of
from bot.web.hr.speech import SPOKEN
from bot.web.pages import page

HOME = "/hr"
_LONGEST_NAME = 200


class SignIn:
    """Handlers of `/hr/sign-in` and `/hr/password/{token}`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._database, self._cipher = door.desk.database, door.desk.house.cipher

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
        """A wrong name, a wrong password and one try too many look the same, and take as long."""
        try:
            form = (await asked_of(request, 8 * 1024)).form
        except Rejected as refused:
            return web.Response(status=refused.status)
        back = _back(form.get("next", ""))
        if not self._door.came_from_us(request):
            return self._page(request, next=back, status=403)
        name, password = form.get("name", "").strip()[:_LONGEST_NAME], form.get("password", "")[: passwords.LONGEST]
        device, address = request.headers.get("User-Agent", ""), request.remote or ""
        token = await self._door.in_thread(self._entered, name, password, device, address)
        if token is None:
            return self._page(request, next=back, name=name, failed=True, status=403)
        return self._door.signed_in(web.Response(status=303, headers={"Location": back}), token)

    async def show_password(self, request: web.Request) -> web.Response:
        staff = await self._door.in_thread(self._of_link, request.match_info["token"])
        return staff if isinstance(staff, web.Response) else self._password_page(request, staff)

    async def set_password(self, request: web.Request) -> web.Response:
        """Whoever has the link is trusted once; every session of that person ends."""
        found = await self._door.in_thread(self._of_link, request.match_info["token"])
        if isinstance(found, web.Response):
            return found
        try:
            form = (await asked_of(request, 8 * 1024)).form
        except Rejected as refused:
            return web.Response(status=refused.status)
        new, again = form.get("new", ""), form.get("again", "")
        if fault := fault_of(new, again):
            return self._password_page(request, found, fault, 400)
        await self._door.in_thread(self._keep, found, new)
        return web.Response(status=303, headers={"Location": f"{SIGN_IN}?set=1"})

    def _entered(self, name: str, password: str, device: str, address: str) -> str | None:
        """The token of a new session, or None."""
        now = self._door.now()
        tried = throttle.keys(self._cipher, name, address)
        rows = self._database.write(lambda connection: throttle.count(connection, tried, now))
        staff = self._database.read(lambda connection: staffing.by_sign_in(connection, self._cipher, name))
        good = passwords.fits(password, staff.password if staff else None)
        if self._database.read(lambda connection: throttle.too_many(connection, tried, now)):
            self._database.write(lambda connection: throttle.take_back(connection, rows))
            return None
        if staff is None or not good:
            who = staff.code if staff else None
            self._database.write(lambda connection: audit.record(connection, "nobody", "sign_in.failed", who, now))
            return None
        return self._database.write(self._begun(staff, password, device, rows, name, now))

    def _begun(
        self, staff: Staff, password: str, device: str, rows: list[int], name: str, now: datetime
    ) -> Callable[[Connection], str]:
        again = passwords.hashed(password) if staff.password and passwords.is_old(staff.password) else None

        def begin(connection: Connection) -> str:
            throttle.take_back(connection, rows)
            throttle.forgive(connection, self._cipher, name)
            if again:
                staffing.change(connection, staff.code, now, password=again)
            audit.record(connection, f"staff:{staff.code}", "sign_in", None, now)
            return sessions.begin(connection, self._cipher, staff.code, device, self._door.lasts, now)

        return begin

    def _of_link(self, token: str) -> Staff | web.Response:
        """No hint to who has no good link."""
        try:
            code, mark = passwords.read_link(self._door.desk.house.settings, token)
        except Rejected as refused:
            return web.Response(status=refused.status)
        staff = self._database.read(lambda connection: staffing.find(connection, self._cipher, code))
        good = staff is not None and passwords.is_unchanged(mark, staff.password)
        return staff if staff and good else web.Response(status=410)

    def _keep(self, staff: Staff, new: str) -> None:
        kept, now = passwords.hashed(new), self._door.now()

        def keep(connection: Connection) -> None:
            staffing.change(connection, staff.code, now, password=kept)
            sessions.end_all(connection, staff.code, now)
            audit.record(connection, f"staff:{staff.code}", "password.set", staff.code, now, {"by": "link"})

        self._database.write(keep)

    def _page(self, request: web.Request, status: int = 200, **values: Any) -> web.Response:
        speech = self._door.speech(request)
        shown: dict[str, Any] = {"name": "", "failed": False, "set": "set" in request.query, "path": SIGN_IN} | values
        shown["other"] = f"{SIGN_IN}?lang={_other(speech.locale)}&next={quote(shown['next'], safe='')}"
        text = page("hr/sign_in.html", **self._door.around(speech), **shown)
        return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)

    def _password_page(self, request: web.Request, staff: Staff, fault: str = "", status: int = 200) -> web.Response:
        speech = self._door.speech(request, staff.locale)
        text = page("hr/set_password.html", **self._door.around(speech), staff=staff, fault=fault)
        return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)


def fault_of(new: str, again: str) -> str:
    """What is wrong with a new password: the end of its key in inbox.yaml, or ""."""
    if len(new) < passwords.SHORTEST:
        return "short"
    if len(new) > passwords.LONGEST:
        return "long"
    return "" if new == again else "differ"


def _other(locale: str) -> str:
    return next(other for other in SPOKEN if other != locale)


def _back(wanted: str) -> str:
    """Only to a page of ours: another site's address would lend it our good name."""
    path = wanted.partition("?")[0]
    ours = path == HOME or path.startswith(f"{HOME}/")
    plain = wanted.isprintable() and "\\" not in wanted and ".." not in path
    return wanted if ours and plain and not path.startswith(SIGN_IN) else HOME
