"""Makes keepwarm processes quickly: one process has everything imported, and each of them is a fork of it.

A process that lives for three seconds would else spend them on imports. `python -m tests.system.chaos.nursery` reads
orders, a JSON line each, and answers with the pid.
"""

import ctypes
import gc
import importlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_IMPORTED = (
    *("bot.cli.parts", "jobs.commands", "bot.web.app", "rq", "psycopg", "sqlalchemy.dialects.postgresql"),
    *("twilio.rest", "twilio.rest.api.v2010.account.message", "opencc"),
)


class Nursery:
    """The other side of it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.chaos.nursery"],
            cwd=folder,
            env=os.environ | dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = False

    def start(self, command: Sequence[str], log: Path) -> int:
        """`keepwarm command…`; gives its pid."""
        assert self._process.stdin
        self._ready = self._ready or self._answer() == "ready"
        assert self._ready
        self._process.stdin.write(json.dumps({"command": list(command), "log": str(log)}) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def close(self) -> None:
        """All that it has started dies with it."""
        self._process.kill()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


def main() -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(order["command"], order["log"])
            return
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _become(command: Sequence[str], log: str) -> None:
    from bot.cli import main as keepwarm

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # no orphans
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    random.seed()
    sys.argv = ["keepwarm", *command]
    keepwarm()


if __name__ == "__main__":
    main()
