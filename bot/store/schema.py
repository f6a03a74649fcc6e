"""Brings a database to this version, and says whether it is there."""

from pathlib import Path

import sqlalchemy as sa

from bot.errors import ConfigError
from bot.store.database import Database

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database, to: str = "head") -> str:
    """Runs the migrations that are missing, up to revision `to`; gives the revision reached."""
    from alembic import command  # a quarter of a second that no other command needs
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    return current(database)


def newest() -> str:
    """The last migration's revision: files are named by it, in order."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(database: Database) -> str:
    """The revision that the database is at; empty where it has no schema yet."""
    with database.engine.begin() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return ""
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or ""


def require_newest(database: Database) -> None:
    """Raises ConfigError unless the database has this version's schema."""
    found, wanted = current(database), newest()
    if found != wanted:
        raise ConfigError(
            f"the database is at schema {found or 'none'}, this version needs {wanted}: run keepwarm migrate"
        )
