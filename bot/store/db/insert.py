"""Inserts that mind nothing if the row is there already, on both databases; built once, since building costs more than
running."""

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from bot.store.db.prepared import Prepared


def insert_unless_there(connection: Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Leaves the row that has the same key as it is; gives whether there was none."""
    return _statement(connection.dialect.name, table, tuple(row)).changed(connection, row) == 1


@lru_cache(256)
def _statement(dialect: str, table: sa.Table, columns: tuple[str, ...]) -> Prepared:
    """Of these columns: one that is not named has its default."""
    insert = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return Prepared(insert.on_conflict_do_nothing())
