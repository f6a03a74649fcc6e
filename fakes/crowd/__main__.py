"""Runs the sample people: `python -m fakes.crowd --wechat URL --twilio URL --people FILE.json [--seed N]`.

`POST /act {"now": unix}` lets them do what is due by then.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from aiohttp import web

from fakes import serving
from fakes.crowd.crowd import Crowd
from fakes.serving import closing, serve


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    crowd = Crowd({"wechat": options.wechat, "sms": options.twilio}, options.people, options.seed)
    serve("fakes.crowd", lambda _: application(crowd), options)


def application(crowd: Crowd) -> web.Application:
    async def act(request: web.Request) -> web.Response:
        order = await request.json()
        return web.json_response(await crowd.act(float(order["now"])))

    app = web.Application()
    app.add_routes([web.post("/act", act)])
    return closing(app, crowd)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = serving.options("fakes.crowd", __doc__)
    parser.add_argument("--wechat", required=True, help="address of fakes.wechat")
    parser.add_argument("--twilio", required=True, help="address of fakes.twilio")
    parser.add_argument("--people", type=Path, required=True, help="who they are: the simulator's file")
    parser.add_argument("--seed", type=int, default=1, help="who has which manner, and when they act")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
