"""Runs the fake Twilio: `python -m fakes.twilio --port 0 --callback http://127.0.0.1:8080/sms`."""

import argparse
from collections.abc import Sequence

from aiohttp import web

from fakes import faults, serving
from fakes.serving import closing, serve
from fakes.twilio import api, control
from fakes.twilio.account import Account, Settings
from fakes.twilio.post import Post
from fakes.twilio.pusher import Pusher


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    settings = Settings(
        account_sid=options.account_sid,
        auth_token=options.auth_token,
        service_sid=options.messaging_service_sid,
        numbers=tuple(options.numbers or Settings.numbers),
        status_callback=options.status_callback,
        public_url=options.public_url,
        shared_key=options.shared_key,
        method=options.method,
    )
    serve(
        "fakes.twilio",
        lambda base: application(Account(base, options.callback, settings)),
        options,
    )


def application(account: Account) -> web.Application:
    def count(request: web.Request) -> None:
        account.calls[api.template(request)] += 1

    post = Post(account)
    pusher = Pusher(account, post)
    account.on_time = post.release_due
    app = web.Application(middlewares=[faults.middleware(account.faults, count, api.refusal)])
    app.add_routes([*api.routes(account, post), *control.routes(account, post, pusher)])

    return closing(app, account)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    default = Settings()
    parser = serving.options("fakes.twilio", __doc__)
    parser.add_argument("--callback", default="http://127.0.0.1:8080/sms", help="where texts go; #rc=… as at Twilio")
    parser.add_argument("--status-callback", default="", help="for messages that name none")
    parser.add_argument("--public-url", default="", help="the callback's public address, if a proxy stands before it")
    parser.add_argument("--account-sid", default=default.account_sid)
    parser.add_argument("--auth-token", default=default.auth_token)
    parser.add_argument("--messaging-service-sid", default="", help="MG…; its numbers are those of --from")
    parser.add_argument(
        "--from", dest="numbers", action="append", help=f"a number we own (default {default.numbers[0]})"
    )
    parser.add_argument("--shared-key", default=default.shared_key, help="for SHA-256 signatures")
    parser.add_argument("--method", choices=("POST", "GET"), default="POST", help="of the webhook for texts")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
