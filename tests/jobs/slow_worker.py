"""A real worker with one slow job and nothing else: `python slow_worker.py REDIS_SOCKET FILE`; the job writes a line.

Where it leaves Redis it waits until that is back: the moment in which one could take it for told to stop.
"""

import sys
import time
from pathlib import Path

import redis

from bot import embedded_redis
from jobs import timetable

CONNECTION = embedded_redis.connect(f"unix://{sys.argv[1]}", Path())
_leave = timetable._Worker.teardown


def run(_: object) -> int:
    note("begun")
    time.sleep(1)
    return 1


def note(what: str) -> None:
    with Path(sys.argv[2]).open("a", encoding="ascii") as file:
        file.write(f"{what}\n")


def leave(worker: timetable._Worker) -> None:
    while not answers():
        time.sleep(0.05)
    _leave(worker)  # type: ignore[no-untyped-call]
    note("left")


def answers() -> bool:
    try:
        return bool(CONNECTION.ping())
    except redis.RedisError:
        return False


if __name__ == "__main__":
    timetable._desk = object()  # type: ignore[assignment]
    timetable.JOBS["slow"] = timetable.Job(run, every=1)
    timetable._Worker.teardown = leave  # type: ignore[method-assign, assignment]
    timetable.work(CONNECTION)
