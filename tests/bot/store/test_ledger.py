"""The ledger has a line for every message by itself, and for every touch that became none."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, outbound, touches
from bot.store.views.message_log import LogLine, ledger, summary
from tests.conftest import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def written(database: Database) -> list[LogLine]:
    """A notice that went on by SMS, a reply, a message of no touch, a story that expired, and one that is to come."""

    def write(connection: sa.Connection) -> None:
        who = {"code": "C1", "name": b"", "stage": "x", "stage_at": NOW, "stage_by": "import", "invite": b""}
        who |= {"invite_index": b"", "created_at": NOW, "updated_at": NOW, "timezone": "Asia/Tokyo"}
        _put(connection, candidates, **who)
        for channel in ("wechat", "sms"):
            _put(connection, addresses, channel=channel, address=b"", address_index=channel.encode(), created_at=NOW)
        notice = _touch(connection, "welcome", "sent", NOW - HOUR, deferred="hours", meant_at=NOW - 9 * HOUR)
        _touch(connection, "tips", "expired", NOW, reason="too late to be useful", ended_at=NOW + 2 * HOUR)
        _touch(connection, "story", "planned", NOW + 5 * HOUR)
        first = _message(connection, 1, NOW, touch_id=notice, via="service", state="failed", error_code="45015")
        _message(
            connection, 2, NOW, touch_id=notice, via="sms", state="delivered", after_id=first, parts=2, cost=700_000
        )
        _message(connection, 1, NOW + HOUR, kind="answer", state="sent")
        _message(connection, 1, NOW, kind="answer", state="sent", road="reply")

    database.write(write)
    return database.read(ledger)


def _put(connection: sa.Connection, table: sa.Table, **row: Any) -> int:
    return int(connection.execute(sa.insert(table).values(row).returning(table.c.id)).scalar_one())


def _touch(connection: sa.Connection, entry: str, state: str, due_at: datetime, **more: Any) -> int:
    row = {"candidate_id": 1, "entry": entry, "kind": "notice", "begins": "tips.day3", "state": state, "due_at": due_at}
    return _put(connection, touches, **row, created_at=NOW, **more)


def _message(connection: sa.Connection, address: int, at: datetime, **more: Any) -> int:
    row = {"address_id": address, "candidate_id": 1, "kind": "notice", "text": b"", "road": "push", "sent_at": at}
    return _put(connection, outbound, **{**row, "created_at": at, **more})


def test_a_line_each_in_the_order_of_their_moments(written: list[LogLine]) -> None:
    told = [(line.at - NOW, line.entry or line.kind, line.road, line.state) for line in written]
    assert told == [
        (timedelta(), "welcome", "service", "failed"),
        (timedelta(), "welcome", "sms", "delivered"),
        (HOUR, "answer", "service", "sent"),
        (2 * HOUR, "tips", "", "expired"),
        (5 * HOUR, "story", "", "planned"),
    ]


def test_a_line_says_whom_why_and_what_it_cost(written: list[LogLine]) -> None:
    failed, went = written[:2]
    assert (failed.reason, failed.after, went.after) == ("45015", False, True)
    assert (went.candidate, went.timezone, went.why, went.meant_at) == ("C1", "Asia/Tokyo", "hours", NOW - 9 * HOUR)
    assert (went.parts, went.cost) == (2, 700_000)


def test_the_summary_counts_by_entry(written: list[LogLine]) -> None:
    found = summary(written)
    assert list(found) == ["(answer)", "story", "tips", "welcome"]
    assert (found["welcome"].planned, found["welcome"].sent, found["welcome"].cost) == (1, 1, 700_000)
    assert found["welcome"].roads == {"sms": 1}
    assert found["welcome"].ended == {"failed: 45015": 1}
    assert found["tips"].ended == {"expired: too late to be useful": 1}
