"""How much waits is counted from indexes, and no further than it must be."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.messages import Draft, enqueue
from bot.store.tables import outbound, stopped_channels
from bot.store.views import counts
from bot.store.views.counts import Counts

OPEN = ("interview_passed", "training_notice")
TINY = ("stopped_channels", "FROM hooks ")  # one row a channel, a hook: read as a whole


def counted(database: Database, now: datetime, since: datetime | None = None) -> Counts:
    return database.read(lambda connection: counts.count(connection, OPEN, since or now, now))


def put(database: Database, cipher: Cipher, at: datetime, *states: str) -> None:
    def work(connection: Connection) -> None:
        person = people.get_or_create(connection, cipher, "sms", "+12025550123", at)
        for state in states:
            (number,) = enqueue(connection, cipher, person.id, None, None, [Draft("x", "x", pushed=True)], at)
            connection.execute(sa.update(outbound).where(outbound.c.id == number).values(state=state))

    database.write(work)


def test_messages_are_counted_by_what_became_of_them(database: Database, cipher: Cipher, now: datetime) -> None:
    yesterday = now - timedelta(days=1)
    put(database, cipher, yesterday, "unknown", "failed", "sent")
    put(database, cipher, now - timedelta(minutes=5), "queued", "queued", "sending", "unknown", "failed", "delivered")
    found = counted(database, now, now - timedelta(hours=10))
    assert (found.queued, found.sending, found.unknown, found.failed) == (2, 1, 2, 1)
    assert found.oldest == pytest.approx(300, abs=1)


def test_a_stopped_channel_says_why_and_since_when(database: Database, now: datetime) -> None:
    row = {"channel": "sms", "code": "20003", "since": now, "look_at": now}
    database.write(lambda c: c.execute(sa.insert(stopped_channels).values(row)))
    assert counted(database, now).stopped == {"sms": counts.Stopped("20003", now)}


def test_no_number_goes_beyond_the_most(
    database: Database, cipher: Cipher, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MOST", 3)
    put(database, cipher, now, *["queued"] * 5)
    assert counted(database, now).queued == 3


def test_every_number_comes_from_an_index(database: Database, now: datetime) -> None:
    """Whatever the statements are: none of them reads a table from end to end."""
    said: list[tuple[str, Any]] = []

    def listen(_c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        said.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", listen)
    counted(database, now)
    sa.event.remove(database.engine, "before_cursor_execute", listen)
    explain: Callable[[Connection, str, Any], str] = _on_sqlite if database.sqlite else _on_postgres
    plans = {
        text: database.read(lambda c, a=(text, values): explain(c, *a))
        for text, values in said
        if not any(tiny in text for tiny in TINY)
    }
    assert len(plans) >= 11
    assert not [(text, plan) for text, plan in plans.items() if _reads_all(plan)]


def _on_sqlite(connection: Connection, text: str, values: Any) -> str:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
    return "\n".join(row[-1] for row in rows)


def _on_postgres(connection: Connection, text: str, values: Any) -> str:
    """So small a table would be read as a whole whatever indexes it has."""
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    return "\n".join(connection.exec_driver_sql(f"EXPLAIN {text}", values).scalars())


def _reads_all(plan: str) -> bool:
    scans = (line for line in plan.splitlines() if line.startswith("SCAN ") or "Seq Scan" in line)
    return any("USING" not in line and "anon_1" not in line for line in scans)


def test_a_statement_without_an_index_would_be_found(database: Database) -> None:
    explain = _on_sqlite if database.sqlite else _on_postgres
    text = "SELECT id FROM outbound WHERE said = 'x'"
    assert _reads_all(database.read(lambda c: explain(c, text, ())))
