"""On what day tests run: on the cast's, unless they say that they go by the machine's clock."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.platform import clock
from tests import days
from tests.conftest import NOW, clock_of_this_test
from tests.nursery import nursery

SAY = "from bot.platform import clock; print(clock.now().isoformat())"


def test_a_test_runs_on_the_casts_day_and_so_do_its_processes() -> None:
    asked = subprocess.run([sys.executable, "-c", SAY], capture_output=True, text=True, check=True).stdout
    for moment in (clock.now().isoformat(), asked.strip()):
        assert NOW.isoformat() <= moment < (NOW + timedelta(hours=5)).isoformat()


def test_a_process_that_would_go_by_the_machines_clock_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"mark the test with pytest\.mark\.clock"):
        subprocess.run([sys.executable, "-c", SAY], env={}, check=False)
    with pytest.raises(AssertionError, match=r"mark the test with pytest\.mark\.clock"):
        nursery().start(["-m", "bot", "status"], {}, tmp_path, tmp_path / "out")


@pytest.mark.clock
def test_a_test_that_is_marked_may_start_one() -> None:
    asked = [sys.executable, "-c", SAY]
    done = subprocess.run(asked, env=clock_of_this_test(), cwd=days._ROOT, capture_output=True, text=True, check=True)
    assert abs(datetime.fromisoformat(done.stdout.strip()) - clock.now()) < timedelta(minutes=1)


def test_a_commit_draws_the_same_day_each_time_and_others_another() -> None:
    commits = subprocess.run(["git", "rev-list", "-40", "HEAD"], cwd=days._ROOT, capture_output=True, text=True)
    drawn = [days.drawn(commit) for commit in commits.stdout.split()]
    assert drawn == [days.drawn(commit) for commit in commits.stdout.split()]
    assert len(drawn) < 4 or len(set(drawn)) > len(drawn) / 4
