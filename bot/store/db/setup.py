"""Opens the store: the right schema, the right data key, or a refusal that says which."""

import base64
import os

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ConfigError
from bot.store.db import schema
from bot.store.db.cipher import Cipher, Keys
from bot.store.db.database import Database
from bot.store.tables import meta

_CANARY = "keepwarm"


def open_store(url: str, data_key: str, migrate: bool = False) -> tuple[Database, Cipher]:
    """Raises ConfigError on an old schema (unless `migrate`) or a wrong data key."""
    cipher = Cipher(Keys.parse(data_key))
    database = Database(url)
    try:
        if migrate:
            schema.migrate(database)
        schema.require_newest(database)
        return database, cipher.with_index_key(database.write(lambda connection: _index_key(connection, cipher)))
    except BaseException:
        database.close()
        raise


def _index_key(connection: Connection, cipher: Cipher) -> bytes:
    """The key of the blind indexes lives in the database, sealed, so that it outlives a change of data key."""
    found = {row.key: row.value for row in connection.execute(sa.select(meta))}
    if not found:
        key = base64.b64encode(os.urandom(32)).decode()
        rows = [
            {"key": "canary", "value": cipher.seal(_CANARY, "meta.canary")},
            {"key": "index_key", "value": cipher.seal(key, "meta.index_key")},
        ]
        connection.execute(sa.insert(meta), rows)
        return base64.b64decode(key)
    try:
        canary = cipher.open(found["canary"], "meta.canary")
    except (ConfigError, KeyError):
        canary = ""
    if canary != _CANARY:
        raise ConfigError(
            "KEEPWARM_DATA_KEY is not the key that this database was written with: "
            "set the key it had before; without it the personal data in it cannot be read"
        )
    return base64.b64decode(cipher.open(found["index_key"], "meta.index_key"))
