"""A real worker with one slow job and nothing else: `python slow_worker.py REDIS_SOCKET FILE`; the job writes a line.

Where it leaves Redis it waits until that is back: the moment in which one could take it for told to stop.
"""

import sys
import time
from pathlib import Path

import redis

from bot.platform import embedded_redis
from jobs import scheduler

CONNECTION = embedded_redis.connect(f"unix://{sys.argv[1]}", Path())
_leave = scheduler._Worker.teardown


def run(_: object) -> int:
    note("begun")
    time.sleep(1)
    return 1


def note(what: str) -> None:
    with Path(sys.argv[2]).open("a", encoding="ascii") as file:
        file.write(f"{what}\n")


def leave(worker: scheduler._Worker) -> None:
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
    scheduler._desk = object()  # type: ignore[assignment]
    scheduler.JOBS["slow"] = scheduler.Job(run, every=1)
    scheduler._Worker.teardown = leave  # type: ignore[method-assign, assignment]
    scheduler.work(CONNECTION)
