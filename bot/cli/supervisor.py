"""Runs several parts as one: starts them, starts again what dies, stops all of them cleanly."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from bot.errors import ConfigError
from bot.platform.stop_signal import Stopping, on_signals

_STOP_SECONDS = 15
_LOOK = 0.2  # seconds between two looks at who is alive
_PAUSE = 1.0  # seconds before a part that died is started again
_STANDS = 10.0  # seconds after which a part has shown that it can work here
_TRIES = 3  # of a part that has never stood
_LAST_PORT = 65_535
_REFUSED = 2  # the exit code of a command that says why it cannot work here
_HOME = Path(__file__).parents[2]
_log = structlog.get_logger()


@dataclass
class Service:
    """One `keepwarm` command that runs for ever."""

    command: str
    arguments: tuple[str, ...] = ()
    process: "subprocess.Popen[bytes] | None" = None
    died_at: float = 0.0
    started_at: float = 0.0
    tries: int = 0
    stood: bool = False

    def start(self, environment: Mapping[str, str]) -> None:
        """From where this process's code is: in the folder that it works in may be another `bot`."""
        line = [sys.executable, "-P", "-m", "bot", self.command, *self.arguments]
        path = os.pathsep.join(filter(None, (str(_HOME), environment.get("PYTHONPATH"))))
        self.process = subprocess.Popen(line, env={**environment, "PYTHONPATH": path}, start_new_session=True)  # noqa: S603
        self.started_at = time.monotonic()

    def die(self) -> None:
        """Raises ConfigError where another try would end like this one."""
        assert self.process
        self.died_at = time.monotonic()
        self.stood = self.stood or self.died_at - self.started_at > _STANDS
        self.tries += 1
        if not self.stood and (self.process.returncode == _REFUSED or self.tries == _TRIES):
            raise ConfigError(f"{self.command} does not start; what it said last is above")


def serve(host: str, port: int) -> Service:
    return Service("serve", ("--host", host, "--port", str(port)))


def require_free(host: str, port: int, command: str) -> None:
    """Raises ConfigError where nobody can listen there."""
    if port > _LAST_PORT:
        raise ConfigError(f"port {port} is none: the last is {_LAST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            said = f"port {port} is in use on this machine: free it, or keepwarm {command} --port N"
        else:
            said = f"nobody can listen on {host}, port {port}: {error.strerror}"
        raise ConfigError(said) from None


def run(
    parts: Sequence[Service], environment: Mapping[str, str], started_up: Callable[[], None] = lambda: None
) -> None:
    """Blocks until SIGINT or SIGTERM; then every part has ended. Says so once the parts are started."""
    with on_signals() as stopping, started(parts, environment):
        started_up()
        keep_running(parts, environment, stopping)


def keep_running(parts: Sequence[Service], environment: Mapping[str, str], stopping: Stopping) -> None:
    """Until told to stop: a part that dies is started again, after a pause. Raises ConfigError if one never stood."""
    while not stopping.asked:
        time.sleep(_LOOK)
        for part in parts:
            if part.process is None or part.process.poll() is None:
                continue
            if not part.died_at:
                _log.warning("part_died", process=part.command, code=part.process.returncode)
                part.die()
            elif time.monotonic() - part.died_at > _PAUSE:
                part.died_at = 0.0
                part.start(environment)


@contextlib.contextmanager
def started(parts: Sequence[Service], environment: Mapping[str, str]) -> Iterator[None]:
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
