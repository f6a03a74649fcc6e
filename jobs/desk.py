"""What a job works with: the store and the outbox of this deployment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot import clock, embedded_redis, settings
from bot.channels.senders import senders
from bot.conversation import House
from bot.conversation.house import build
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
    house: House
    clock: Callable[[], datetime] = clock.now


def open_desk() -> Desk:
    """Raises ConfigError or ContentError where the deployment is wrong."""
    loaded = settings.load()
    database, cipher = open_store(loaded.database_url, loaded.data_key)
    connection = embedded_redis.connect(loaded.redis_url, loaded.var)
    outbox = Outbox(database, cipher, senders(loaded, connection), clock.now)
    return Desk(loaded, database, cipher, outbox, build(loaded, cipher))
