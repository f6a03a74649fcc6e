"""What the clock's work costs while 1,000 or 100,000 candidates wait: planning, handing over what is due, an idle tick.

`python -m bench.touchpoints [--databases sqlite,postgres]`; SCALE=small or full for fewer or more candidates. Each size
is measured in a process of its own, by the jobs themselves, and beside it its limit: the same rows written by set-based
SQL alone, in one transaction. Exit 1 if a goal is missed.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from bench import waiting
from bench.importing import peak_memory
from bench.waiting import Databases
from bot.content import load
from bot.conversation.house import House, Understands
from bot.conversation.planning import plan_some
from bot.conversation.touching import speak
from bot.outbox import Outbox
from bot.store.database import Database
from bot.store.opening import open_store
from bot.store.tables import addresses, candidates, links, outbound, tasks, touches
from jobs import deliver, plans, promises, reconcile, waits
from jobs import touches as touches_job
from jobs.desk import Desk, Take
from tests import postgres

SIZES = {"small": (200, 2_000), "": (1_000, 100_000), "full": (1_000, 100_000, 1_000_000)}
DUE = {"small": 200, "": 2_000, "full": 2_000}  # touches, at each size
MOST_TIMES, MOST_IDLE, MOST_MEGABYTES = 2.0, 20.0, 50.0
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
_NOTICES = ("id_copy", "health_certificate")  # that everybody gets, whenever they come
_BETWEEN = timedelta(minutes=31)  # what the rhythm says comes one by one
_JOBS = (plans, touches_job, promises, waits, deliver, reconcile)
_TICKS = 20
_BATCHES = 5  # of a backlog
_WIDE = 16
_AGAIN = 1_000  # candidates planned once more, without any change


@dataclass(frozen=True)
class Figures:
    """Of one size: how many, seconds for all, milliseconds a tick, megabytes that the work added."""

    candidates: int
    touches: int
    planning: float
    planning_limit: float
    again: float
    due: int
    speaking: float
    speaking_limit: float
    backlog: float
    idle: float
    memory: float

    def row(self) -> tuple[float, ...]:
        """Microseconds but for the numbers of candidates, touches and due touches, and the last two."""
        again = self.again / min(_AGAIN, self.candidates)
        planning = self.planning / self.candidates, self.planning / self.touches, self.planning_limit / self.touches
        speaking = self.speaking / self.due, self.speaking_limit / self.due, self.backlog
        costs = (*planning, again, *speaking)
        return self.candidates, self.touches, *(cost * 1e6 for cost in costs), self.idle, self.memory


_COLUMNS = {
    "candidates": ",.0f",
    "touches": ",.0f",
    "plan a candidate": ",.0f",
    "a touch": ",.0f",
    "by SQL": ",.0f",
    "plan again": ",.0f",
    "due touch": ",.0f",
    "by its SQL": ",.0f",
    "if all are due": ",.0f",
    "idle tick, ms": ".1f",
    "memory, +MB": ".1f",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.touchpoints", description=__doc__)
    parser.add_argument("--databases", default="sqlite,postgres")
    wanted = parser.parse_args().databases.split(",")
    scale = os.environ.get("SCALE", "")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before; {DUE[scale]:,} due touches at each size")
    with tempfile.TemporaryDirectory(prefix="kwbench") as name, ExitStack() as stack:
        has_postgres = "postgres" in wanted and postgres.binaries() is not None
        databases = Databases(Path(name), stack.enter_context(postgres.cluster()) if has_postgres else "")
        sys.exit(max([_compare(databases, kind, scale) for kind in databases.kinds if kind in wanted]))


def _compare(databases: Databases, kind: str, scale: str) -> int:
    """Prints what each size costs; 1 if a goal is missed."""
    print(f"\n{kind}, costs in microseconds\n" + "".join(f"{name:>{_WIDE}}" for name in _COLUMNS), flush=True)
    found = []
    for size in SIZES[scale]:
        with _waiting(databases, kind, size) as url:
            found.append(_in_its_own_process(databases.folder, url, DUE[scale]))
            cells = zip(found[-1].row(), _COLUMNS.values(), strict=True)
            print("".join(f"{cell:>{_WIDE}{form}}" for cell, form in cells), flush=True)
    return _judge(found)


@contextmanager
def _waiting(databases: Databases, kind: str, size: int) -> Iterator[str]:
    name = f"waiting{size}"
    url = databases.fresh(kind, name)
    waiting.enter(url, size, NOW)
    yield url
    databases.drop(kind, name)


def _in_its_own_process(folder: Path, url: str, due: int) -> Figures:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (folder, url, due))


def _measure(folder: Path, url: str, due: int) -> Figures:
    desk = _open_desk(folder, url)
    database = desk.database
    database.write(lambda connection: plan_some(connection, desk.house, NOW))  # opens what is opened once
    before, planned_before = peak_memory(), _count(database, touches)
    planning, _ = _timed(lambda: _take_all(desk, plan_some))
    planned = _count(database, touches) - planned_before
    again = _again(desk)
    waiting.settle(database)
    idle = _idle(desk)
    speaking, spoken = _due(desk, due)
    memory = peak_memory() - before
    found = Figures(
        _count(database, candidates),
        planned,
        planning,
        _plan_by_sql(database, planned),
        again,
        spoken,
        speaking,
        _speak_by_sql(database),
        _backlog(desk),
        idle,
        memory,
    )
    database.close()
    return found


def _open_desk(folder: Path, url: str) -> Desk:
    """As a worker's, but nobody writes to it: it need not understand."""
    settings = waiting.settings(folder, url)
    database, cipher = open_store(url, waiting.DATA_KEY)
    house = House(settings, load(settings), cast(Understands, None), cipher)
    return Desk(settings, database, cipher, Outbox(database, cipher, {}, lambda: NOW), house, lambda: NOW)


def _take_all(desk: Desk, take: Take, now: datetime = NOW) -> int:
    """Until nothing is left, as the ticks do it one after the other; what is said stays in the outbox."""
    count = 0
    while taken := _take(desk, take, now):
        count += taken
    return count


def _take(desk: Desk, take: Take, now: datetime) -> int:
    return desk.database.write(lambda connection: take(connection, desk.house, now))[0]


def _again(desk: Desk) -> float:
    """Seconds to plan some of them once more, where nothing has changed."""
    some = sa.update(candidates).where(candidates.c.id <= _AGAIN).values(plan_at=NOW)
    desk.database.write(lambda connection: connection.execute(some))
    seconds, _ = _timed(lambda: _take_all(desk, plan_some))
    return seconds


def _idle(desk: Desk) -> float:
    """The median of some ticks, of every job that a tick runs, with nothing due."""
    done = [_timed(lambda: sum(job.run(desk) for job in _JOBS)) for _ in range(_TICKS)]
    assert not any(count for _, count in done[1:]), "something was due"
    return statistics.median(seconds for seconds, _ in done[1:]) * 1000


def _due(desk: Desk, due: int) -> tuple[float, int]:
    """Seconds to hand over so many touches, each notice to the same number of people at each size, spread over all of
    them; and how many messages came of it."""
    queued = _count(desk.database, outbound)
    spent = sum(
        _said(desk, entry, due // len(_NOTICES), NOW + place * _BETWEEN) for place, entry in enumerate(_NOTICES)
    )
    said = _count(desk.database, outbound) - queued
    assert said == due, f"of {due} due touches {said} became a message"
    return spent, said


def _said(desk: Desk, entry: str, people: int, now: datetime) -> float:
    desk.database.write(lambda connection: _make_due(connection, entry, people, now))
    return _timed(lambda: _take_all(desk, speak, now))[0]


def _make_due(connection: sa.Connection, entry: str, people: int, now: datetime) -> None:
    size = connection.execute(sa.select(sa.func.count()).select_from(candidates)).scalar_one()
    chosen = [1 + place * size // people for place in range(people)]
    these = touches.c.candidate_id.in_(chosen), touches.c.entry == entry, touches.c.state == "planned"
    connection.execute(sa.update(touches).where(*these).values(due_at=now))


def _backlog(desk: Desk) -> float:
    """Seconds a touch, where everything that is planned is due at once: after an outage, say."""
    everything = sa.update(touches).where(touches.c.state == "planned").values(due_at=NOW)
    desk.database.write(lambda connection: connection.execute(everything))
    waiting.settle(desk.database)
    seconds, taken = _timed(lambda: [_take(desk, speak, NOW) for _ in range(_BATCHES)])
    return seconds / sum(taken)


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


def _speak_by_sql(database: Database) -> float:
    """Seconds to write what was said and its links, and to note it at the touches and in the talks."""
    said = sa.select(outbound).where(outbound.c.touch_id.is_not(None))
    ended = sa.update(touches).where(touches.c.outbound_id.in_(said.with_only_columns(outbound.c.id)))
    stands = sa.update(addresses).where(addresses.c.id.in_(said.with_only_columns(outbound.c.address_id)))

    def write(connection: sa.Connection) -> None:
        connection.execute(ended.values(state="sent", ended_at=NOW, look_at=None))
        connection.execute(stands.values(talk=addresses.c.talk, wait_until=addresses.c.wait_until))
        connection.execute(_copy(links, sa.select(links)))
        connection.execute(_copy(outbound, said))

    return _timed(lambda: database.write(write))[0]


def _copy(table: sa.Table, rows: sa.Select[Any], **endings: str) -> sa.Insert:
    """These rows once more; `endings` make what must be unique other than it was."""
    found = rows.subquery()
    names = [column.name for column in table.columns if column.name != "id"]
    copied = [found.c[name] + endings[name] if name in endings else found.c[name] for name in names]
    return sa.insert(table).from_select(names, sa.select(*copied))


def _judge(found: Sequence[Figures]) -> int:
    """Prints what was reached; 1 if a goal is missed."""
    few, many = found[0], found[-1]
    times = (many.speaking / many.due) / (few.speaking / few.due)
    late = many.backlog / few.backlog
    more = many.memory - few.memory
    goals = {
        f"a due touch costs at {many.candidates:,} {times:.2f} times what it costs at {few.candidates:,}, "
        f"at most {MOST_TIMES:g}": times <= MOST_TIMES,
        f"and {late:.2f} times where everything is due, at most {MOST_TIMES:g}": late <= MOST_TIMES,
        f"an idle tick takes {many.idle:.1f} ms, under {MOST_IDLE:g}": many.idle < MOST_IDLE,
        f"memory grows by {more:.1f} MB from {few.candidates:,} on, under {MOST_MEGABYTES:g}": more < MOST_MEGABYTES,
    }
    for text, reached in goals.items():
        print(f"{'PASS' if reached else 'FAIL'}  {text}")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    main()
