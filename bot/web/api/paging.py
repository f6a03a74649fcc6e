"""Lists page by page, by key: a page costs the same however far it lies behind."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def page(
    connection: Connection, wanted: sa.Select[Any], key: sa.Column[Any], after: Any, limit: int
) -> tuple[Sequence[Any], Any]:
    """The rows after this key, and the key to go on with (None: these were the last)."""
    further = wanted.where(key > after) if after else wanted
    rows = connection.execute(further.order_by(key).limit(limit + 1)).all()
    more = len(rows) > limit
    return rows[:limit], getattr(rows[limit - 1], key.name) if more else None
