"""What staff taught: this sentence means that. In force at once, beside what messages/ say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared
from bot.store.tables import taught

_MEANING = Prepared(sa.select(taught.c.intent).where(taught.c.ask_index == sa.bindparam("index")))


@dataclass(frozen=True, slots=True)
class Taught:
    """One sentence, opened: as it was understood to be written, which may be personal data."""

    id: int
    locale: str
    intent: str
    ask: str
    staff: str
    at: datetime


def teach(
    connection: Connection, cipher: Cipher, key: str, ask: str, locale: str, intent: str, staff: str, now: datetime
) -> None:
    """`key`: the form in which understanding compares sentences; the newest teaching of a sentence counts."""
    index = cipher.index(key, "taught")
    row = {"ask": cipher.seal(ask, "taught.ask"), "locale": locale, "intent": intent, "staff": staff, "at": now}
    changed = connection.execute(sa.update(taught).where(taught.c.ask_index == index).values(row)).rowcount
    if not changed:
        connection.execute(sa.insert(taught).values(row | {"ask_index": index}))


def meaning_of(connection: Connection, cipher: Cipher, key: str) -> str | None:
    """What a sentence of exactly this form was taught to mean."""
    row: Any = _MEANING.first(connection, {"index": cipher.index(key, "taught")})
    return row.intent if row else None


def forget(connection: Connection, taught_id: int, seen: sa.ColumnElement[bool]) -> bool:
    """Whether there was such a one, of which `seen` is so."""
    return connection.execute(sa.delete(taught).where(taught.c.id == taught_id, seen)).rowcount == 1


def export(connection: Connection, cipher: Cipher, seen: sa.ColumnElement[bool]) -> Sequence[Taught]:
    """Those of which `seen` is so, by language and meaning."""
    wanted = sa.select(taught).where(seen).order_by(taught.c.locale, taught.c.intent, taught.c.id)
    return [
        Taught(row.id, row.locale, row.intent, cipher.open(row.ask, "taught.ask"), row.staff, row.at)
        for row in connection.execute(wanted)
    ]
