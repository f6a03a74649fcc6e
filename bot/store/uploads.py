"""Spreadsheets that HR brought by the browser, sealed, for a day: looked at first, then imported."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.cipher import Cipher
from bot.store.tables import uploads

KEPT_FOR = timedelta(hours=24)
BEAT = timedelta(seconds=10)  # so often whoever works on one says so
_SILENT = timedelta(minutes=1)  # whoever worked on it is no more
_BUSY = ("checking", "importing")


@dataclass(frozen=True, slots=True)
class Upload:
    """`state`: checking, checked, importing, imported; refused; interrupted while it was checked, or stopped while it
    was imported. `report`: counts and what is wrong, in words of the import. `errors`: whether there are bad rows."""

    id: int
    staff: str
    what: str
    name: str
    state: str
    report: Mapping[str, Any]
    errors: bool
    created_at: datetime


def keep(
    connection: Connection, cipher: Cipher, staff: str, what: str, name: str, body: bytes, map_: str, now: datetime
) -> int:
    """What is older than a day goes."""
    connection.execute(sa.delete(uploads).where(uploads.c.created_at < now - KEPT_FOR))
    sealed = {
        "body": cipher.seal_bytes(body, "uploads.body"),
        "map": cipher.seal(map_, "uploads.map") if map_ else None,
    }
    row = {"staff": staff, "what": what, "name": name, "state": "checking", "created_at": now, "changed_at": now}
    return int(connection.execute(sa.insert(uploads).values(row | sealed).returning(uploads.c.id)).scalar_one())


def find(connection: Connection, cipher: Cipher, number: int, staff: str, now: datetime) -> Upload | None:
    """Only who brought it sees it."""
    this = uploads.c.id == number, uploads.c.staff == staff, uploads.c.created_at >= now - KEPT_FOR
    row = connection.execute(sa.select(uploads).where(*this)).first()
    if row is None:
        return None
    report = json.loads(cipher.open(row.report, "uploads.report")) if row.report else {}
    state = row.state
    if state in _BUSY and row.changed_at < now - _SILENT:
        state = "interrupted" if state == "checking" else "stopped"
    return Upload(row.id, row.staff, row.what, row.name, state, report, row.errors is not None, row.created_at)


def content(connection: Connection, cipher: Cipher, number: int) -> tuple[bytes, str]:
    """The file, and the map of its headers."""
    row = connection.execute(sa.select(uploads.c.body, uploads.c.map).where(uploads.c.id == number)).one()
    return cipher.open_bytes(row.body, "uploads.body"), cipher.open(row.map, "uploads.map") if row.map else ""


def bad_rows(connection: Connection, cipher: Cipher, number: int) -> bytes:
    sealed = connection.execute(sa.select(uploads.c.errors).where(uploads.c.id == number)).scalar()
    return cipher.open_bytes(sealed, "uploads.errors") if sealed else b""


def begin(connection: Connection, number: int, now: datetime) -> bool:
    """Only one of two who press the button begins."""
    silent = sa.and_(uploads.c.state == "importing", uploads.c.changed_at < now - _SILENT)
    this = uploads.c.id == number, sa.or_(uploads.c.state.in_(("checked", "stopped")), silent)
    return connection.execute(sa.update(uploads).where(*this).values(state="importing", changed_at=now)).rowcount == 1


def beat(connection: Connection, number: int, now: datetime) -> None:
    """Somebody works on it still."""
    this = uploads.c.id == number, uploads.c.state.in_(_BUSY)
    connection.execute(sa.update(uploads).where(*this).values(changed_at=now))


def end(
    connection: Connection,
    cipher: Cipher,
    number: int,
    state: str,
    report: Mapping[str, Any],
    errors: bytes,
    now: datetime,
) -> None:
    sealed = {
        "report": cipher.seal(json.dumps(dict(report), ensure_ascii=False), "uploads.report"),
        "errors": cipher.seal_bytes(errors, "uploads.errors") if errors else None,
    }
    connection.execute(
        sa.update(uploads).where(uploads.c.id == number).values(sealed | {"state": state, "changed_at": now})
    )
