"""The kill test in small: a few processes die while 150 messages go out; all of `make chaos` otherwise."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgres
from tests.system.servers import ROOT

KILLS, TOUCHES = 6, 150
# So few kills prove no bound on doubt: who dies just before the provider hears, or just after it has answered, leaves
# messages in doubt that the provider does not know to be. `make chaos KILLS=200` holds unknown to what is ambiguous.
IN_HAND = 4
LAST = re.compile(r"lost (\d+) doubled (\d+) unknown (\d+) ambiguous (\d+) kills (\d+) touches (\d+)")


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_whoever_dies_every_message_arrives_once(database: str) -> None:
    if database == "postgres" and postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    done = _chaos("--database", database, folder=ROOT / "var" / "tests" / "understanding")
    report = done.stdout.strip() or done.stderr
    found = LAST.fullmatch(report.splitlines()[-1])
    assert found, report
    lost, doubled, unknown, ambiguous, kills, touches = map(int, found.groups())
    assert (lost, doubled, kills, touches) == (0, 0, KILLS, TOUCHES), report
    assert unknown <= ambiguous + IN_HAND * kills, report
    assert done.returncode == (unknown > ambiguous), done.stdout + done.stderr  # else a process died by itself


def _chaos(*options: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.system.chaos", "--kills", str(KILLS), "--touches", str(TOUCHES)]
    return subprocess.run(
        [*command, "--understanding", str(folder), *options], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
