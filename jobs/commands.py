"""The clock's commands: `keepwarm work`, `schedule` and `job`, and those that play time: `simulate`, `timemachine`."""

import subprocess
from datetime import datetime
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import structlog
import typer

from bot import settings
from bot.errors import ConfigError
from bot.platform import clock, embedded_redis, log, stop_signal
from bot.platform.garbage_collection import lasting
from bot.settings import Settings
from bot.store.db.setup import open_store
from jobs import scheduler

_log = structlog.get_logger()


def work() -> None:
    """Run the jobs that the scheduler puts into the queue. Start as many as you like."""
    log.configure()
    loaded = _accepted()
    server = None if loaded.redis_url else embedded_redis.start(loaded.var)
    try:
        _log.info("working")
        scheduler.work(embedded_redis.connect(loaded.redis_url, loaded.var))
    finally:
        embedded_redis.stop(server)


def schedule() -> None:
    """Put jobs into the queue when they are due. Several may run: one is elected."""
    log.configure()
    loaded = _accepted()
    servers: list[subprocess.Popen[bytes] | None] = []

    def revive() -> None:
        """What keeps it from starting may pass, like a full disk: half a second later it is tried again."""
        if loaded.redis_url:
            return
        try:
            servers.append(embedded_redis.start(loaded.var))
        except (ConfigError, OSError) as error:
            _log.error("redis_does_not_start", **log.broke(error))

    with stop_signal.on_signals() as told:
        try:
            servers.append(None if loaded.redis_url else embedded_redis.start(loaded.var))
            _log.info("scheduling")
            scheduler.schedule(embedded_redis.connect(loaded.redis_url, loaded.var), told, revive)
        finally:
            for server in servers:
                embedded_redis.stop(server)


def _accepted() -> Settings:
    """Raises ConfigError where no job could work: a wrong key, an old schema. A database that is away comes back."""
    loaded = settings.load()
    try:
        open_store(loaded.database_url, loaded.data_key)[0].close()
    except sa.exc.OperationalError as error:
        _log.warning("database_away", **log.broke(error))
    return loaded


def job(name: Annotated[str, typer.Argument(help="Which job: " + ", ".join(scheduler.JOBS))]) -> None:
    """Run one job by hand, now, in this process."""
    if name not in scheduler.JOBS:
        raise typer.BadParameter(f"no job is called {name!r}: use one of {', '.join(scheduler.JOBS)}")
    log.configure()
    typer.echo(f"{name}: {scheduler.perform(name)}")


def simulate(
    days: Annotated[int, typer.Option(min=1, max=366, help="How long to play.")] = 30,
    candidates: Annotated[int, typer.Option(min=1, max=5000, help="How many people the sample company has.")] = 200,
    seed: Annotated[int, typer.Option(help="Who has which manner, and when they act.")] = 1,
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day; today if left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    folder: Annotated[Path, typer.Option(help="Where it keeps its data; begun afresh each time.")] = Path(
        "var/simulation"
    ),
) -> None:
    """Play a cohort's weeks in seconds through the real code, with stand-ins for WeChat and Twilio.

    Prints what was said by itself, message by message: when, to whom, by which road, and what became of it.
    """
    with lasting():
        from jobs.simulation import run

    log.configure("error")
    zone = settings.load().company.zone
    first = start.date() if start else clock.now().astimezone(zone).date()
    play = run.Play(days, candidates, seed, first, folder)
    run.echo(run.simulate(play, progress=True), zone, as_json)


def timemachine(
    port: Annotated[int, typer.Option()],
    wechat: Annotated[str, typer.Option()],
    twilio: Annotated[str, typer.Option()],
    robots: Annotated[str, typer.Option()],
    crowd: Annotated[str, typer.Option()],
) -> None:
    """The demo's part that moves the clock."""
    from jobs.simulation import time_server

    log.configure("warning")
    time_server.serve(port, (wechat, twilio, robots), crowd)
