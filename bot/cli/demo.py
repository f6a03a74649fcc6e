"""The demo: a sample company, stand-ins for WeChat, Twilio and HR's chats, and every part of keepwarm, on this machine
only."""

import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import typer

from bot import links, settings
from bot.cli import menu, sample, supervisor
from bot.cli.sample import HOST
from bot.platform import clock, embedded_redis
from bot.store import people
from bot.store.db.setup import open_store


def demo(port: int, folder: Path) -> None:
    """Begins afresh each time, so that the sample dates lie around today."""
    supervisor.require_free(HOST, port, "demo")
    ahead = clock.ahead()  # where whoever begins it has moved the clock
    folder = folder.resolve()  # the stand-ins run elsewhere
    own = sample.begin(folder, port)
    with ExitStack() as stack:
        wechat = stack.enter_context(sample.wechat(own, port))
        twilio = stack.enter_context(sample.twilio(own, port))
        robots, environment = stack.enter_context(sample.robots(port))
        os.environ.update(own | environment | {"WECHAT_API_URL": wechat, "TWILIO_API_URL": twilio})
        clock.share(folder / "clock")
        clock.move(ahead)
        sample.keep_step(wechat, twilio, robots)
        players = sample.move_in(folder, clock.now())
        page, password = _page_of_the_first(folder), sample.give_passwords()
        sample.register_templates(wechat)
        menu.put(settings.load())
        fakes = ("--wechat", wechat, "--twilio", twilio)
        crowd = stack.enter_context(sample.stand_in("crowd", *fakes, "--people", str(players)))
        machine = _time_machine((*fakes, "--robots", robots), crowd)
        machine_url = f"http://{HOST}:{machine.arguments[1]}"
        simulator = stack.enter_context(
            sample.stand_in("simulator", *fakes, "--people", str(players), "--time", machine_url)
        )
        environment = {**os.environ, "KEEPWARM_SIM_URL": simulator}
        stack.callback(embedded_redis.stop, embedded_redis.start(settings.load().var))
        parts = [supervisor.serve(HOST, port), supervisor.Service("work"), supervisor.Service("schedule"), machine]
        supervisor.run(parts, environment, lambda: _tell(port, page, password, robots, folder))
    typer.echo("\nstopped")


def _page_of_the_first(folder: Path) -> str:
    loaded = settings.load()
    database, _ = open_store(loaded.database_url, loaded.data_key)
    try:
        code = sample.stories(folder)[0]["code"]
        number = database.read(lambda connection: people.by_code(connection, code))
        return links.page_link(loaded, number or 0, 1)
    finally:
        database.close()


def _time_machine(fakes: tuple[str, ...], crowd: str) -> supervisor.Service:
    """A part of jobs/, found by its name like the rest."""
    return supervisor.Service("timemachine", ("--port", str(sample.free_port()), *fakes, "--crowd", crowd))


def _tell(port: int, page: str, password: str, robots: str, folder: Path) -> None:
    """Once the door is open; if it does not open within a minute the parts' own lines say why."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                break
        time.sleep(0.1)
    typer.echo(f"""
keepwarm demo: a sample company with stand-ins for WeChat, Twilio and HR's chats; all data in {folder}

  phone simulator   http://{HOST}:{port}/sim
  HR inbox          http://{HOST}:{port}/hr
                    sign in as hr-lin (recruiter), mg-he (manager) or ad-wu (admin)
                    password: {password}
  candidate's page  {page}
  HR's chats        {robots}/
  probes            http://{HOST}:{port}/readyz  http://{HOST}:{port}/metrics

Ctrl-C stops all of it.
""")
