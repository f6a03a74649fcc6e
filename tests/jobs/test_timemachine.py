"""Time is played through the real jobs: what falls due on the way happens at its moment, and not before."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.platform import clock
from bot.store import people, touches
from bot.store.tables import outbound
from bot.store.touches import Planned
from fakes.launch import Fake
from jobs.context import JobContext
from jobs.simulation.time_travel import TimeMachine
from tests.conftest import NOW
from tests.talking import Person

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OPENID = "o-somebody"


@pytest.fixture
def machine(desk: JobContext, wechat: Fake) -> TimeMachine:
    return TimeMachine(desk, [wechat.url], stands=True)


@pytest.fixture
def in_chat(desk: JobContext, person: Person, wechat: Fake) -> None:
    """Somebody of a published cohort whose chat is open, and who has not been planned anything."""
    person.is_bound_to("PUB")
    wechat.post("/_fake/person", openid=OPENID, following=True, window="message")


def plan(desk: JobContext, due_at: datetime) -> None:
    who = desk.database.read(lambda c: people.by_code(c, "PUB"))
    assert who
    planned = Planned(who, "training_notice", "", "notice", "notice.training", due_at)
    desk.database.write(lambda c: touches.plan(c, [planned], "hr", NOW))


def at_once(machine: TimeMachine, hours: int) -> None:
    machine.play(hours * HOUR)


def hour_by_hour(machine: TimeMachine, hours: int) -> None:
    for _ in range(hours):
        machine.step(60)


@pytest.mark.usefixtures("in_chat")
@pytest.mark.parametrize("played", [at_once, hour_by_hour])
def test_what_is_due_in_five_hours_is_said_then_and_not_before(
    machine: TimeMachine, desk: JobContext, wechat: Fake, played: Callable[[TimeMachine, int], None]
) -> None:
    due_at = NOW + 4 * HOUR + 30 * MINUTE
    plan(desk, due_at)
    played(machine, 4)
    assert (clock.now(), wechat.chat(OPENID)) == (NOW + 4 * HOUR, [])
    played(machine, 2)
    (message,) = wechat.chat(OPENID)
    assert "培训时间定了" in message["content"]
    assert message["time"] == due_at.timestamp()
    assert desk.database.read(lambda c: c.execute(sa.select(outbound.c.sent_at)).scalar_one()) == due_at
    assert clock.now() == NOW + 6 * HOUR


def test_each_whole_hour_is_told_and_a_pause_is_kept(machine: TimeMachine) -> None:
    seen: list[datetime] = []
    machine.play(3 * HOUR + 30 * MINUTE, after_each=seen.append)
    assert seen == [NOW + HOUR, NOW + 2 * HOUR, NOW + 3 * HOUR, NOW + 3.5 * HOUR]
    assert machine.play(9 * HOUR, goes_on=lambda: len(seen) < 6, after_each=seen.append) == NOW + 5 * HOUR


@pytest.mark.usefixtures("shared_clock")
def test_a_running_clock_jumps_ahead_with_those_of_the_fakes_and_never_back(desk: JobContext, wechat: Fake) -> None:
    clock.move(-clock.now().timestamp() + NOW.timestamp())
    wechat.post("/_fake/clock", set=NOW.timestamp())
    machine = TimeMachine(desk, [wechat.url])
    assert machine.to(NOW + 5 * HOUR) >= NOW + 5 * HOUR
    assert machine.to(NOW) >= NOW + 5 * HOUR
    assert abs(wechat.get("/_fake/clock")["now"] - clock.now().timestamp()) < 60


class Visitor:
    """Comes again every so often."""

    def __init__(self, every: timedelta) -> None:
        self.every, self.next, self.came = every, NOW, list[datetime]()

    def act(self, now: datetime) -> tuple[int, datetime | None]:
        if now < self.next:
            return 0, self.next
        self.came.append(now)
        self.next = now + self.every
        return 1, self.next


def test_others_act_when_their_moment_comes_rounded_up_to_the_grain(desk: JobContext, wechat: Fake) -> None:
    visitor = Visitor(90 * MINUTE)
    TimeMachine(desk, [wechat.url], [visitor], stands=True).play(4 * HOUR)
    assert visitor.came == [NOW, NOW + 90 * MINUTE, NOW + 180 * MINUTE]
    by_the_hour = Visitor(90 * MINUTE)
    clock.stand(NOW)
    TimeMachine(desk, [wechat.url], [by_the_hour], stands=True, grain=HOUR).play(5 * HOUR)
    assert by_the_hour.came == [NOW, NOW + 2 * HOUR, NOW + 4 * HOUR]
