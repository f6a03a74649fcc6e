"""What most commands begin with: settings and the store, and who is asking."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from bot import settings
from bot.settings import Settings
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.db.setup import open_store


@contextmanager
def opened() -> Iterator[tuple[Settings, Database, Cipher]]:
    """Closes the store at the end. Raises ConfigError or ContentError where the deployment is wrong."""
    loaded = settings.load()
    database, cipher = open_store(loaded.database_url, loaded.data_key)
    try:
        yield loaded, database, cipher
    finally:
        database.close()


def actor() -> str:
    """Who runs this command, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli:unknown"
