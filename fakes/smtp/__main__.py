"""Runs the fake mail server: `python -m fakes.smtp --port 0 --smtp-port 0`; its control calls are HTTP."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from fakes import serving
from fakes.serving import serve
from fakes.smtp import control
from fakes.smtp.account import Account, Settings
from fakes.smtp.dialog import dialog


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    settings = Settings(
        host=options.host,
        port=options.smtp_port,
        user=options.user,
        password=options.password,
        certificate=options.certificate,
        key=options.key,
        tls=options.tls,
    )
    serve(
        "fakes.smtp",
        lambda base: application(Account(base, settings)),
        options,
    )


def application(account: Account) -> web.Application:
    app = web.Application()
    app.add_routes(control.routes(account))

    async def mail(_: web.Application) -> AsyncIterator[None]:
        settings = account.settings
        context = account.context() if settings.tls else None
        server = await asyncio.start_server(
            lambda reader, writer: dialog(account, reader, writer), settings.host, settings.port, ssl=context
        )
        settings.port = server.sockets[0].getsockname()[1]
        yield
        server.close()
        await account.close()

    app.cleanup_ctx.append(mail)
    return app


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = serving.options("fakes.smtp", __doc__)
    parser.add_argument("--smtp-port", type=int, default=0, help="where mail goes; 0 takes a free one")
    parser.add_argument("--user", default="", help="whoever sends must log in as this")
    parser.add_argument("--password", default="")
    parser.add_argument("--certificate", default="", help="a PEM file: STARTTLS is offered")
    parser.add_argument("--key", default="")
    parser.add_argument("--tls", action="store_true", help="TLS from the first byte on (smtps)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
