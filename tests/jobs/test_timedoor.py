"""The demo's time machine behind its door: it plays, steps and pauses, and says where it stands."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.platform import clock
from jobs.simulation.time_server import Player, application
from tests.conftest import NOW


class Machine:
    """Only moves the clock."""

    def play(self, span: timedelta, goes_on: Callable[[], bool]) -> datetime:
        return clock.move(span.total_seconds())


@pytest.fixture
def player(shared_clock: object) -> Player:
    clock.stand(NOW)
    return Player(Machine())  # type: ignore[arg-type]


def asked(player: Player, *calls: tuple[str, Any]) -> list[tuple[int, Any]]:
    async def ask(client: Any) -> list[tuple[int, Any]]:
        answers = []
        for path, order in calls:
            async with client.post(path, json=order) as response:
                answers.append((response.status, await response.json() if response.status == 200 else None))
        return answers

    return asyncio.run(_with_client(player, ask))


async def _with_client(player: Player, ask: Callable[[Any], Awaitable[Any]]) -> Any:
    async with TestClient(TestServer(application(player))) as client:
        return await ask(client)


def until_it_rests(player: Player) -> None:
    deadline = time.monotonic() + 10
    while player.state()["playing"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_step_moves_so_many_hours_and_rests(player: Player) -> None:
    ((status, state),) = asked(player, ("/step", {"hours": 30}))
    assert (status, state["playing"]) == (200, True)
    until_it_rests(player)
    assert player.state() == {"now": (NOW + timedelta(hours=30)).isoformat(), "playing": False, "until": None}


def test_a_play_takes_its_time_and_a_pause_ends_it(player: Player) -> None:
    answers = asked(player, ("/play", {"days": 30, "hours_a_second": 5}), ("/pause", {}))
    assert answers[0][1]["until"] == (NOW + timedelta(days=30)).isoformat()
    assert answers[1][1]["playing"] is False
    time.sleep(0.5)
    assert clock.now() <= NOW + timedelta(hours=2)


@pytest.mark.parametrize("order", [{"days": 0}, {"days": -1}, {"days": "many"}, {"days": float("inf")}, [], "x"])
def test_a_senseless_order_is_refused(player: Player, order: Any) -> None:
    ((status, _),) = asked(player, ("/play", order))
    assert (status, clock.now()) == (400, NOW)
