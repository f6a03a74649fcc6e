"""`keepwarm simulate` plays a small company through the real code, and the same way each time."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.settings import Settings
from bot.understanding import Understanding
from tests.conftest import clock_of_this_test

ROOT = Path(__file__).parents[2]


def _begun(here: Path, folder: Path, trained: Path) -> "subprocess.Popen[str]":
    """From this directory, as somebody types it there."""
    (here / folder / "var").mkdir(parents=True)
    (here / folder / "var" / "understanding").symlink_to(trained)
    line = ["simulate", "--days", "3", "--candidates", "12", "--start", "2026-11-23", "--json", "--folder", str(folder)]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KEEPWARM_")}
    environment = clean | clock_of_this_test() | {"KEEPWARM_CONFIG": str(ROOT / "config.yaml"), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *line], cwd=here, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_the_same_play_gives_the_same_ledger_wherever_it_is_begun(
    settings: Settings, understanding: Understanding, tmp_path: Path
) -> None:
    places = (ROOT, tmp_path / "one"), (tmp_path, Path("other"))
    plays = [_begun(here, folder, settings.var / "understanding") for here, folder in places]
    one, other = (play.communicate(timeout=240)[0] for play in plays)
    assert [play.returncode for play in plays] == [0, 0]
    assert one == other
    lines = json.loads(one)
    first = datetime(2026, 11, 23, tzinfo=UTC)
    sent = [line for line in lines if line["state"] in ("sent", "delivered")]
    assert {line["entry"] for line in sent} >= {"standing", "day_before"}
    assert all(first <= datetime.fromisoformat(line["at"]) <= first + timedelta(days=3) for line in sent)
    assert {line["road"] for line in sent} >= {"sms", "template"}
    assert sum(line["cost"] for line in sent) > 0
