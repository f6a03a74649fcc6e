"""The inbox in a test: one server on a real socket, browsers that keep their cookies, a clock that is moved."""

import asyncio
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests
import sqlalchemy as sa
from aiohttp import web

from bot.conversation import Runtime
from bot.staff import passwords
from bot.store import cases, staff_members
from bot.store.db.database import Database
from bot.store.tables import audit, candidates
from bot.web.hr.request import Backend
from bot.web.hr.routes import Inbox

PASSWORD = "correct horse battery"
_KEPT: list[str] = []


@dataclass
class Office:
    """A running inbox. `sent`: the rows that were handed to the outbox."""

    house: Runtime
    database: Database
    now: datetime
    url: str = ""
    sent: list[int] = field(default_factory=list)

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)

    def person(self, code: str) -> "Browser":
        """Signed in."""
        browser = Browser(self)
        answer = browser.post("/hr/sign-in", name=code, password=PASSWORD)
        assert answer.status_code == 200, answer.text[:300]
        return browser

    def case(self, candidate: str | None, reason: str = "human", address: int | None = None) -> int:
        number = self.candidate(candidate) if candidate else None
        return self.database.write(lambda c: cases.open_case(c, number, address, reason, self.now))

    def candidate(self, code: str) -> int:
        return int(self.one(sa.select(candidates.c.id).where(candidates.c.code == code)))

    def one(self, wanted: Any) -> Any:
        return self.database.read(lambda c: c.execute(wanted).scalar())

    def all(self, wanted: Any) -> list[Any]:
        return self.database.read(lambda c: list(c.execute(wanted)))

    def do(self, change: Any) -> None:
        self.database.write(lambda c: c.execute(change))

    def denied(self) -> list[tuple[str, str]]:
        """Who was refused what, in order."""
        rows = self.all(sa.select(audit.c.actor, audit.c.target).where(audit.c.action == "denied").order_by(audit.c.id))
        return [tuple(row) for row in rows]


class Browser:
    """Keeps cookies, and fills in the token of the last form it saw."""

    def __init__(self, office: Office) -> None:
        self.office, self.session, self.csrf = office, requests.Session(), ""
        self.session.headers["Accept-Language"] = "zh-CN,zh;q=0.9"

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._seen(self.session.get(self.office.url + path, timeout=20, **options))

    def post(self, path: str, files: Any = None, follow: bool = True, **form: Any) -> requests.Response:
        if self.session.cookies and not self.csrf:
            self.get("/hr/me")
        data = {"csrf": self.csrf, "once": secrets.token_urlsafe(16)} | form
        url = self.office.url + path
        answer = self._seen(self.session.post(url, data=data, files=files, allow_redirects=False, timeout=20))
        return self.get(answer.headers["Location"]) if follow and answer.status_code == 303 else answer

    def _seen(self, answer: requests.Response) -> requests.Response:
        """What a browser would not do: keep to http a cookie that is for https alone."""
        for cookie in self.session.cookies:
            cookie.secure = False
        answer.encoding = "utf-8"
        if found := re.search(r'name="csrf" value="(\w+)"', answer.text):
            self.csrf = found[1]
        return answer


def kept() -> str:
    """One hash for all tests: it is costly by intent."""
    if not _KEPT:
        _KEPT.append(passwords.hashed(PASSWORD))
    return _KEPT[0]


def let_in(office: Office, *codes: str) -> None:
    """Gives them the password."""
    for code in codes:
        office.database.write(lambda c, code=code: staff_members.change(c, code, office.now, password=kept()))


@contextmanager
def serving(office: Office) -> Iterator[Office]:
    """Runs the server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> web.AppRunner:
        app = web.Application()
        inbox = Inbox(Backend(office.house, office.database, office.sent.extend), lambda: office.now, every=0.05)
        app.add_routes(inbox.routes())
        inbox.live_in(app)
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        office.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    try:
        yield office
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
