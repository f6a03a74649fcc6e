"""The clock's commands: `keepwarm work`, `schedule` and `job`."""

import signal
import threading
from typing import Annotated

import structlog
import typer

from bot import embedded_redis, log, settings
from jobs import timetable

_log = structlog.get_logger()


def work() -> None:
    """Run the jobs that the scheduler puts into the queue. Start as many as you like."""
    log.configure()
    loaded = settings.load()
    server = None if loaded.redis_url else embedded_redis.start(loaded.var)
    try:
        _log.info("working")
        timetable.work(embedded_redis.connect(loaded.redis_url, loaded.var))
    finally:
        embedded_redis.stop(server)


def schedule() -> None:
    """Put jobs into the queue when they are due. Several may run: one is elected."""
    log.configure()
    loaded = settings.load()
    servers = [None if loaded.redis_url else embedded_redis.start(loaded.var)]

    def revive() -> None:
        if not loaded.redis_url:
            servers.append(embedded_redis.start(loaded.var))

    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    try:
        _log.info("scheduling")
        connection = embedded_redis.connect(loaded.redis_url, loaded.var)
        timetable.schedule(connection, lambda: not stopped.is_set(), revive)
    finally:
        for server in servers:
            embedded_redis.stop(server)


def job(name: Annotated[str, typer.Argument(help="Which job: " + ", ".join(timetable.JOBS))]) -> None:
    """Run one job by hand, now, in this process."""
    if name not in timetable.JOBS:
        raise typer.BadParameter(f"no job is called {name!r}: use one of {', '.join(timetable.JOBS)}")
    log.configure()
    typer.echo(f"{name}: {timetable.perform(name)}")
