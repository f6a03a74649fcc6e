"""What the clock's work costs while 1,000 or 100,000 candidates wait: planning, handing over what is due, an idle tick.

`python -m bench.touchpoints [--databases sqlite,postgres]`; SCALE=small or full for fewer or more candidates. Each size
is measured in a process of its own, by the jobs themselves, and beside it its limit: the same rows written by set-based
SQL alone, in one transaction. Exit 1 if a goal is missed.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from bench import waiting
from bench.importing import peak_memory
from bench.running import SCALE, at_each_size, on_each_database
from bench.waiting import Databases
from bot.content import load
from bot.outbox import Outbox
from bot.proactive.replan import plan_some
from bot.proactive.touches import send_due
from bot.runtime import Runtime, Understands
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from bot.store.tables import addresses, candidates, links, outbound, tasks, touches
from jobs.context import JobContext, Take
from jobs.scheduler import JOBS

SIZES = {"small": (100, 1_000), "": (1_000, 100_000), "full": (1_000, 100_000, 1_000_000)}
DUE = {"small": 100, "": 2_000, "full": 2_000}  # touches, at each size
MOST_TIMES, MOST_IDLE, MOST_MEGABYTES = 2.0, 20.0, 50.0
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
_NOTICES = ("id_copy", "health_certificate")  # that everybody gets, whenever they come
_BETWEEN = timedelta(minutes=31)  # what the rhythm says comes one by one
_WARM, _TICKS = 20, 40  # a worker lives for days, and PostgreSQL plans a statement anew at its first ten runs
_BATCHES = 5  # of a backlog
_AGAIN = 100  # candidates planned once more


@dataclass(frozen=True)
class Figures:
    """Of one size. Costs are microseconds: of a plan, for a candidate and for a touch, and of one more where nothing
    has changed; of a due touch, and of one where all are due. Beside them the limits. `idle`: milliseconds."""

    candidates: int
    touches: int
    plan: float
    plan_touch: float
    plan_touch_limit: float
    plan_again: float
    due_touch: float
    due_touch_limit: float
    if_all_due: float
    idle: float
    megabytes: float


_COLUMNS = (
    *(("candidates", ",.0f"), ("touches", ",.0f"), ("plan", ",.0f"), ("plan a touch", ",.0f"), ("by SQL", ",.0f")),
    *(("plan again", ",.0f"), ("due touch", ",.0f"), ("by SQL", ",.0f"), ("if all are due", ",.0f")),
    *(("idle tick, ms", ".1f"), ("memory, +MB", ".1f")),
)


def main() -> None:
    says = f"{DUE[SCALE]:,} due touches at each size"
    on_each_database("bench.touchpoints", __doc__, "sqlite,postgres", says, _compare)


def _compare(databases: Databases, kind: str) -> int:
    """Prints what each size costs; 1 if a goal is missed."""
    print(f"\n{kind}, costs in microseconds")
    return judge(at_each_size(databases, kind, SIZES[SCALE], NOW, _COLUMNS, _measure, DUE[SCALE]))


def _measure(folder: Path, url: str, _size: int, due: int) -> Figures:
    desk = _open_desk(folder, url)
    database = desk.database
    _take(desk, plan_some, NOW)  # opens what is opened once
    before, planned_before = peak_memory(), _count(database, touches)
    planning, people = _timed(lambda: _take_all(desk, plan_some))
    planned = _count(database, touches) - planned_before
    again = _again(desk)
    waiting.settle(database)
    idle = _idle(desk)
    due_touch = _due(desk, due)
    memory = peak_memory() - before
    if_all_due = _backlog(desk)
    found = Figures(
        _count(database, candidates),
        planned,
        planning / people * 1e6,
        planning / planned * 1e6,
        _plan_by_sql(database, planned) / planned * 1e6,
        again,
        due_touch,
        _due_by_sql(database),
        if_all_due,
        idle,
        memory,
    )
    database.close()
    return found


def _open_desk(folder: Path, url: str) -> JobContext:
    """As a worker's, but nobody writes to it: it need not understand."""
    settings = waiting.settings(folder, url)
    database, cipher = open_store(url, waiting.DATA_KEY)
    house = Runtime(settings, load(settings), cast(Understands, None), cipher)
    return JobContext(settings, database, cipher, Outbox(database, cipher, {}, lambda: NOW), house, lambda: NOW)


def _take_all(desk: JobContext, take: Take, now: datetime = NOW) -> int:
    """Until nothing is left, as the ticks do it one after the other; what is said stays in the outbox."""
    count = 0
    while taken := _take(desk, take, now):
        count += taken
    return count


def _take(desk: JobContext, take: Take, now: datetime) -> int:
    return desk.database.write(lambda connection: take(connection, desk.house, now))[0]


def _again(desk: JobContext) -> float:
    """To plan one once more, where nothing has changed."""
    some = sa.update(candidates).where(candidates.c.id <= _AGAIN).values(plan_at=NOW)
    desk.database.write(lambda connection: connection.execute(some))
    seconds, people = _timed(lambda: _take_all(desk, plan_some))
    return seconds / people * 1e6


def _idle(desk: JobContext) -> float:
    """The median of some ticks, of every job that a tick runs, with nothing due, once the process is warm."""
    done = [_timed(lambda: sum(job.run(desk) for job in JOBS.values())) for _ in range(_WARM + _TICKS)][_WARM:]
    assert not any(count for _, count in done), "something was due"
    return statistics.median(seconds for seconds, _ in done) * 1000


def _due(desk: JobContext, due: int) -> float:
    """To hand over one of so many touches: each notice to the same number of people at each size, spread over all of
    them. Each becomes a message."""
    queued = _count(desk.database, outbound)
    rounds = [(entry, NOW + place * _BETWEEN) for place, entry in enumerate(_NOTICES)]
    seconds = sum(_said(desk, entry, due // len(rounds), now) for entry, now in rounds)
    said = _count(desk.database, outbound) - queued
    assert said == due, f"of {due} due touches {said} became a message"
    return seconds / due * 1e6


def _said(desk: JobContext, entry: str, people: int, now: datetime) -> float:
    desk.database.write(lambda connection: _make_due(connection, entry, people, now))
    return _timed(lambda: _take_all(desk, send_due, now))[0]


def _make_due(connection: sa.Connection, entry: str, people: int, now: datetime) -> None:
    size = connection.execute(sa.select(sa.func.count()).select_from(candidates)).scalar_one()
    chosen = [1 + place * size // people for place in range(people)]
    these = touches.c.candidate_id.in_(chosen), touches.c.entry == entry, touches.c.state == "planned"
    connection.execute(sa.update(touches).where(*these).values(due_at=now))


def _backlog(desk: JobContext) -> float:
    """To take one, where everything that is planned is due at once: after an outage, say."""
    everything = sa.update(touches).where(touches.c.state == "planned").values(due_at=NOW)
    desk.database.write(lambda connection: connection.execute(everything))
    waiting.settle(desk.database)
    seconds, taken = _timed(lambda: [_take(desk, send_due, NOW) for _ in range(_BATCHES)])
    return seconds / sum(taken) * 1e6


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def _count(database: Database, table: sa.Table) -> int:
    wanted = sa.select(sa.func.count()).select_from(table)
    return int(database.read(lambda connection: connection.execute(wanted)).scalar_one())


# The limit: the rows that are there now, once more, by SQL alone.


def _plan_by_sql(database: Database, planned: int) -> float:
    """Seconds to write as many touches, two tasks a candidate, and a note for each."""
    again = {"touches": sa.select(touches).limit(planned), "tasks": sa.select(tasks)}

    def write(connection: sa.Connection) -> None:
        connection.execute(_copy(touches, again["touches"], occasion="'"))
        connection.execute(_copy(tasks, again["tasks"], code="'"))
        connection.execute(sa.update(candidates).values(plan_at=NOW + timedelta(days=7), planned_with="sql"))

    return _timed(lambda: database.write(write))[0]


def _due_by_sql(database: Database) -> float:
    """To write one of the messages and its link, and to note it at the touch and in the talk."""
    said = sa.select(outbound).where(outbound.c.touch_id.is_not(None))
    ended = sa.update(touches).where(touches.c.outbound_id.in_(said.with_only_columns(outbound.c.id)))
    stands = sa.update(addresses).where(addresses.c.id.in_(said.with_only_columns(outbound.c.address_id)))

    def write(connection: sa.Connection) -> int:
        count = connection.execute(ended.values(state="sent", ended_at=NOW, look_at=None)).rowcount
        connection.execute(stands.values(talk=addresses.c.talk, wait_until=addresses.c.wait_until))
        connection.execute(_copy(links, sa.select(links)))
        connection.execute(_copy(outbound, said))
        return count

    seconds, count = _timed(lambda: database.write(write))
    return seconds / count * 1e6


def _copy(table: sa.Table, rows: sa.Select[Any], **endings: str) -> sa.Insert:
    """These rows once more; `endings` make what must be unique other than it was."""
    found = rows.subquery()
    names = [column.name for column in table.columns if column.name != "id"]
    copied = [found.c[name] + endings[name] if name in endings else found.c[name] for name in names]
    return sa.insert(table).from_select(names, sa.select(*copied))


def judge(found: Sequence[Figures]) -> int:
    """Prints what was reached; 1 if a goal is missed."""
    few, many = found[0], found[-1]
    due, late = many.due_touch / few.due_touch, many.if_all_due / few.if_all_due
    more = many.megabytes - few.megabytes
    goals = {
        f"a due touch costs at {many.candidates:,} candidates {due:.2f} times what it costs at {few.candidates:,}, "
        f"at most {MOST_TIMES:g}": due <= MOST_TIMES,
        f"and {late:.2f} times where everything is due, at most {MOST_TIMES:g}": late <= MOST_TIMES,
        f"an idle tick takes {many.idle:.1f} ms, under {MOST_IDLE:g}": many.idle < MOST_IDLE,
        f"memory grows by {more:.1f} MB from {few.candidates:,} candidates on, under {MOST_MEGABYTES:g}": more
        < MOST_MEGABYTES,
    }
    for text, reached in goals.items():
        print(f"{'PASS' if reached else 'FAIL'}  {text}")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    main()
