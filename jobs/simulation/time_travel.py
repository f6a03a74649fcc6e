"""Moves the time of a demo or a simulation on, and lets happen on the way whatever falls due: through the real jobs,
while the stand-ins' clocks keep step and the sample people do what people do.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from bot.platform import clock
from bot.store import agenda
from jobs.context import JobContext
from jobs.scheduler import JOBS, Job
from jobs.simulation.fake_client import Control

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_SAY_NOTHING = {"plans", "reconcile", "risk"}  # jobs of which nobody outside hears
_SAY_IT_TO_HR = {"alerts"}
_MOST_ROUNDS = 50  # of all jobs at one moment
_PATIENCE = 10.0  # real seconds for what other processes are sending
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
_log = structlog.get_logger()


class Bystander(Protocol):
    """Somebody who acts when their moment has come: the office, the crowd."""

    def act(self, now: datetime) -> tuple[int, datetime | None]:
        """Does what is due; gives how much, and when there is something to do again."""
        ...


class TimeMachine:
    """`stands`: time does not run by itself, so that the same play gives the same ledger. `grain`: what falls due
    within it happens together, at its end."""

    def __init__(
        self,
        desk: JobContext,
        fakes: Sequence[str],
        bystanders: Sequence[Bystander] = (),
        stands: bool = False,
        grain: timedelta = MINUTE,
        jobs: Mapping[str, Job] = JOBS,
    ) -> None:
        self._desk, self._stands, self._grain, self._jobs = desk, stands, grain, jobs
        self._bystanders: dict[Bystander, datetime | None] = dict.fromkeys(bystanders, _EPOCH)  # when they act again
        self._fakes = [Control(url) for url in fakes]

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
        said: set[str] = set()
        for _ in range(_MOST_ROUNDS):
            if worked := self._work(now):
                said |= worked - _SAY_NOTHING
                continue
            acted = self._let_act(now, bool(said - _SAY_IT_TO_HR))
            if not said and not acted:
                return
            self._wait_for_the_others(now)
            self._everywhere("idle", {})
            said = set()
        _log.warning("never_done", count=_MOST_ROUNDS)

    def _work(self, now: datetime) -> set[str]:
        """Gives the jobs that did something; what is due and cannot be done is nothing."""
        awaited = self._desk.database.read(agenda.awaited)
        due = [name for name in self._jobs if awaited.get(name, _NEVER) <= now]
        return {name for name in due if self._jobs[name].run(self._desk)}

    def _let_act(self, now: datetime, news: bool) -> int:
        """Those whose moment has come, and with news everybody: they may have heard some of it."""
        acted = 0
        for bystander, moment in self._bystanders.items():
            if news or (moment and moment <= now):
                count, self._bystanders[bystander] = bystander.act(now)
                acted += count
        return acted

    def _next(self, now: datetime) -> datetime | None:
        """When there is something to do. What is overdue could not be done: it is tried again with the next hour."""
        due = self._desk.database.read(agenda.next_due)
        moments = [moment for moment in (*self._bystanders.values(), due) if moment]
        return min((_upwards(at, self._grain) if at > now else _next_whole(now, HOUR) for at in moments), default=None)

    def _wait_for_the_others(self, now: datetime) -> None:
        """The web door sends some answers by itself, a moment later."""
        deadline = time.monotonic() + _PATIENCE
        while self._desk.database.read(lambda connection: agenda.under_way(connection, now)):
            if time.monotonic() > deadline:
                return
            time.sleep(0.005)

    def _everywhere(self, what: str, order: Mapping[str, Any]) -> None:
        for fake in self._fakes:
            fake.post(f"/_fake/{what}", order)


def _next_whole(now: datetime, step: timedelta) -> datetime:
    return _EPOCH + ((now - _EPOCH) // step + 1) * step


def _upwards(moment: datetime, grain: timedelta) -> datetime:
    return _EPOCH - (_EPOCH - moment) // grain * grain
