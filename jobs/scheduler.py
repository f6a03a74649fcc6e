"""When what runs; the only module that knows RQ.

To add a job: one module in jobs/ with a `run(desk)`, one line in JOBS.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested

from bot.platform.garbage_collection import lasting
from bot.platform.log import broke
from bot.platform.stop_signal import Stopping
from jobs import alerts, cases, deliver, hooks, plans, promises, reconcile, risk, touches, waits
from jobs.context import JobContext, open_desk

QUEUE = "keepwarm"
_ELECTED_FOR = 6  # seconds that a scheduler's lock lives without being renewed; two at once would do no harm
_LOCK = "keepwarm:scheduler"
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], ARGV[2]) else return 0 end"
_log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """Something that runs every so many seconds. Twice or late does no harm: the store decides what is due."""

    run: Callable[[JobContext], int]
    every: int


JOBS: dict[str, Job] = {
    "alerts": Job(alerts.run, every=5),
    "cases": Job(cases.run, every=5),
    "deliver": Job(deliver.run, every=2),
    "hooks": Job(hooks.run, every=5),
    "plans": Job(plans.run, every=5),
    "promises": Job(promises.run, every=20),
    "reconcile": Job(reconcile.run, every=20),
    "risk": Job(risk.run, every=5),
    "touches": Job(touches.run, every=5),
    "waits": Job(waits.run, every=20),
}

_desk: JobContext | None = None


def perform(name: str) -> int:
    """What a worker calls: runs one job on this process's desk; gives how much it did. What breaks is logged here, as
    RQ does not say which job it was."""
    try:
        return JOBS[name].run(_opened())
    except Exception as error:
        _log.error("job_broke", job=name, **broke(error))
        raise


def _opened() -> JobContext:
    """Once a process."""
    global _desk
    if _desk is None:
        with lasting():
            _desk = open_desk()
    return _desk


def queue(connection: "redis.Redis") -> Queue:
    return Queue(QUEUE, connection=connection, serializer="json")


def work(connection: "redis.Redis") -> None:
    """Works until told to stop; waits out a Redis that is away, and begins anew where RQ's worker gives up: it leaves
    quietly when Redis dies in the middle of a job. One queue a worker: RQ loses jobs of a second one."""
    pause, stopping = 0, Stopping()
    while not stopping.asked:
        try:
            time.sleep(pause)
            worker = _Worker([queue(connection)], connection=connection, serializer="json", maintenance_interval=30)
            worker.stopping = stopping
            worker.work(logging_level="WARNING")
        except (redis.RedisError, StopRequested) as error:
            _log.warning("redis_away", **broke(error))
        pause = 1


class _Worker(SimpleWorker):
    """`stopping` remembers that one of this process was told to stop, also where it cannot tell Redis so, or had left
    before the next one began. Looks every 2 seconds at least whether Redis is back: RQ's own pause doubles up to a
    minute, also over outages that had nothing to do with each other."""

    stopping: Stopping
    max_connection_wait_time = 2.0

    def request_stop(self, signum: Any, frame: Any) -> None:
        self.stopping.ask()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def _install_signal_handlers(self) -> None:
        super()._install_signal_handlers()  # type: ignore[no-untyped-call]
        if self.stopping.asked:
            raise StopRequested


def schedule(connection: "redis.Redis", stopping: Stopping, revive: Callable[[], None]) -> None:
    """Enqueues what is due while this process is the elected one; any number may run, one enqueues. `revive`: brings
    a Redis back that is our own."""
    me = f"{os.uname().nodename}:{os.getpid()}"
    next_at = dict.fromkeys(JOBS, 0.0)
    while not stopping.asked:
        try:
            if _elected(connection, me):
                _enqueue_due(connection, next_at)
        except redis.RedisError as error:
            _log.warning("redis_away", **broke(error))
            revive()
        time.sleep(0.5)


def _elected(connection: "redis.Redis", me: str) -> bool:
    if connection.set(_LOCK, me, nx=True, ex=_ELECTED_FOR):
        return True
    return bool(connection.eval(_RENEW, 1, _LOCK, me, _ELECTED_FOR))


def _enqueue_due(connection: "redis.Redis", next_at: dict[str, float]) -> None:
    """One job of a name waits at most. None needs RQ's retry: what one that died left undone, the next one finds."""
    now = time.monotonic()
    waiting = queue(connection)
    for name, job in JOBS.items():
        if now < next_at[name]:
            continue
        if not any(other.args == (name,) for other in waiting.get_jobs()):
            waiting.enqueue(perform, name, job_timeout=120, result_ttl=0, failure_ttl=60)
        next_at[name] = now + job.every
