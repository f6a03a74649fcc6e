"""Inserts many rows of one table through the driver itself, at twice the speed of SQLAlchemy's own executemany.

SQLAlchemy still writes the statement and says how each type is bound, once for all rows.
"""

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

from bot.store.tables import Moment

_Bind = Callable[[Any], Any]


def insert(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every row has the same columns."""
    if not rows:
        return
    columns = tuple(rows[0])
    statement, positional = _statement(table, columns, connection.dialect)
    binds = _binds(table, columns, connection.dialect)
    bound: list[Any] = [{**row, **{column: bind(row[column]) for column, bind in binds}} for row in rows]
    if positional:
        bound = list(map(operator.itemgetter(*positional), bound))
    connection.exec_driver_sql(statement, bound)


@functools.lru_cache(32)
def _statement(table: sa.Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[str, Sequence[str] | None]:
    compiled = sa.insert(table).compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), compiled.positiontup


def _binds(table: sa.Table, columns: tuple[str, ...], dialect: Dialect) -> list[tuple[str, _Bind]]:
    """How the values of some columns are changed for the driver; equal moments, of which there are many, once."""
    found: list[tuple[str, _Bind]] = []
    for column in columns:
        kind = table.c[column].type
        bind = kind.dialect_impl(dialect).bind_processor(dialect)
        if bind and not isinstance(kind, sa.LargeBinary):  # every driver takes bytes as they are
            found.append((column, _remembered(bind) if isinstance(kind, Moment) else bind))
    return found


def _remembered(bind: _Bind) -> _Bind:
    """Only what is in UTC: elsewhere Python holds both hours of a clock that is put back for equal."""
    known = functools.lru_cache(256)(bind)
    return lambda moment: known(moment) if moment is None or moment.tzinfo is UTC else bind(moment)
