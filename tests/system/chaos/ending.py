"""After the last kill: the processes finish what is due, then time moves on until nothing is awaited any more."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.platform import clock
from bot.store.tables import alerts, outbound, touches
from fakes.launch import Fake
from jobs.context import JobContext
from jobs.scheduler import JOBS

_MOST_ROUNDS = 400
_SPAN = timedelta(hours=46)  # the windows of the chats are open for so long
_ASKED = outbound.c.state.in_(("unknown", "sent")), outbound.c.via.in_(("sms", "template"))
_MOMENTS: Sequence[tuple[sa.Column[datetime], tuple[sa.ColumnElement[bool], ...]]] = (
    (touches.c.due_at, (touches.c.state == "planned",)),
    (outbound.c.due_at, (outbound.c.state == "queued",)),
    (outbound.c.lease_until, (outbound.c.state.in_(("queued", "sending")),)),
    (outbound.c.due_at, _ASKED),
    (alerts.c.due_at, (alerts.c.state.in_(("due", "out")), alerts.c.case_id.is_not(None))),
)


def move(fakes: Sequence[Fake], by: timedelta) -> None:
    """All clocks; the providers' first, so that what they take is never older than we think."""
    for fake in fakes:
        fake.pass_time(by.total_seconds())
    clock.move(by.total_seconds())


def waiting(connection: Connection) -> tuple[int, int]:
    """Touches and messages whose moment has come."""
    now = clock.now()
    said = sa.select(sa.func.count()).where(touches.c.state == "planned", touches.c.due_at <= now)
    sent = sa.select(sa.func.count()).where(outbound.c.state == "queued", outbound.c.due_at <= now)
    return connection.execute(said).scalar_one(), connection.execute(sent).scalar_one()


def settle(desk: JobContext, fakes: Sequence[Fake], after_each: Callable[[], None]) -> int:
    """Runs all jobs at every moment at which there is something to do; gives how many moments there were, or raises
    where it never ends."""
    until = clock.now() + _SPAN
    for rounds in range(_MOST_ROUNDS):
        _work(desk)
        for fake in fakes:
            fake.idle()
        after_each()
        following = desk.database.read(_next)
        if following is None or following > until:
            return rounds
        move(fakes, max(following - clock.now(), timedelta(0)) + timedelta(seconds=2))
    raise AssertionError(f"it never ends: {desk.database.read(waiting)} touches and messages are due")


def _work(desk: JobContext) -> None:
    while sum(job.run(desk) for job in JOBS.values()):
        time.sleep(0)


def _next(connection: Connection) -> datetime | None:
    found = [connection.execute(sa.select(sa.func.min(moment)).where(*which)).scalar() for moment, which in _MOMENTS]
    return min((moment for moment in found if moment), default=None)
