"""Starts keepwarm's commands quickly: one process has imported what they need and read the shipped words, and each command
is a fork of it. Imports are most of what a command that lives for two seconds does.

`python -m tests.nursery` reads orders, a JSON line each, and writes a line for each process that it has started and for
each that has ended.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import queue
import random
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_IMPORTED = (
    *("bot.cli.services", "bot.cli.candidates", "bot.cli.cohorts", "bot.cli.staff", "bot.cli.tokens"),
    *("jobs.commands", "bot.web.app", "rq", "psycopg", "sqlalchemy.dialects.postgresql", "alembic.command"),
    *("twilio.request_validator", "opencc"),
)


class Child:
    """One command, as subprocess.Popen has it."""

    def __init__(self, pid: int, command: Sequence[str]) -> None:
        self.pid, self.args = pid, command
        self.returncode: int | None = None
        self._over = threading.Event()

    def ends(self, code: int) -> None:
        self.returncode = code
        self._over.set()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The other side of it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery"],
            cwd=ROOT,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "KEEPWARM_CLOCK": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._one_at_a_time = threading.Lock()
        self._started: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._children: dict[int, Child] = {}
        self._ended: dict[int, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        out: Path,
        error: Path | None = None,
        said: Path = Path(os.devnull),
    ) -> Child:
        """`python command…` in this folder; `out` and `error` are written on, `said` is what it reads."""
        out.touch()  # whoever waits for a word in it need not wait for the file
        files = {"in": str(said), "out": str(out), "error": str(error or out)}
        sys.audit("subprocess.Popen", sys.executable, command, folder, environment)  # it is as if it were one
        order = {"command": list(command), "environment": dict(environment), "folder": str(folder), **files}
        with self._one_at_a_time:
            assert self._process.stdin
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            pid = self._started.get(timeout=60)
            child = self._children[pid] = Child(pid, command)
            if pid in self._ended:
                child.ends(self._ended.pop(pid))
        return child

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], said: str = "", folder: Path = ROOT
    ) -> "subprocess.CompletedProcess[str]":
        """Until it has ended."""
        with tempfile.TemporaryDirectory() as name:
            out, error, given = (Path(name) / file for file in ("out", "error", "in"))
            given.write_text(said, encoding="utf-8")
            code = self.start(command, environment, folder, out, error, given).wait(120)
            texts = out.read_text(encoding="utf-8"), error.read_text(encoding="utf-8")
        return subprocess.CompletedProcess(command, code, *texts)

    def close(self) -> None:
        """All that it has started dies with it."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            if "started" in told:
                self._started.put(told["started"])
            elif child := self._children.pop(told["ended"], None):
                child.ends(told["code"])
            else:
                self._ended[told["ended"]] = told["code"]


@cache
def nursery() -> Nursery:
    """The one of this process."""
    one = Nursery()
    atexit.register(one.close)
    return one


def main() -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    _read_words()
    gc.freeze()
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes)
    orders = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _bury()
        if 0 in ready:
            orders += (heard := os.read(0, 1 << 16))
            if not heard:
                return
        while b"\n" in orders:
            line, _, orders = orders.partition(b"\n")
            if (pid := os.fork()) == 0:
                os.close(woken)
                os.close(wakes)
                _become(json.loads(line))
                return
            _tell(started=pid)


def _read_words() -> None:
    """What the words of this project become is kept in memory by their text."""
    from bot.content import load
    from bot.settings import load as load_settings

    load(load_settings(ROOT / "config.yaml", {"KEEPWARM_DATA_KEY": "", "KEEPWARM_SECRET_KEY": "secret"}))


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            _tell(ended=found[0], code=os.waitstatus_to_exitcode(found[1]))


def _tell(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _become(order: Mapping[str, Any]) -> None:
    from bot.platform import clock

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # no orphans
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    os.dup2(os.open(order["in"], os.O_RDONLY), 0)
    for place, name in ((1, "out"), (2, "error")):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644), place)
    random.seed()
    if shared := os.environ.get(clock.VARIABLE):
        clock.share(Path(shared))
    first, *others = order["command"]
    if first == "-m":
        sys.argv = others
        runpy.run_module(others[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *others]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
