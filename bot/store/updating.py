"""Updates of some rows of a table, built once for the columns that they change: building costs more than running."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.prepared import Prepared


def update(connection: Connection, table: sa.Table, ids: Sequence[int], values: Mapping[str, Any]) -> None:
    """The rows with these ids. A value may be an expression of SQL, if it is the same object every time."""
    if not ids:
        return
    told = {name: value for name, value in values.items() if isinstance(value, sa.ColumnElement)}
    given = {f"new_{name}": value for name, value in values.items() if name not in told}
    _statement(table, tuple(values), tuple(told.items())).changed(connection, {"ids": list(ids), **given})


@lru_cache(256)
def _statement(
    table: sa.Table, columns: tuple[str, ...], told: tuple[tuple[str, sa.ColumnElement[Any]], ...]
) -> Prepared:
    known = dict(told)
    new = {name: known.get(name, sa.bindparam(f"new_{name}", type_=table.c[name].type)) for name in columns}
    return Prepared(sa.update(table).where(table.c.id.in_(sa.bindparam("ids"))).values(new))
