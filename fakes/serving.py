"""Runs one fake as a program: binds, says on stdout that it listens, stops on a signal."""

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from aiohttp import web

Build = Callable[[str], web.Application]


class Closes(Protocol):
    """What a fake keeps open while it serves."""

    async def close(self) -> None: ...


def options(name: str, about: str | None) -> argparse.ArgumentParser:
    """A parser of what every fake is told when it starts."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    parser.add_argument("--port", type=int, default=0, help="of the HTTP calls; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when stdin ends")
    return parser


def closing(app: web.Application, what: Closes) -> web.Application:
    """The application, at whose end this is closed."""

    async def at_the_end(_: web.Application) -> AsyncIterator[None]:
        yield
        await what.close()

    app.cleanup_ctx.append(at_the_end)
    return app


def serve(name: str, build: Build, told: argparse.Namespace) -> None:
    """`build` gets the address people will use; `told`: what the options say."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(name, build, told.host, told.port, told.watch_stdin))


async def _serve(name: str, build: Build, host: str, port: int, watch_stdin: bool) -> None:
    sock = socket.create_server((host, port), backlog=512)
    base = f"http://{host}:{sock.getsockname()[1]}"
    runner = web.AppRunner(build(base), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    stop = _stop_signal(watch_stdin)
    print(f"{name} listening on {base}", flush=True)
    await stop.wait()
    await runner.cleanup()


def _stop_signal(watch_stdin: bool) -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    if watch_stdin:
        loop.add_reader(sys.stdin.fileno(), lambda: _ended(stop))
    return stop


def _ended(stop: asyncio.Event) -> None:
    """The starter holds our stdin open; when it dies, however it dies, we read its end."""
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()
