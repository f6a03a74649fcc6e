"""Decides rows outside the transaction, looks again and writes inside it."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.imports.file_type import Decision, Kind, RowChange, SheetRow
from bot.store.db.database import Database

_TRIES = 3

Also = Callable[[Connection, Sequence[Decision]], None]


def settle(database: Database, kind: Kind, rows: Sequence[SheetRow], also: Also | None = None) -> list[Decision]:
    """What became of the rows; `also` is done in the same transaction. A key that someone else took meanwhile means:
    look again."""
    for _ in range(_TRIES):
        found = database.read(lambda connection: kind.look_around(connection, rows))
        decisions = kind.decide(rows, found)

        def apply(connection: Connection) -> list[Decision]:
            now = kind.look_around(connection, rows, found)  # noqa: B023 (done with before the next try)
            decided = kind.decide(rows, now) if now != found else decisions  # noqa: B023
            kind.apply(connection, [change for change in decided if isinstance(change, RowChange)])
            if also:
                also(connection, decided)
            return decided

        try:
            return database.write(apply)
        except sa.exc.IntegrityError as error:
            clash = error
    raise clash
