"""The record has changed: whatever hangs on it is looked at with the next tick."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import plans, promises, risk


def wake(connection: Connection, table: sa.Table, ids: Sequence[int], now: datetime) -> None:
    """Promises about these candidates, cohorts or stores, the plans and the risk of the candidates concerned."""
    promises.wake(connection, table, ids, now)
    plans.wake(connection, table, ids, now)
    risk.wake(connection, ids, now, table)
