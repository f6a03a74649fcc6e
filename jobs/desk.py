"""What a job works with: the store and the outbox of this deployment."""

from dataclasses import dataclass

from bot import clock, embedded_redis, settings
from bot.channels.senders import senders
from bot.outbox import Outbox
from bot.settings import Settings
from bot.store.cipher import Cipher
from bot.store.database import Database
from bot.store.opening import open_store


@dataclass(frozen=True)
class Desk:
    """Opened once a process."""

    settings: Settings
    database: Database
    cipher: Cipher
    outbox: Outbox


def open_desk() -> Desk:
    """Raises ConfigError or ContentError where the deployment is wrong."""
    loaded = settings.load()
    database, cipher = open_store(loaded.database_url, loaded.data_key)
    connection = embedded_redis.connect(loaded.redis_url, loaded.var)
    return Desk(loaded, database, cipher, Outbox(database, cipher, senders(loaded, connection), clock.now))
