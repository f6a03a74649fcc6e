"""Runs the sample people: `python -m fakes.crowd --wechat URL --twilio URL --people FILE.json [--seed N]`.

`POST /act {"now": unix}` lets them do what is due by then.
"""

import argparse
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from aiohttp import web

from fakes.crowd.crowd import Crowd
from fakes.serving import serve


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    crowd = Crowd({"wechat": options.wechat, "sms": options.twilio}, options.people, options.seed)
    serve("fakes.crowd", lambda _: application(crowd), options.host, options.port, options.watch_stdin)


def application(crowd: Crowd) -> web.Application:
    async def act(request: web.Request) -> web.Response:
        order = await request.json()
        return web.json_response(await crowd.act(float(order["now"])))

    async def closing(_: web.Application) -> AsyncIterator[None]:
        yield
        await crowd.close()

    app = web.Application()
    app.add_routes([web.post("/act", act)])
    app.cleanup_ctx.append(closing)
    return app


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fakes.crowd", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--wechat", required=True, help="address of fakes.wechat")
    parser.add_argument("--twilio", required=True, help="address of fakes.twilio")
    parser.add_argument("--people", type=Path, required=True, help="who they are: the simulator's file")
    parser.add_argument("--seed", type=int, default=1, help="who has which manner, and when they act")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when stdin ends")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
