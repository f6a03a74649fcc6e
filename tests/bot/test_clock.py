"""The clock: the machine's own, or one that the parts of a demo share and move."""

import subprocess
import sys
import timeit
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.platform import clock

pytestmark = pytest.mark.clock
MOMENT = datetime(2026, 11, 23, 2, 0, 0, 250, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _is_about(moment: datetime, expected: datetime) -> bool:
    return abs(moment - expected) < timedelta(seconds=5)


def _elsewhere() -> datetime:
    """What a process started now takes for the time."""
    asked = [sys.executable, "-c", "from bot.platform import clock; print(clock.now().isoformat())"]
    return datetime.fromisoformat(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())


def test_without_a_shared_clock_it_is_the_machines_time_and_cannot_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_file", None)
    assert _is_about(clock.now(), datetime.now(UTC))
    with pytest.raises(RuntimeError, match="KEEPWARM_CLOCK"):
        clock.move(1)


def test_a_shared_clock_that_nobody_moved_shows_the_machines_time(shared_clock: Path) -> None:
    assert _is_about(clock.now(), datetime.now(UTC))


def test_every_process_sees_the_clock_move(shared_clock: Path) -> None:
    clock.move(3600)
    assert _is_about(clock.move(3600), datetime.now(UTC) + 2 * HOUR)
    assert _is_about(clock.now(), datetime.now(UTC) + 2 * HOUR)
    assert _is_about(_elsewhere(), datetime.now(UTC) + 2 * HOUR)
    assert _is_about(clock.real(), datetime.now(UTC))


def test_a_clock_can_stand_still_and_is_moved_from_there(shared_clock: Path) -> None:
    assert clock.stand(MOMENT) == clock.now() == clock.now() == _elsewhere() == MOMENT
    assert clock.move(3600) == clock.now() == MOMENT + HOUR


def test_asking_costs_next_to_nothing(shared_clock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.move(3600)
    assert _microseconds() < 100
    monkeypatch.setattr(clock, "_file", None)
    assert _microseconds() < 20


def _microseconds() -> float:
    """The best of five, with room for a machine that has other things to do: usually 7, and 0.2 without a file."""
    return min(timeit.repeat(clock.now, number=1000, repeat=5)) * 1000
