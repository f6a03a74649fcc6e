"""Many rows in one call are kept as they are, whatever is remembered between them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db import bulk
from bot.store.db.database import Database
from bot.store.tables import events

BERLIN = ZoneInfo("Europe/Berlin")


def test_an_hour_that_comes_twice_is_kept_as_two_moments(database: Database) -> None:
    twice = [datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1)]

    def kept(connection: Connection) -> list[datetime]:
        bulk.insert(connection, events, [{"kind": "x", "at": at, "body": {}} for at in twice])
        return list(connection.execute(sa.select(events.c.at).order_by(events.c.id)).scalars())

    assert database.write(kept) == [at.astimezone(UTC) for at in twice]
