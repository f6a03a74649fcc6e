"""Forms of HR that were sent: each acts once, however often it comes."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import KeepwarmError
from bot.store.db.insert import insert_unless_there
from bot.store.tables import forms


class Repeated(KeepwarmError):
    """The form was sent before. `same`: with the same in it."""

    def __init__(self, same: bool) -> None:
        super().__init__("repeated")
        self.same = same


def use(connection: Connection, nonce: str, said: bytes, now: datetime) -> None:
    """Uses the form up, in the transaction that does what it says: of several at once one wins. Raises Repeated."""
    if not insert_unless_there(connection, forms, {"nonce": nonce, "said": said, "at": now}):
        require_unused(connection, nonce, said)


def require_unused(connection: Connection, nonce: str, said: bytes) -> None:
    """Raises Repeated."""
    before = connection.execute(sa.select(forms.c.said).where(forms.c.nonce == nonce)).scalar()
    if before is not None:
        raise Repeated(same=before == said)


def sweep(connection: Connection, lasts: timedelta, now: datetime) -> None:
    """Forgets those whose session is over."""
    connection.execute(sa.delete(forms).where(forms.c.at <= now - lasts))
