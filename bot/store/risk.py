"""When whose risk is to be reckoned anew, and what it was."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import candidates, cohorts, stores

_OF = {cohorts: candidates.c.cohort_id, stores: candidates.c.store_id, candidates: candidates.c.id}


def wake(connection: Connection, ids: Sequence[int], now: datetime, table: sa.Table = candidates) -> None:
    """Something happened to these candidates (or to the cohorts or stores of some): reckoned with the next tick."""
    if ids and table in _OF:
        connection.execute(sa.update(candidates).where(_OF[table].in_(ids)).values(risk_due_at=now))
