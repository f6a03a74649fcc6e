"""Runs one fake as a program: binds, says on stdout that it listens, stops on a signal."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable

from aiohttp import web

Build = Callable[[str], web.Application]


def serve(name: str, build: Build, host: str, port: int, watch_stdin: bool = False) -> None:
    """`build` gets the address people will use; port 0 takes a free one."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(name, build, host, port, watch_stdin))


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
