"""What a job works with: the store and the outbox of this deployment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from bot import settings
from bot.conversation import Runtime
from bot.outbox import Outbox, open_outbox
from bot.platform import clock, embedded_redis
from bot.runtime import build
from bot.settings import Settings
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.db.setup import open_store

_MOST_BATCHES = 50  # in one job; the next tick goes on
Take = Callable[[Connection, Runtime, datetime], tuple[int, list[int]]]


@dataclass(frozen=True)
class JobContext:
    """Opened once a process."""

    settings: Settings
    database: Database
    cipher: Cipher
    outbox: Outbox
    house: Runtime
    clock: Callable[[], datetime] = clock.now

    def take_once(self, take: Take) -> int:
        """One batch."""
        return self.database.write(lambda connection: take(connection, self.house, self.clock()))[0]

    def take_all(self, take: Take) -> int:
        """Takes batch after batch of what is due, a transaction each, and sends what came of it; gives how many."""
        count = 0
        for _ in range(_MOST_BATCHES):
            taken, to_send = self.database.write(lambda connection: take(connection, self.house, self.clock()))
            if to_send:
                self.outbox.deliver(to_send)
            count += taken
            if not taken:
                break
        return count


def open_desk() -> JobContext:
    """Raises ConfigError or ContentError where the deployment is wrong."""
    loaded = settings.load()
    database, cipher = open_store(loaded.database_url, loaded.data_key)
    connection = embedded_redis.connect(loaded.redis_url, loaded.var)
    outbox = open_outbox(loaded, database, cipher, connection, clock.now)
    return JobContext(loaded, database, cipher, outbox, build(loaded, cipher))
