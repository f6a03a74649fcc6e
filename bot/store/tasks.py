"""What a candidate has to get done before day one, and whether it is done."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import risk
from bot.store.db.insert import insert_unless_there
from bot.store.tables import tasks


def done(connection: Connection, candidate_id: int, code: str, by: str, now: datetime) -> None:
    """Also where nobody has set the task yet; what is done stays as it was done first."""
    insert_unless_there(connection, tasks, {"candidate_id": candidate_id, "code": code})
    this = tasks.c.candidate_id == candidate_id, tasks.c.code == code, tasks.c.done_at.is_(None)
    connection.execute(sa.update(tasks).where(*this).values(done_at=now, done_by=by))
    risk.wake(connection, [candidate_id], now)


def reopen(connection: Connection, candidate_id: int, code: str) -> None:
    """It is to be done after all."""
    this = tasks.c.candidate_id == candidate_id, tasks.c.code == code
    connection.execute(sa.update(tasks).where(*this).values(done_at=None, done_by=None))
