"""Brings a database to this version, and says whether it has all that this version needs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ConfigError
from bot.store.db.database import Database
from bot.store.tables import metadata

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
# The columns of every table and of every index, in their order.
_SHAPE = {
    "sqlite": """
        SELECT one.name, its.name FROM sqlite_master AS one, pragma_table_info(one.name) AS its WHERE one.type = 'table'
        UNION ALL
        SELECT one.name, its.name FROM sqlite_master AS one, pragma_index_info(one.name) AS its WHERE one.type = 'index'
    """,
    "postgresql": """
        SELECT one.relname, its.attname FROM pg_class AS one JOIN pg_attribute AS its ON its.attrelid = one.oid
        WHERE one.relnamespace = current_schema()::regnamespace AND one.relkind IN ('r', 'p', 'i', 'I')
        AND its.attnum > 0 AND NOT its.attisdropped ORDER BY one.relname, its.attnum
    """,
}


def migrate(database: Database, to: str = "head") -> str:
    """Runs the migrations that are missing, up to revision `to`; gives the revision reached."""
    from alembic import command  # a quarter of a second that no other command needs
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return database.read(current)


@cache
def newest() -> str:
    """The last migration's revision: files are named by it, in order."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(connection: Connection) -> str:
    """The revision that the database is at; empty where it has no schema yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""


def problem(connection: Connection) -> str:
    """Why this version cannot work with the database, and what to do; empty where it can. A newer schema is none, as
    long as all that we need is there: the next version's `keepwarm migrate` runs while ours still serves."""
    found = current(connection)
    if found < newest():
        return f"the database is at schema {found or 'none'}, this version needs {newest()}: run keepwarm migrate"
    lacks = next(_lacking(connection), "")
    return (
        f"the database says that it is at schema {found}, and has {lacks}: it was changed by hand or restored in part; "
        "restore it whole, or ask whoever changed it"
        if lacks
        else ""
    )


def require_newest(database: Database) -> None:
    """Raises ConfigError unless the database has all that this version needs."""
    if why := database.read(problem):
        raise ConfigError(why)


def _lacking(connection: Connection) -> Iterator[str]:
    """In words, each table, column and index that we need and the database has not."""
    shape = _shape(connection)
    for table in metadata.sorted_tables:
        if table.name not in shape:
            yield f"no table {table.name}"
            continue
        yield from (f"no column {column}" for column in table.columns if column.name not in shape[table.name])
        for index in table.indexes:
            columns = [column.name for column in index.columns]
            if shape.get(str(index.name)) != columns:
                yield f"no index {index.name} on {table.name} ({', '.join(columns)})"


def _shape(connection: Connection) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, column in connection.exec_driver_sql(_SHAPE[connection.dialect.name]):
        found[name].append(column)
    return found
