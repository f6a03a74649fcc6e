"""Brings a database to this version, and says whether it is there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.errors import ConfigError
from bot.store.database import Database


def migrate(database: Database) -> str:
    """Runs the migrations that are missing; gives the revision reached."""
    config = _config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return newest()


def newest() -> str:
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(database: Database) -> str:
    with database.engine.begin() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def require_newest(database: Database) -> None:
    """Raises ConfigError unless the database has this version's schema."""
    found, wanted = current(database), newest()
    if found != wanted:
        raise ConfigError(
            f"the database is at schema {found or 'none'}, this version needs {wanted}: run keepwarm migrate"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
