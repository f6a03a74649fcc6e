"""Papers are announced before they are asked for, and no day that has passed is told as one to come: whenever somebody
is imported, bound or released, and however often their training is moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from bot.content import Content
from bot.engine.flow import Effect
from bot.engine.talk import Talk
from bot.engine.turn import TOUCH, Collected, Heard, turn
from bot.record import facts
from bot.record.model import Candidate, Cohort, Task
from bot.rhythm import PastTouch, Situation, plan
from bot.rhythm.planning import without
from bot.settings import Settings
from tests.bot.rhythm.situations import NOW, SHANGHAI, local, rhythm, touches, waiting

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = local("2026-11-23 09:00")
TASKS = ("id_copy", "health_certificate")


@dataclass
class Life:
    """One candidate's weeks: who they are, the day of each move of their training, and what they were told."""

    content: Content
    settings: Settings
    who: Situation
    moves: Mapping[int, datetime | None]
    said: list[tuple[datetime, str, datetime | None]] = field(default_factory=list)  # when, which words, due by when

    def lives(self, days: int) -> None:
        for hour in range(days * 24):
            now = FIRST + hour * HOUR
            if now.hour == 0 and (day := now.date().toordinal() - FIRST.date().toordinal()) in self.moves:
                self._moved(self.moves[day])
            while now.hour in range(9, 21) and self._speaks(now):
                pass

    def _moved(self, starts_at: datetime | None) -> None:
        self.who = replace(self.who, starts_at=starts_at, date_state="planned" if starts_at else "unknown")

    def _speaks(self, now: datetime) -> bool:
        """Whether something was due."""
        if self.who.released_at is None or self.who.released_at > now:
            return False
        papers = {name: one for name, one in self.content.rhythm.entries.items() if name.startswith(TASKS)}
        known = replace(self.content.rhythm, entries=papers)
        planned = plan(known, self.who, now, "CN")
        due = [one for one in without(planned, self.who.told).touches if one.at <= now]
        if not due:
            return False
        first = due[0]
        keys = self._words(first.begins, planned.due, now)
        state = "sent" if keys else "suppressed"
        told = PastTouch(first.entry, first.occasion, first.begins, state, now, plan=first.plan)
        self.who = replace(self.who, told=(*self.who.told, told))
        self.said += [(now, key, planned.due[_task(key)]) for key in keys]
        return True

    def _words(self, begins: str, due: Mapping[str, datetime | None], now: datetime) -> list[str]:
        tasks = [Task(code, at) for code, at in due.items()]
        cohort = Cohort("K", "K", self.who.starts_at, None, "", "", (), (), self.who.date_state, None, None)
        candidate = Candidate(1, "C", "C", "zh", None, "interview_passed", NOW, None, None, cohort, None, tasks=tasks)
        world = World(facts.known(candidate, "wechat", self.settings, now))
        walked = turn(self.content.flows, world, Talk(), Heard(event=TOUCH, value=begins))
        return [said.key for said in walked.said]


@dataclass
class World:
    """Answers what is so; nothing is done."""

    facts: Mapping[str, str]

    def fact(self, name: str) -> str:
        return self.facts[name]

    def do(self, effect: Effect, heard: Heard, saved: Mapping[str, Any]) -> str:
        return ""

    def choice(self, flow: str, names: tuple[str, ...], text: str) -> str:
        return ""

    def read(self, collector: str, limit: str, heard: Heard) -> Collected | None:
        return None


def _task(key: str) -> str:
    return next(task for task in TASKS if key.endswith(task))


def _told(life: Life, task: str) -> Sequence[str]:
    return [key.removesuffix(task).rstrip("_") or "first" for _, key, _ in life.said if key.endswith(task)]


days = st.integers(-20, 12)
starts = st.one_of(st.none(), st.integers(1, 40).map(lambda day: FIRST + day * DAY))


@given(
    passed=days, bound=days, released=st.integers(0, 12), moves=st.dictionaries(st.integers(0, 30), starts, max_size=4)
)
@example(passed=0, bound=0, released=0, moves={0: FIRST + 30 * DAY})
@example(passed=-1, bound=-1, released=0, moves={0: FIRST + 5 * DAY})
@example(passed=-15, bound=-15, released=12, moves={0: FIRST + 21 * DAY})
@example(passed=0, bound=0, released=0, moves={0: FIRST + 21 * DAY, 14: FIRST + 30 * DAY})
def test_papers_are_announced_before_they_are_asked_for_and_no_past_day_is_one_to_come(
    content: Content,
    settings: Settings,
    passed: int,
    bound: int,
    released: int,
    moves: dict[int, datetime | None],
) -> None:
    at = {name: FIRST + day * DAY for name, day in (("passed", passed), ("bound", bound), ("released", released))}
    who = waiting(entered={"interview_passed": at["passed"]}, bound_at=at["bound"], released_at=at["released"])
    life = Life(content, settings, who, moves)
    life.lives(45)
    for now, key, due in life.said:
        tells_a_day = "task_due" in content.words["zh"].say[f"tasks.{key}"].placeholders
        assert not (tells_a_day and due) or due.astimezone(SHANGHAI).date() > now.date(), (now, key, due)
        assert not key.startswith("overdue_") or (due and due < now), (now, key, due)
    for task in TASKS:
        told = _told(life, task)
        assert told[:1] in (["first"], ["late"]), "everybody hears of it, and first that it is to be done"
        assert sum(one in ("first", "late") for one in told) == 1


def test_what_follows_another_waits_until_that_was_said(tmp_path: Any) -> None:
    read = rhythm(
        tmp_path,
        "entries: {first: {kind: notice, at: bound, begins: notes.one},"
        " second: {kind: notice, at: said first + 2d at 11:00, begins: notes.two}}",
    )
    assert [one.entry for one in touches(read, waiting())] == ["first"]
    heard = waiting(told=(PastTouch("first", "", "notes.one", "sent", NOW),))
    assert [one.at.astimezone(SHANGHAI) for one in touches(read, heard) if one.entry == "second"] == [
        local("2026-11-25 11:00")
    ]
    expired = waiting(told=(PastTouch("first", "", "notes.one", "expired", NOW),))
    assert [one.entry for one in touches(read, expired)] == ["first"]
