"""Live updates: one look a second at the database for all pages of this process that are open, told by SSE.

An event says that something changed, never what: the page asks again, with its own rights.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog
from aiohttp import web
from sqlalchemy.engine import Connection

from bot.platform.log import broke
from bot.store import sessions
from bot.store.tables import cases, inbound, outbound
from bot.store.visibility import sees_case
from bot.web.hr.auth import Door
from bot.web.hr.request import StaffRequest

LIST = 0  # watched by the list; any other number is a case
MOST = 6  # open streams a person
_EVERY, _HEARTBEAT = 1.0, 15.0  # seconds
_log = structlog.get_logger()


@dataclass(eq=False)
class _Listener:
    """One open page."""

    request: web.Request
    who: str
    watches: int
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_gone(self) -> bool:
        """Whether the page was left: its place is somebody else's at once."""
        transport = self.request.transport
        return transport is None or transport.is_closing()


class Live:
    """The handler of `/hr/events`, and the looking."""

    def __init__(self, door: Door, every: float = _EVERY) -> None:
        self._door, self._every = door, every
        self._listeners: set[_Listener] = set()
        self._seen: dict[int, str] = {}
        self._stopping = False

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/hr/events", self.listen)]

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """`?case=12`: of one case; else of the list. 429 where a person has too many open."""
        visit = await self._door.visit(request)
        if isinstance(visit, web.Response):
            return visit
        watches = await self._door.in_thread(_watched, visit)
        if isinstance(watches, str):
            return await self._door.in_thread(self._door.refused, visit, watches)
        if self._open(visit.staff.code) >= MOST or self._stopping:
            return web.Response(status=429)
        listener = _Listener(request, visit.staff.code, watches)
        version = (await self._door.in_thread(self._versions, [watches])).get(watches, "")
        if visit.wish("v") != version:
            listener.changed.set()  # since the page was made
        if not any(other.watches == watches for other in self._listeners):
            self._seen[watches] = version
        return await self._stream(request, visit, listener)

    def _open(self, who: str) -> int:
        return sum(listener.who == who and not listener.is_gone for listener in self._listeners)

    async def _stream(self, request: web.Request, visit: StaffRequest, listener: _Listener) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        self._listeners.add(listener)
        try:
            await response.prepare(request)
            await response.write(b"retry: 3000\n\n")
            while not self._stopping and not listener.is_gone and await self._still_in(visit):
                await response.write(await self._next(listener))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._listeners.discard(listener)
        return response

    async def _next(self, listener: _Listener) -> bytes:
        with suppress(TimeoutError):
            await asyncio.wait_for(listener.changed.wait(), _HEARTBEAT)
        if not listener.changed.is_set():
            return b": still here\n\n"
        listener.changed.clear()
        return b"event: changed\ndata: \n\n"

    async def _still_in(self, visit: StaffRequest) -> bool:
        """A session that was ended elsewhere hears nothing more."""
        cipher, database = self._door.desk.house.cipher, self._door.desk.database

        def look(connection: Connection) -> bool:
            idle, now = self._door.lasts, self._door.now()  # who listens is there, though they click nothing
            return sessions.find(connection, cipher, visit.token, idle, now) is not None

        return await self._door.in_thread(database.read, look)

    async def run(self, _app: web.Application) -> "asyncio.AsyncIterator[None]":  # type: ignore[name-defined]
        """Looks for as long as the application lives."""
        task = asyncio.create_task(self._look_on())
        yield
        task.cancel()

    async def stop(self, _app: web.Application) -> None:
        self._stopping = True
        for listener in self._listeners:
            listener.changed.set()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            for listener in self._listeners:
                if listener.is_gone:
                    listener.changed.set()  # so that it ends now, and not with the next heartbeat
            if not self._listeners:
                continue
            try:
                watched = sorted({listener.watches for listener in self._listeners})
                self._compare(await self._door.in_thread(self._versions, watched))
            except Exception as error:
                _log.error("looking_broke", **broke(error))

    def _versions(self, watched: Sequence[int]) -> dict[int, str]:
        return self._door.desk.database.read(lambda connection: versions(connection, watched))

    def _compare(self, now: Mapping[int, str]) -> None:
        changed = {what for what, version in now.items() if self._seen.get(what, version) != version}
        self._seen = dict(now)
        for listener in self._listeners:
            if listener.watches in changed:
                listener.changed.set()


def versions(connection: Connection, watched: Sequence[int]) -> dict[int, str]:
    """A text for each that differs whenever what its page shows has changed."""
    found: dict[int, str] = {}
    if LIST in watched:
        found[LIST] = _short(connection.execute(sa.select(sa.func.max(cases.c.updated_at))).scalar())
    came = sa.select(sa.func.max(inbound.c.id)).where(inbound.c.candidate_id == cases.c.candidate_id).scalar_subquery()
    theirs = outbound.c.candidate_id == cases.c.candidate_id
    last = sa.func.coalesce(outbound.c.delivered_at, outbound.c.sent_at, outbound.c.created_at)
    said = sa.select(sa.func.max(outbound.c.id)).where(theirs).scalar_subquery()
    went = sa.select(sa.func.max(last)).where(theirs).scalar_subquery()
    open_ = [number for number in watched if number != LIST]
    if open_:
        wanted = sa.select(cases.c.id, cases.c.version, came, said, went).where(cases.c.id.in_(open_))
        found |= {row[0]: _short(tuple(row)) for row in connection.execute(wanted)}
    return found


def _short(what: object) -> str:
    return hashlib.sha256(str(what).encode()).hexdigest()[:12]


def _watched(visit: StaffRequest) -> int | str:
    """What the page watches, or why it may not: `work`, or that the case is not theirs."""
    if not visit.may("work"):
        return "work"
    wish = visit.wish("case")
    if not wish:
        return LIST
    number = int(wish) if wish.isascii() and wish.isdigit() and len(wish) < 15 else 0
    return number if number and visit.read(lambda c: sees_case(c, visit.sight, number)) else "case"
