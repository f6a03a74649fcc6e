"""Runs several parts as one: starts them, starts again what dies, stops all of them cleanly."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from bot.stopping import Stopping, on_signals

_STOP_SECONDS = 15
_LOOK = 0.2  # seconds between two looks at who is alive
_PAUSE = 1.0  # seconds before a part that died is started again
_log = structlog.get_logger()


@dataclass
class Part:
    """One `keepwarm` command that runs for ever."""

    command: str
    arguments: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    died_at: float = field(default=0.0)

    def start(self, environment: Mapping[str, str]) -> None:
        line = [sys.executable, "-m", "bot", self.command, *self.arguments]
        self.process = subprocess.Popen(line, env=dict(environment), start_new_session=True)  # noqa: S603


def serve(host: str, port: int) -> Part:
    return Part("serve", ("--host", host, "--port", str(port)))


def run(parts: Sequence[Part], environment: Mapping[str, str], started_up: Callable[[], None] = lambda: None) -> None:
    """Blocks until SIGINT or SIGTERM; then every part has ended. Says so once the parts are started."""
    with on_signals() as stopping, started(parts, environment):
        started_up()
        keep_running(parts, environment, stopping)


def keep_running(parts: Sequence[Part], environment: Mapping[str, str], stopping: Stopping) -> None:
    """Until told to stop: a part that dies is started again, after a pause."""
    while not stopping.asked:
        time.sleep(_LOOK)
        for part in parts:
            if part.process is None or part.process.poll() is None:
                continue
            if not part.died_at:
                _log.warning("part_died", process=part.command, code=part.process.returncode)
                part.died_at = time.monotonic()
            elif time.monotonic() - part.died_at > _PAUSE:
                part.died_at = 0.0
                part.start(environment)


@contextlib.contextmanager
def started(parts: Sequence[Part], environment: Mapping[str, str]) -> Iterator[None]:
    """The parts run inside the block, in their order; at its end they are stopped, the last first."""
    try:
        for part in parts:
            part.start(environment)
        yield
    finally:
        for part in reversed(parts):
            end(part.process)


def end(process: "subprocess.Popen[bytes] | subprocess.Popen[str] | None") -> None:
    """SIGTERM, then SIGKILL for what does not listen."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
