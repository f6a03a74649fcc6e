"""Statements that every message runs: written in Core like the others, compiled once.

SQLAlchemy spends more on running such a small statement than SQLite does. So on SQLite its SQL goes straight to the
driver, with the same conversions of values; measured, a message costs a third less. PostgreSQL takes the usual way.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

Convert = Callable[[Any], Any]
_COUNTED = {"preserve_rowcount": True}  # of an INSERT too
_NOTHING = "SELECT 1 WHERE 0"  # what no row is in


class Prepared:
    """A statement whose parameters are all named, and the same every time. One behind IN takes a list."""

    def __init__(self, statement: sa.Select[*tuple[Any, ...]] | sa.sql.dml.UpdateBase) -> None:
        self._statement = statement
        self._sqlite: _OnSqlite | None = None

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """What it gives, if anything; columns are read by name."""
        if connection.dialect.name != "sqlite":
            result = connection.execute(self._statement, values)
            return list(result) if result.returns_rows else []
        self._sqlite = self._sqlite or _OnSqlite(self._statement, connection.dialect, values)
        return self._sqlite.rows(connection, values)

    def changed(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it has changed."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._statement, values, execution_options=_COUNTED).rowcount
        self._sqlite = self._sqlite or _OnSqlite(self._statement, connection.dialect, values)
        return int(self._sqlite.run(connection, values).rowcount)

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The first row, or None."""
        return next(iter(self.rows(connection, values)), None)


def word(text: str) -> sa.ColumnClause[str]:
    """A word of ours, written into the statement: partial indexes serve only what is written there."""
    assert text.isidentifier()
    return sa.literal_column(f"'{text}'", sa.Text)


class _OnSqlite:
    """The SQL, and how values are converted on the way in and out; some it has of its own, like SQLite's OFFSET 0."""

    def __init__(self, statement: Any, dialect: sa.Dialect, values: Mapping[str, Any]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(values))
        columns = list(statement.exported_columns)
        self._sql = str(compiled)
        self._own = {name: compiled.binds[name].value for name in compiled.positiontup if name not in values}
        self._bind = [(name, _binding(compiled.binds[name].type, dialect)) for name in compiled.positiontup]
        self._read = [(place, read) for place, read in enumerate(_reading(c.type, dialect) for c in columns) if read]
        row: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]
        self._row: Convert = row._make
        self._lists = [name for name in compiled.positiontup if compiled.binds[name].expanding]

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        return [self._row(self._converted(row)) for row in self.run(connection, values)]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The driver's cursor."""
        known = {**values, **self._own} if self._own else values
        sql = self._sql
        bound: list[Any] = []
        for name in self._lists:
            sql = sql.replace(f"__[POSTCOMPILE_{name}]", ",".join("?" * len(known[name])) or _NOTHING, 1)
        if self._lists:
            for name, convert in self._bind:
                given = known[name] if name in self._lists else (known[name],)
                bound += map(convert, given) if convert else given
        else:
            bound = [convert(known[name]) if convert else known[name] for name, convert in self._bind]
        driver: Any = connection.connection.driver_connection
        return driver.execute(sql, bound)

    def _converted(self, row: tuple[Any, ...]) -> list[Any]:
        converted = list(row)
        for place, convert in self._read:
            converted[place] = convert(converted[place])
        return converted


def _binding(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _reading(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Convert | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)
