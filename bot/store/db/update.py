"""Updates of some rows of a table, built once for the columns that they change: building costs more than running."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.prepared import Prepared

_NEW = "new_"


def update(connection: Connection, table: sa.Table, ids: Sequence[int], values: Mapping[str, Any]) -> None:
    """The rows with these ids. A value may be an expression of SQL, if it is the same object every time."""
    if not ids:
        return
    told = {name: value for name, value in values.items() if isinstance(value, sa.ColumnElement)}
    given = new_values({name: value for name, value in values.items() if name not in told})
    _statement(table, tuple(given), tuple(told.items())).changed(connection, {"ids": list(ids), **given})


def new_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """By the names that they have in a statement: those of the columns themselves are SQLAlchemy's."""
    return {f"{_NEW}{name}": value for name, value in values.items()}


def new_columns(table: sa.Table, names: Iterable[str]) -> dict[str, sa.BindParameter[Any]]:
    """What a statement sets by these values, from their names in it."""
    columns = [name.removeprefix(_NEW) for name in names]
    return {name: sa.bindparam(f"{_NEW}{name}", type_=table.c[name].type) for name in columns}


@lru_cache(256)
def _statement(
    table: sa.Table, given: tuple[str, ...], told: tuple[tuple[str, sa.ColumnElement[Any]], ...]
) -> Prepared:
    these = sa.update(table).where(table.c.id.in_(sa.bindparam("ids")))
    return Prepared(these.values({**new_columns(table, given), **dict(told)}))
