"""The only place that asks what time it is; in a demo or a simulation all parts share a clock that can be moved.

KEEPWARM_CLOCK names a small file: the seconds to add to the machine's time, or `@` and the unix moment at which time
stands still. Without it nothing but the machine's time counts.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

VARIABLE = "KEEPWARM_CLOCK"
_STANDS = "@"
_file = os.environ.get(VARIABLE)  # looked up once: now() is called for every message


def now() -> datetime:
    """This moment, aware, in UTC."""
    return _moved() if _file else datetime.now(UTC)


def real() -> datetime:
    """The machine's own time, wherever the shared clock stands."""
    return datetime.now(UTC)


def ahead() -> float:
    """Seconds that the shared clock is ahead of the machine's; none where none is shared."""
    said = _said() if _file else ""
    return (_moved() - real()).total_seconds() if said.startswith(_STANDS) else float(said or 0)


def share(file: Path) -> None:
    """From now on this process, and those it starts, go by the clock in this file."""
    global _file
    _file = os.environ[VARIABLE] = str(file)


def move(seconds: float) -> datetime:
    """Moves the shared clock on, in one step for all who read it; gives the new time. Raises RuntimeError where none
    is shared."""
    said = _said()
    if said.startswith(_STANDS):
        return stand(now() + timedelta(seconds=seconds))
    _write(repr(float(said or 0) + seconds))
    return now()


def stand(moment: datetime) -> datetime:
    """The shared clock shows this moment until it is moved. Raises RuntimeError where none is shared."""
    _write(f"{_STANDS}{moment.timestamp()!r}")
    return now()


def _moved() -> datetime:
    said = _said()
    if said.startswith(_STANDS):
        return datetime.fromtimestamp(float(said[1:]), UTC)
    return datetime.now(UTC) + timedelta(seconds=float(said or 0))


def _said() -> str:
    """What the file says; nothing before somebody has moved the clock."""
    try:
        handle = os.open(_file or "", os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        return os.read(handle, 64).decode()
    finally:
        os.close(handle)


def _write(text: str) -> None:
    """Named in one step, so that nobody reads half a number."""
    if not _file:
        raise RuntimeError(f"no clock is shared: {VARIABLE} is not set")
    half = Path(f"{_file}.{os.getpid()}")
    half.write_text(text, encoding="ascii")
    half.replace(_file)
