"""`keepwarm status` says in one line how much waits, and goes on saying it until it is told to stop."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.db.database import Database
from bot.store.tables import stopped_channels
from tests.conftest import NOW
from tests.nursery import nursery

pytestmark = pytest.mark.usefixtures("company")
ROOT = Path(__file__).parents[2]
STATUS = [sys.executable, "-m", "bot", "status"]
PATIENCE = 60  # seconds


def said(environment: dict[str, str], *options: str) -> str:
    done = nursery().run([*STATUS[1:], *options], environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_one_line_with_what_is_in_the_way(environment: dict[str, str], database: Database) -> None:
    row = {"channel": "sms", "code": "20003", "since": NOW, "look_at": NOW}
    database.write(lambda c: c.execute(sa.insert(stopped_channels).values(row)))
    assert said(environment) == (
        "touches 0 due, 0 within the hour | outbox 0 queued, 0 sending, 0 unknown, 0 failed today | "
        "wechat off, sms stopped 20003 since 2026-11-23 10:00, email off | 22 held | promises 0 overdue of 0 | "
        "cases 0 open\n"
    )
    found = json.loads(said(environment, "--json"))
    assert found["channels"] == {"wechat": "off", "sms": "stopped", "email": "off"}
    assert found["stopped"] == {"sms": {"code": "20003", "since": NOW.isoformat()}}
    assert (found["held"], found["touches_due"], found["cases"]) == (22, 0, 0)


def test_watching_ends_with_ctrl_c(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [*STATUS, "--json", "--watch"], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    ) as watching:
        assert watching.stdout
        lines = [json.loads(watching.stdout.readline()) for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        assert (watching.wait(PATIENCE), lines[0]["held"], lines[1]["held"]) == (0, 22, 22)


def test_on_a_terminal_it_stays_in_its_place(environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    wide = environment | {"TERM": "xterm", "COLUMNS": "300"}
    with subprocess.Popen([*STATUS, "--watch"], cwd=ROOT, env=wide, stdin=theirs, stdout=theirs) as watching:
        os.close(theirs)
        shown = _read_until(ours, lambda text: text.count("22 held") >= 2)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE) == 0
    os.close(ours)
    between = re.split("22 held", shown)[1]
    assert "\x1b[2K" in between, "the line before is wiped"
    assert "\n" not in between.replace("\r\n", "", 1)


def _read_until(terminal: int, enough: Callable[[str], bool]) -> str:
    text, deadline = "", time.monotonic() + PATIENCE
    while not enough(text):
        assert time.monotonic() < deadline, text
        if select.select([terminal], [], [], 1)[0]:
            text += os.read(terminal, 65_536).decode()
    return text
