"""What watching for risk costs while 1,000 or 100,000 candidates wait: after an event, at a due moment, when idle.

`python -m bench.risk [--databases sqlite,postgres]`; SCALE=small or full for fewer or more candidates. Each has a
history: messages, touches that arrived, a check-in, a task. The limit beside it: the same histories read in one go and
one UPDATE, without a rule; the peer: what a user would write first, reckoning everybody at every tick. Exit 1 if a goal
is missed.
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
from bench.waiting import Databases, Row
from bot.content import load
from bot.risk.load_history import histories
from bot.risk.monitor import open_cases, score_due
from bot.runtime import Runtime, Understands
from bot.store import risk
from bot.store.db import bulk
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from bot.store.tables import candidates, checkins, inbound, outbound, tasks, touches

SIZES = {"small": (100, 1_000), "": (1_000, 100_000), "full": (1_000, 100_000, 1_000_000)}
LOOKED = {"small": 100, "": 1_000, "full": 1_000}  # candidates to whom something happens, at each size
MOST_TIMES, MOST_IDLE = 2.0, 5.0
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_MEANINGS = ("training.when", "training.where", "store.far", "faq.pay", "stage.mine")
_MESSAGES, _TOUCHES = 5, 4  # of each candidate
_CHUNK = 2_000


@dataclass(frozen=True)
class Figures:
    """Of one size. Microseconds for one candidate: after an event, at a due moment, and the limit; `idle` milliseconds
    of a tick with nothing due; `everybody`: seconds to reckon all at one tick, as the peer does."""

    candidates: int
    event: float
    due: float
    limit: float
    idle: float
    everybody: float
    megabytes: float


_COLUMNS = (
    *(("candidates", ",.0f"), ("an event", ",.0f"), ("a due moment", ",.0f"), ("limit", ",.0f")),
    *(("idle tick, ms", ".2f"), ("all, s (peer)", ",.1f"), ("memory, +MB", ".1f")),
)


def main() -> None:
    says = f"{LOOKED[SCALE]:,} looked at, at each size"
    on_each_database("bench.risk", __doc__, "sqlite,postgres", says, _compare)


def _compare(databases: Databases, kind: str) -> int:
    print(f"\n{kind}, microseconds a candidate")
    return judge(at_each_size(databases, kind, SIZES[SCALE], NOW, _COLUMNS, measure, LOOKED[SCALE]))


def measure(folder: Path, url: str, size: int, looked: int) -> Figures:
    settings = waiting.settings(folder, url)
    database, cipher = open_store(url, waiting.DATA_KEY)
    house = Runtime(settings, load(settings), cast(Understands, None), cipher)
    for first in range(1, size + 1, _CHUNK):
        ids = range(first, min(first + _CHUNK, size + 1))
        database.write(lambda connection, ids=ids: _live(connection, ids))  # type: ignore[misc]
    waiting.settle(database)
    before = peak_memory()
    chosen = [1 + place * size // looked for place in range(looked)]
    _reckon(database, house, chosen)  # everybody's first look is no measure: signals are new then
    event = _timed(lambda: _reckon(database, house, chosen, one_by_one=True))
    due = _timed(lambda: _reckon(database, house, chosen))
    limit = _timed(lambda: _limit(database, house, chosen))
    idle = statistics.median(_timed(lambda: _tick(database, house)) for _ in range(20)) * 1e3
    found = Figures(
        size,
        event / looked * 1e6,
        due / looked * 1e6,
        limit / looked * 1e6,
        idle,
        due / looked * size,
        peak_memory() - before,
    )
    database.close()
    return found


def _tick(database: Database, house: Runtime) -> None:
    for step in (score_due, open_cases):
        database.write(lambda connection, step=step: step(connection, house, NOW))  # type: ignore[misc]


def _reckon(database: Database, house: Runtime, chosen: Sequence[int], one_by_one: bool = False) -> None:
    """Something happened to each, one transaction an event as messages come; or their moment has come, all at once."""
    if one_by_one:
        for number in chosen:
            database.write(lambda connection, number=number: risk.wake(connection, [number], NOW))  # type: ignore[misc]
    else:
        these = sa.update(candidates).where(candidates.c.id.in_(chosen)).values(risk_due_at=NOW)
        database.write(lambda connection: connection.execute(these))
    while database.write(lambda connection: score_due(connection, house, NOW))[0]:
        pass


def _limit(database: Database, house: Runtime, chosen: Sequence[int]) -> None:
    """The same reading and writing without a rule, in one transaction."""

    def run(connection: sa.Connection) -> None:
        histories(connection, house.settings, chosen, NOW)
        these = sa.update(candidates).where(candidates.c.id.in_(chosen))
        connection.execute(these.values(risk_points=7, risk_due_at=NOW + DAY))

    database.write(run)


def _live(connection: sa.Connection, ids: Sequence[int]) -> None:
    """What happened to these in the last two weeks."""
    passed = sa.update(candidates).where(candidates.c.id.in_(ids)).values(stage_at=NOW - 16 * DAY)
    connection.execute(passed)
    bulk.insert(connection, inbound, [_message(who, place) for who in ids for place in range(_MESSAGES)])
    bulk.insert(connection, touches, [_touch(who, place) for who in ids for place in range(_TOUCHES)])
    bulk.insert(connection, checkins, [{"candidate_id": who, "score": 2 + who % 4, "at": NOW - 3 * DAY} for who in ids])
    bulk.insert(connection, tasks, [{"candidate_id": who, "code": "id_copy", "due_at": NOW - DAY} for who in ids])
    said = sa.select(touches.c.candidate_id, touches.c.candidate_id, touches.c.id, touches.c.ended_at)
    theirs = said.where(touches.c.candidate_id.in_(ids))
    fixed = {"kind": "notice", "said": "bench", "text": b"x", "road": "push", "state": "sent", "rank": 1, "attempts": 1}
    columns = ["address_id", "candidate_id", "touch_id", "created_at", *fixed]
    literals = [sa.literal(value, type_=outbound.c[name].type) for name, value in fixed.items()]
    connection.execute(sa.insert(outbound).from_select(columns, theirs.add_columns(*literals)))


def _message(who: int, place: int) -> Row:
    return {
        "channel": "wechat",
        "key": f"{who}-{place}".encode(),
        "address_id": who,
        "candidate_id": who,
        "turn": place,
        "kind": "text",
        "intent": _MEANINGS[(who + place) % len(_MEANINGS)],
        "received_at": NOW - timedelta(days=14 - 2 * place, minutes=who % 60),
    }


def _touch(who: int, place: int) -> Row:
    at = NOW - timedelta(days=12 - 3 * place)
    return {
        "candidate_id": who,
        "entry": f"entry{place}",
        "kind": "notice",
        "begins": "checkin.ask",
        "state": "sent",
        "due_at": at,
        "ended_at": at,
        "expects": "answer" if place % 2 else None,
        "created_at": at,
    }


def _timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def judge(found: Sequence[Figures]) -> int:
    """Prints what was reached; 1 if a goal is missed."""
    few, many = found[0], found[-1]
    event, due = many.event / few.event, many.due / few.due
    goals = {
        f"an event costs at {many.candidates:,} candidates {event:.2f} times what it costs at {few.candidates:,}, "
        f"at most {MOST_TIMES:g}": event <= MOST_TIMES,
        f"a due moment {due:.2f} times, at most {MOST_TIMES:g}": due <= MOST_TIMES,
        f"an idle tick takes {many.idle:.2f} ms, under {MOST_IDLE:g}": many.idle < MOST_IDLE,
    }
    print(
        f"a due moment costs {many.due / many.limit:.1f} times its limit; "
        f"the peer pays for all {many.everybody:,.0f} s a tick"
    )
    for text, reached in goals.items():
        print(f"{'PASS' if reached else 'FAIL'}  {text}")
    return 0 if all(goals.values()) else 1


if __name__ == "__main__":
    main()
