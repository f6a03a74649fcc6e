"""The demo's time machine as a small web door on this machine only: play, step, pause, and where it stands."""

import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from aiohttp import web

from bot.platform import clock
from jobs.context import open_desk
from jobs.simulation.actors import Crowd, SimulatedHr
from jobs.simulation.time_travel import HOUR, TimeMachine

_HOST = "127.0.0.1"
_LONGEST = timedelta(days=366)
_USUALLY = 24.0  # hours a second


class Player:
    """Plays on a thread of its own until it is told to pause, or has come to the end."""

    def __init__(self, machine: TimeMachine) -> None:
        self._machine = machine
        self._wish = threading.Condition()
        self._until: datetime | None = None
        self._pace = 0.0  # real seconds that an hour takes at least
        threading.Thread(target=self._run, name="player", daemon=True).start()

    def play(self, span: timedelta, hours_a_second: float) -> None:
        """From now on so much; what was still to be played is forgotten. `hours_a_second` 0: as fast as it goes."""
        with self._wish:
            self._until = clock.now() + min(span, _LONGEST)
            self._pace = 1 / hours_a_second if hours_a_second else 0.0
            self._wish.notify()

    def pause(self) -> None:
        with self._wish:
            self._until = None

    def state(self) -> dict[str, object]:
        until = self._until
        return {
            "now": clock.now().isoformat(),
            "playing": until is not None,
            "until": until.isoformat() if until else None,
        }

    def _run(self) -> None:
        while True:
            with self._wish:
                self._wish.wait_for(lambda: self._until is not None)
            self._play_on()

    def _play_on(self) -> None:
        """An hour at a time, so that a new wish is heard soon."""
        while (until := self._until) is not None:
            begun = time.monotonic()
            left = until - clock.now()
            if left > timedelta(seconds=1):
                self._machine.play(min(left, HOUR), goes_on=lambda: self._until is not None)
                time.sleep(max(0.0, self._pace - (time.monotonic() - begun)))
                continue
            with self._wish:
                self._until = None if self._until == until else self._until


def application(player: Player) -> web.Application:
    async def play(request: web.Request) -> web.Response:
        order = await _order(request)
        player.play(timedelta(days=order.get("days", 30)), order.get("hours_a_second", _USUALLY))
        return web.json_response(player.state())

    async def step(request: web.Request) -> web.Response:
        player.play(timedelta(hours=(await _order(request)).get("hours", 1)), 0)
        return web.json_response(player.state())

    async def pause(_: web.Request) -> web.Response:
        player.pause()
        return web.json_response(player.state())

    async def state(_: web.Request) -> web.Response:
        return web.json_response(player.state())

    app = web.Application()
    app.add_routes(
        [web.post("/play", play), web.post("/step", step), web.post("/pause", pause), web.get("/state", state)]
    )
    return app


def serve(port: int, fakes: Sequence[str], crowd: str) -> None:
    """Blocks until SIGINT or SIGTERM."""
    desk = open_desk()
    machine = TimeMachine(desk, fakes, (SimulatedHr(desk), Crowd(crowd)))
    try:
        web.run_app(application(Player(machine)), host=_HOST, port=port, access_log=None, print=None)
    finally:
        desk.database.close()


async def _order(request: web.Request) -> dict[str, float]:
    """Numbers above zero by name; 400 for anything else."""
    try:
        sent = await request.json() if request.can_read_body else {}
        order = {str(name): float(value) for name, value in sent.items()}
    except (ValueError, TypeError, AttributeError):
        raise web.HTTPBadRequest from None
    if not all(0 < value < float("inf") for value in order.values()):
        raise web.HTTPBadRequest
    return order
