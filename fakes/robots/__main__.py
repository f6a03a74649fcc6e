"""Runs the fake of HR's chats: `python -m fakes.robots --port 0 --callback http://127.0.0.1:8080/wecom`."""

import argparse
from collections.abc import Sequence
from dataclasses import fields

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from fakes import faults, serving
from fakes.robots import application, control, dingtalk, feishu, page, wecom_robot
from fakes.robots.account import Account, Settings
from fakes.robots.pusher import Pusher
from fakes.serving import closing, serve

FEISHU = "/open-apis/bot/"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    settings = Settings(**{field.name: getattr(options, field.name) for field in fields(Settings)})
    serve(
        "fakes.robots",
        lambda base: site(Account(base, options.callback, settings)),
        options,
    )


def site(account: Account) -> web.Application:
    app = web.Application(middlewares=[_guard(account)], client_max_size=4 << 20)
    pusher = Pusher(account)
    for part in (application, wecom_robot, dingtalk, feishu):
        app.add_routes(part.routes(account))
    app.add_routes(control.routes(account, pusher))
    app.add_routes(page.routes(account, pusher))

    return closing(app, account)


def _guard(account: Account) -> Middleware:
    """A fault's code comes in the words of the platform that was called; its calls are counted without the secrets in
    their paths."""

    def count(request: web.Request) -> None:
        account.calls["feishu" if request.path.startswith(FEISHU) else request.path] += 1

    tencents = faults.middleware(account.faults, count, application.faulty)
    feishus = faults.middleware(account.faults, count, feishu.faulty)

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        guard = feishus if request.path.startswith(FEISHU) else tencents
        return await guard(request, handler)

    return guarded


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = serving.options("fakes.robots", __doc__)
    parser.add_argument("--callback", default="http://127.0.0.1:8080/wecom", help="where the application's pushes go")
    default = Settings()
    for field in fields(Settings):
        value = getattr(default, field.name)
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(value), default=value)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
