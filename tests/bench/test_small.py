"""The benchmarks of the clock still run, and still fail where a goal is missed; their figures are their own business."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bench import delivery, inbox, risk, touchpoints
from bench.delivery import Rate
from bench.touchpoints import Figures
from bot.settings import Settings
from bot.understanding import Understanding

ROOT = Path(__file__).parent.parent.parent
FEW = Figures(
    1_000, 15_000, 1000, 70, 10, 900, due_touch=2000, due_touch_limit=90, if_all_due=2000, idle=5, megabytes=3
)
MANY = replace(FEW, candidates=100_000, touches=1_500_000, due_touch=3000, if_all_due=3000, idle=6, megabytes=9)


def run(name: str, *options: str) -> str:
    line = [sys.executable, "-m", f"bench.{name}", "--databases", "sqlite", *options]
    done = subprocess.run(line, cwd=ROOT, env=os.environ | {"SCALE": "small"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_touchpoints_are_planned_and_handed_over_at_both_sizes() -> None:
    said = run("touchpoints").splitlines()
    figures = [line.split() for line in said if line.lstrip()[:1].isdigit() and "processors" not in line]
    assert [row[0] for row in figures] == ["100", "1,000"]
    assert all(float(cell.replace(",", "")) > 0 for row in figures for cell in row[:-1])


def test_risk_is_reckoned_at_both_sizes() -> None:
    figures = [line.split() for line in run("risk").splitlines() if line.lstrip()[:1].isdigit() and "proc" not in line]
    assert [row[0] for row in figures] == ["100", "1,000"]
    assert all(float(cell.replace(",", "")) > 0 for row in figures for cell in row[:5])


@pytest.mark.parametrize(("change", "missed"), [({}, 0), ({"event": 401}, 1), ({"due": 401}, 1), ({"idle": 5}, 1)])
def test_a_missed_goal_of_the_risk_fails(change: dict[str, float], missed: int) -> None:
    few = risk.Figures(1_000, event=200, due=200, limit=50, idle=1, everybody=1, megabytes=1)
    assert risk.judge([few, replace(few, candidates=100_000, **change)]) == missed  # type: ignore[arg-type]


def test_the_pages_of_the_inbox_come_for_everybody() -> None:
    rows = [line.split() for line in run("inbox").splitlines() if line.startswith(("administrator", "manager", "rec"))]
    assert len(rows) == 3 * 7
    assert all(0 < float(row[-3]) <= float(row[-2]) for row in rows)


@pytest.mark.parametrize(("p95", "missed"), [(99.9, 0), (100.0, 1)])
def test_a_page_that_takes_too_long_fails(p95: float, missed: int) -> None:
    assert inbox.judge([inbox.Figure("manager", "list", 10, 20), inbox.Figure("manager", "case", 50, p95)]) == missed


def test_what_waits_is_delivered_by_us_and_by_the_peer(settings: Settings, understanding: Understanding) -> None:
    said = run("delivery", "--trained", str(settings.var / "understanding"))
    rates = {line[:28].strip(): float(line[28:40].replace(",", "")) for line in said.splitlines() if "x" in line[40:56]}
    assert set(rates) == {"keepwarm", "rq worker", "rq worker, all imported", "limit: 48 connections"}
    assert all(0 < rate <= 960 for rate in rates.values())


@pytest.mark.parametrize(
    ("many", "missed"),
    [
        (MANY, 0),
        (replace(MANY, due_touch=4001), 1),
        (replace(MANY, if_all_due=4001), 1),
        (replace(MANY, idle=20), 1),
        (replace(MANY, megabytes=53), 1),
    ],
)
def test_a_missed_goal_of_the_touchpoints_fails(many: Figures, missed: int) -> None:
    assert touchpoints.judge([FEW, many]) == missed


@pytest.mark.parametrize(("peer", "missed"), [(20.0, 0), (20.1, 1)])
def test_fewer_than_ten_times_the_peer_fails(peer: float, missed: int) -> None:
    assert delivery.judge([Rate("keepwarm", 200.0, 24), Rate("rq worker", peer, 2)]) == missed
