"""How candidates feel about coming, as they said when asked."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import checkins


def keep(connection: Connection, candidate_id: int, score: int, now: datetime) -> None:
    """`score`: 1 to 5."""
    connection.execute(sa.insert(checkins).values(candidate_id=candidate_id, score=score, at=now))
