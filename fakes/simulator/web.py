"""The simulator's web door: one page, its files, and a small JSON interface below /sim."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from fakes.simulator import people
from fakes.simulator.phones import Phones
from fakes.simulator.times import Times
from fakes.simulator.words import PLACES, TRY, WORDS

STATIC = Path(__file__).parent / "static"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: http: https:; connect-src 'self'"
)


def application(phones: Phones, people_file: Path, times: Times) -> web.Application:
    door = Door(phones, people_file, times)
    app = web.Application(client_max_size=8 << 20, middlewares=[_plain_errors])
    app.add_routes(
        [
            web.get("/sim", door.page),
            web.get("/sim/", door.page),
            web.get("/sim/api/start", door.start),
            web.get("/sim/api/chat", door.chat),
            web.post("/sim/api/act", door.act),
            web.get("/sim/api/time", door.time),
            web.post("/sim/api/time/{order}", door.move_time),
            web.get("/sim/media/{channel}/{name}", door.media),
            web.static("/sim/static", STATIC),
        ]
    )

    async def closing(_: web.Application) -> AsyncIterator[None]:
        yield
        await phones.close()
        await times.close()

    app.cleanup_ctx.append(closing)
    return app


class Door:
    def __init__(self, phones: Phones, people_file: Path, times: Times) -> None:
        self.phones = phones
        self.times = times
        self.people_file = people_file

    async def page(self, _: web.Request) -> web.StreamResponse:
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        return web.FileResponse(STATIC / "index.html", headers=headers)

    async def start(self, _: web.Request) -> web.Response:
        shown = people.read(self.people_file).shown()
        return web.json_response(shown | {"words": WORDS, "places": PLACES, "try": TRY, "time": self.times.there})

    async def chat(self, request: web.Request) -> web.Response:
        """The chat's state; its messages only if the page has not seen this revision."""
        state = await self.phones.state(request.query["channel"], self._person(request.query["code"]))
        if str(state["rev"]) == request.query.get("rev"):
            del state["messages"]
        return web.json_response(state)

    async def act(self, request: web.Request) -> web.Response:
        act: dict[str, Any] = await request.json()
        person = self._person(act["code"])
        return web.json_response(await self.phones.do(act["channel"], person, act))

    async def time(self, _: web.Request) -> web.Response:
        return web.json_response(await self.times.state())

    async def move_time(self, request: web.Request) -> web.Response:
        """play {days}, step {hours}, pause: see the time machine."""
        order: dict[str, Any] = await request.json() if request.can_read_body else {}
        return web.json_response(await self.times.order(request.match_info["order"], order))

    async def media(self, request: web.Request) -> web.Response:
        data, kind = await self.phones.media(request.match_info["channel"], request.match_info["name"])
        return web.Response(body=data, content_type=kind)

    def _person(self, code: str) -> dict[str, Any]:
        return people.read(self.people_file).by_code(code)


@web.middleware
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The page shows what went wrong in words of its own."""
    try:
        return await handler(request)
    except (KeyError, StopIteration, RuntimeError):
        return web.json_response({"error": "unknown"}, status=404)
    except (aiohttp.ClientError, TimeoutError):
        return web.json_response({"error": "away"}, status=502)
