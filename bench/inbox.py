"""How soon HR's pages are there with 100,000 candidates and a million messages: the list, its search, a case.

`python -m bench.inbox [--databases postgres,sqlite]`; SCALE=small or full for fewer or more. Pages come over HTTP on a
real socket, from a server in this process, to a recruiter, a manager and an administrator. Beside each the limit: one
row by its key over the same connection; and the peer: what a user would write first for the search, opening every name.
Exit 1 if a page takes longer than its goal.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import sqlalchemy as sa

from bench import waiting
from bench.running import SCALE, on_each_database
from bench.waiting import Databases, Row
from bot.content import load
from bot.runtime import Runtime, Understands
from bot.store.db import bulk
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from bot.store.tables import candidates, case_reasons, cases, inbound, staff
from tests.bot.web.desk import Browser, Office, let_in, serving

SIZES = {"small": 1_000, "": 100_000, "full": 1_000_000}  # candidates; ten messages each
MOST = 100.0  # milliseconds, of 95 in 100
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
_MESSAGES = 9  # of each, beside the one that `waiting` has
_OPEN = 19  # one candidate in so many has an open case
_MANAGERS, _TEAM = 100, 9
_TIMES = 40  # each page
_CHUNK = 2_000
_REASONS = ("doubt", "human", "store_far", "unconfirmed", "risk", "other_offer")
_ROLES = {"administrator": "ADMIN", "manager": "M19", "recruiter": "M19R0"}  # who have cases at any size


@dataclass(frozen=True)
class Figure:
    """Milliseconds."""

    who: str
    page: str
    p50: float
    p95: float


def main() -> None:
    says = f"{SIZES[SCALE]:,} candidates, {SIZES[SCALE] * 10:,} messages"
    on_each_database("bench.inbox", __doc__, "postgres", says, _measure)


def _measure(databases: Databases, kind: str) -> int:
    size = SIZES[SCALE]
    url = databases.fresh(kind, "inbox")
    waiting.enter(url, size, NOW)
    database, cipher = open_store(url, waiting.DATA_KEY)
    settings = waiting.settings(databases.folder, url)
    house = Runtime(settings, load(settings), cast(Understands, None), cipher)
    _fill(database, cipher, size)
    office = Office(house, database, NOW)
    let_in(office, *_ROLES.values())
    print(f"\n{kind}, milliseconds\n{'':<16}{'page':<28}{'p50':>10}{'p95':>10}{'x limit':>10}", flush=True)
    limit = _limit(database, size)
    with serving(office):
        found = [figure for who, code in _ROLES.items() for figure in _pages(office.person(code), who, size)]
    for one in found:
        print(f"{one.who:<16}{one.page:<28}{one.p50:>10.1f}{one.p95:>10.1f}{one.p50 / limit:>10.0f}")
    print(
        f"limit: one row by its key {limit:.2f}; "
        f"peer: a name found by opening all of them {_peer(database, cipher, size):,.0f}"
    )
    database.close()
    databases.drop(kind, "inbox")
    return judge(found)


def _pages(browser: Browser, who: str, size: int) -> Iterator[Figure]:
    """Each page several times, another one each time where there are others."""
    theirs = [row.id for row in _theirs(browser.office.database, who, size)]
    numbers = [(7919 * turn) % size for turn in range(_TIMES)]
    pages: dict[str, Callable[[int], str]] = {
        "list": lambda turn: "/hr",
        "list, another state": lambda turn: ("/hr?state=new", "/hr?urgency=1", "/hr?reason=doubt")[turn % 3],
        "search by code": lambda turn: f"/hr?q=K{numbers[turn]}",
        "search by phone": lambda turn: f"/hr?q=%2B{waiting.phone(numbers[turn])[1:]}",
        "search by name": lambda turn: "/hr?q=%E7%8E%8B%E5%B0%8F%E6%98%8E",
        "case": lambda turn: f"/hr/cases/{theirs[(31 * turn) % len(theirs)]}",
        "candidates": lambda turn: "/hr/candidates",
    }
    for name, path in pages.items():
        browser.get(path(0))
        taken = sorted(_timed(browser, path(turn)) for turn in range(_TIMES))
        yield Figure(who, name, taken[len(taken) // 2], taken[int(len(taken) * 0.95) - 1])


def _theirs(database: Database, who: str, size: int) -> Sequence[Any]:
    """Open cases that this one may see."""
    wanted = sa.select(cases.c.id).order_by(cases.c.id).limit(200)
    owner = {"manager": candidates.c.owner.like("M19R%"), "recruiter": candidates.c.owner == "M19R0"}.get(who)
    if owner is not None:
        wanted = wanted.join(candidates, cases.c.candidate_id == candidates.c.id).where(owner)
    return database.read(lambda connection: list(connection.execute(wanted)))


def _timed(browser: Browser, path: str) -> float:
    started = time.perf_counter()
    answer = browser.get(path)
    taken = (time.perf_counter() - started) * 1000
    assert answer.status_code == 200, (path, answer.status_code)
    return taken


def _fill(database: Database, cipher: Cipher, size: int) -> None:
    """Staff, who owns whom, what was said, and who has an open case."""
    database.write(lambda connection: _hire(connection, cipher))
    text = cipher.seal("什么时候培训？我想知道具体时间和地点。", "inbound.text")
    for first in range(1, size + 1, _CHUNK):
        ids = range(first, min(first + _CHUNK, size + 1))
        database.write(lambda connection, ids=ids: _live(connection, ids, text))  # type: ignore[misc]
    waiting.settle(database)


def _hire(connection: sa.Connection, cipher: Cipher) -> None:
    name = cipher.seal("李想", "staff.name")
    rows = [_person("ADMIN", "admin", None, name)]
    for number in range(_MANAGERS):
        rows.append(_person(f"M{number}", "manager", "ADMIN", name))
        rows += [_person(f"M{number}R{place}", "recruiter", f"M{number}", name) for place in range(_TEAM)]
    bulk.insert(connection, staff, rows)


def _person(code: str, role: str, manager: str | None, name: bytes) -> Row:
    return {"code": code, "name": name, "role": role, "manager": manager, "locale": "zh", "updated_at": NOW}


def _owner(who: int) -> str:
    return f"M{who % _MANAGERS}R{who // _MANAGERS % _TEAM}"


def _live(connection: sa.Connection, ids: Sequence[int], text: bytes) -> None:
    owned = sa.update(candidates).where(candidates.c.id == sa.bindparam("this")).values(owner=sa.bindparam("whose"))
    connection.execute(owned, [{"this": who, "whose": _owner(who)} for who in ids])
    bulk.insert(connection, inbound, [_message(who, place, text) for who in ids for place in range(_MESSAGES)])
    some = [who for who in ids if who % _OPEN == 0]
    bulk.insert(connection, cases, [_case(who) for who in some])
    reasons = sa.select(cases.c.id, cases.c.reason, cases.c.opened_at).where(cases.c.candidate_id.in_(some))
    connection.execute(sa.insert(case_reasons).from_select(["case_id", "reason", "at"], reasons))


def _message(who: int, place: int, text: bytes) -> Row:
    return {
        "channel": "wechat",
        "key": f"{who}-{place}".encode(),
        "address_id": who,
        "candidate_id": who,
        "turn": place,
        "kind": "text",
        "text": text,
        "intent": "training.when",
        "received_at": NOW - timedelta(days=14 - place),
    }


def _case(who: int) -> Row:
    opened = NOW - timedelta(minutes=who % 5000)
    return {
        "candidate_id": who,
        "state": "new" if who % 3 else "claimed",
        "claimed_by": None if who % 3 else _owner(who),
        "reason": _REASONS[who // _OPEN % len(_REASONS)],
        "urgency": who // _OPEN % 4,
        "assigned": _owner(who),
        "opened_at": opened,
        "updated_at": opened,
    }


def _limit(database: Database, size: int) -> float:
    """Milliseconds for one row by its key, the median of some."""
    wanted = sa.select(candidates.c.code)
    taken = []
    for turn in range(_TIMES):
        started = time.perf_counter()
        this = wanted.where(candidates.c.id == 1 + (7919 * turn) % size)
        database.read(lambda connection, this=this: connection.execute(this).scalar())  # type: ignore[misc]
        taken.append((time.perf_counter() - started) * 1000)
    return sorted(taken)[_TIMES // 2]


def _peer(database: Database, cipher: Cipher, size: int) -> float:
    """Milliseconds to open every name, as far as some of them tell."""
    few = min(size, 10_000)
    started = time.perf_counter()
    rows = database.read(lambda c: list(c.execute(sa.select(candidates.c.name).limit(few)).scalars()))
    assert all(cipher.open(name, "candidates.name") for name in rows)
    return (time.perf_counter() - started) * 1000 / few * size


def judge(found: Sequence[Figure]) -> int:
    """Prints what was reached; 1 if a page takes longer than its goal."""
    slow = [one for one in found if one.p95 >= MOST]
    for one in slow:
        print(f"FAIL  {one.page} for a {one.who}: 95 in 100 within {one.p95:.0f} ms, not under {MOST:g}")
    if not slow:
        print(f"PASS  95 in 100 of each page are there within {max(one.p95 for one in found):.0f} ms, under {MOST:g}")
    return 1 if slow else 0


if __name__ == "__main__":
    main()
