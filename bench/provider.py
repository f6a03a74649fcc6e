"""A provider that answers each call after so many milliseconds: WeChat's service messages and tokens, Twilio's SMS.

`GET /figures` says how many messages came, when the first and the last, and how many it had at once; `POST /reset`
begins anew.
"""

import argparse
import asyncio
import itertools
import time
from dataclasses import dataclass, field

from aiohttp import web

_DAY = 86_400


@dataclass
class Figures:
    """Of the messages since the last reset; moments are seconds of this machine's clock."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0
    most_at_once: int = 0
    to: set[str] = field(default_factory=set)


class Provider:
    """Takes every message, and takes its time."""

    def __init__(self, delay: float) -> None:
        self._delay, self._ids = delay, itertools.count(1)
        self._figures, self._at_once = Figures(), 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self._token)
        app.router.add_post("/cgi-bin/message/custom/send", self._wechat)
        app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", self._twilio)
        app.router.add_get("/figures", self._tell)
        app.router.add_post("/reset", self._reset)
        return app

    async def _token(self, _: web.Request) -> web.Response:
        await asyncio.sleep(self._delay)
        return web.json_response({"access_token": "bench", "expires_in": _DAY})

    async def _wechat(self, request: web.Request) -> web.Response:
        await self._takes((await request.json())["touser"])
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _twilio(self, request: web.Request) -> web.Response:
        form = await request.post()
        await self._takes(str(form["To"]))
        return web.json_response({"sid": f"SM{next(self._ids):032x}", "status": "queued"}, status=201)

    async def _takes(self, to: str) -> None:
        figures, now = self._figures, time.time()
        figures.count, figures.first, figures.last = figures.count + 1, figures.first or now, now
        figures.to.add(to)
        self._at_once += 1
        figures.most_at_once = max(figures.most_at_once, self._at_once)
        await asyncio.sleep(self._delay)
        self._at_once -= 1

    async def _tell(self, _: web.Request) -> web.Response:
        figures = self._figures
        told = {"count": figures.count, "people": len(figures.to), "most_at_once": figures.most_at_once}
        return web.json_response(told | {"seconds": figures.last - figures.first})

    async def _reset(self, _: web.Request) -> web.Response:
        self._figures = Figures()
        return web.json_response({})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.provider", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--milliseconds", type=float, default=50)
    options = parser.parse_args()
    provider = Provider(options.milliseconds / 1000)
    web.run_app(provider.app(), host="127.0.0.1", port=options.port, access_log=None, print=None)


if __name__ == "__main__":
    main()
