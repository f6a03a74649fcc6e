"""Runs the fake WeChat: `python -m fakes.wechat --port 0 --callback http://127.0.0.1:8080/wechat`."""

import argparse
from collections.abc import Sequence

from aiohttp import web

from fakes import faults, serving
from fakes.serving import closing, serve
from fakes.wechat import api, calls, control
from fakes.wechat.account import FORMATS, MODES, Account, Settings
from fakes.wechat.pusher import Pusher


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    settings = Settings(
        app_id=options.app_id,
        app_secret=options.app_secret,
        token=options.token,
        aes_key=options.aes_key,
        mode=options.mode,
        format=options.format,
        account=options.account,
        name=options.name,
    )
    serve(
        "fakes.wechat",
        lambda base: application(Account(base, options.callback, settings)),
        options,
    )


def application(account: Account) -> web.Application:
    def count(request: web.Request) -> None:
        account.calls[request.path] += 1

    guard = faults.middleware(account.faults, count, calls.refusal)
    app = web.Application(middlewares=[guard], client_max_size=16 << 20)
    pusher = Pusher(account)
    app.add_routes([*api.routes(account, pusher), *control.routes(account, pusher)])

    return closing(app, account)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    default = Settings()
    parser = serving.options("fakes.wechat", __doc__)
    parser.add_argument("--callback", default="http://127.0.0.1:8080/wechat", help="where pushes go")
    parser.add_argument("--app-id", default=default.app_id)
    parser.add_argument("--app-secret", default=default.app_secret)
    parser.add_argument("--token", default=default.token)
    parser.add_argument("--aes-key", default=default.aes_key, help="43 characters")
    parser.add_argument("--mode", choices=MODES, default=default.mode)
    parser.add_argument("--format", choices=FORMATS, default=default.format)
    parser.add_argument("--account", default=default.account, help="the account's gh_… name")
    parser.add_argument("--name", default=default.name, help="the account's name as people see it")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
