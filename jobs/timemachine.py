"""Moves the time of a demo or a simulation on, and lets happen on the way whatever falls due: through the real jobs,
while the stand-ins' clocks keep step and the sample people do what people do.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import requests
import structlog

from bot import clock
from bot.store import agenda
from jobs.desk import Desk
from jobs.timetable import JOBS, Job

HOUR = timedelta(hours=1)
_GRAIN = timedelta(minutes=1)  # what falls due within it happens together
_MOST_ROUNDS = 50  # of all jobs at one moment
_PATIENCE = 10.0  # real seconds for what other processes are sending
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = structlog.get_logger()


class Bystander(Protocol):
    """Somebody who acts when their moment has come: the office, the crowd."""

    def act(self, now: datetime) -> tuple[int, datetime | None]:
        """Does what is due; gives how much, and when there is something to do again."""
        ...


class TimeMachine:
    """`stands`: time does not run by itself, so that the same play gives the same ledger."""

    def __init__(
        self,
        desk: Desk,
        fakes: Sequence[str],
        bystanders: Sequence[Bystander] = (),
        stands: bool = False,
        jobs: Mapping[str, Job] = JOBS,
    ) -> None:
        self._desk, self._fakes, self._bystanders, self._stands, self._jobs = desk, fakes, bystanders, stands, jobs
        self._moments: Sequence[datetime | None] = ()  # when the bystanders act again
        self._http = requests.Session()
        self._http.trust_env = False

    def step(self, minutes: float) -> datetime:
        """What falls due in the next minutes happens, each at its own moment; gives the new time."""
        return self.play(timedelta(minutes=minutes))

    def play(
        self,
        span: timedelta,
        step: timedelta = HOUR,
        after_each: Callable[[datetime], None] = lambda _: None,
        goes_on: Callable[[], bool] = lambda: True,
    ) -> datetime:
        """As `step`, and says so after each `step`, on whole ones of its clock; until `goes_on` says no."""
        now = clock.now()
        until = now + span
        self._everything(now)
        while now < until and goes_on():
            mark, due = min(_next_whole(now, step), until), self._next(now)
            now = self.to(min(mark, due) if due else mark)
            if due and due <= now:
                self._everything(now)
            if now >= mark:
                after_each(now)
        return now

    def to(self, moment: datetime) -> datetime:
        """Every clock shows this moment, and nothing happens yet; one that is past already moves nothing."""
        if self._stands:
            clock.stand(moment)
            self._everywhere("clock", {"stand": moment.timestamp()})
            return moment
        ahead = (moment - clock.now()).total_seconds()
        if ahead > 0:
            clock.move(ahead)
            self._everywhere("clock", {"add_seconds": ahead})
        return clock.now()

    def _everything(self, now: datetime) -> None:
        """Whatever is due now is done, and what comes of it."""
        for _ in range(_MOST_ROUNDS):
            did = [bystander.act(now) for bystander in self._bystanders]
            self._moments = [again for _, again in did]
            acted = sum(count for count, _ in did) + sum(job.run(self._desk) for job in self._jobs.values())
            self._wait_for_the_others(now)
            self._everywhere("idle", {})
            if not acted:
                return
        _log.warning("never_done", count=_MOST_ROUNDS)

    def _next(self, now: datetime) -> datetime | None:
        """When there is something to do. What is overdue could not be done: it is tried again with the next hour."""
        due = self._desk.database.read(lambda connection: agenda.next_due(connection, now))
        moments = [moment for moment in (*self._moments, due) if moment]
        return min((_upwards(at, _GRAIN) if at > now else _next_whole(now, HOUR) for at in moments), default=None)

    def _wait_for_the_others(self, now: datetime) -> None:
        """The web door sends some answers by itself, a moment later."""
        deadline = time.monotonic() + _PATIENCE
        while self._desk.database.read(lambda connection: agenda.under_way(connection, now)):
            if time.monotonic() > deadline:
                return
            time.sleep(0.005)

    def _everywhere(self, what: str, order: Mapping[str, Any]) -> None:
        for fake in self._fakes:
            self._http.post(f"{fake}/_fake/{what}", json=order, timeout=60).raise_for_status()


def _next_whole(now: datetime, step: timedelta) -> datetime:
    return _EPOCH + ((now - _EPOCH) // step + 1) * step


def _upwards(moment: datetime, grain: timedelta) -> datetime:
    return _EPOCH - (_EPOCH - moment) // grain * grain
