"""HR's own people: who they are, how they sign in, and how they like things."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.cipher import Cipher
from bot.store.tables import staff

_FEW = 100  # of HR, whom a page can name one by one


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One of HR. `password`: its hash; empty: cannot sign in. `alerts`: the roads they want, the first one first."""

    code: str
    name: str
    role: str
    locale: str | None
    password: str | None
    deputy: str | None
    away_until: datetime | None
    alerts: Sequence[str]


def find(connection: Connection, cipher: Cipher, code: str) -> StaffMember | None:
    row = connection.execute(_WANTED.where(staff.c.code == code)).first()
    return _staff(row, cipher) if row else None


def by_sign_in(connection: Connection, cipher: Cipher, name: str) -> StaffMember | None:
    """Who signs in with this name: their code, or their e-mail address if only one of them has it."""
    exact = find(connection, cipher, name)
    if exact or "@" not in name:
        return exact
    code = whose(connection, cipher, "email", name)
    return find(connection, cipher, code) if code else None


def whose(connection: Connection, cipher: Cipher, column: str, address: str) -> str | None:
    """The code of the one member of staff with this address in this column; none where several share it."""
    wanted, sealed = address.casefold(), staff.c[column]
    rows = connection.execute(sa.select(staff.c.code, sealed.label("sealed")).where(sealed.is_not(None)))
    found = [row.code for row in rows if cipher.open(row.sealed, f"staff.{column}").casefold() == wanted]
    return found[0] if len(found) == 1 else None


def everybody(connection: Connection, cipher: Cipher) -> list[StaffMember]:
    return [_staff(row, cipher) for row in connection.execute(_WANTED.order_by(staff.c.code))]


def near(connection: Connection, cipher: Cipher, code: str) -> list[StaffMember]:
    """Who could take over from somebody: in a small company everybody; in a large one those under the same manager, the
    manager, who is below, and admins."""
    few = connection.execute(sa.select(sa.func.count()).select_from(staff)).scalar_one() <= _FEW
    above = sa.select(staff.c.manager).where(staff.c.code == code).scalar_subquery()
    close = sa.or_(staff.c.manager == above, staff.c.code == above, staff.c.manager == code, staff.c.role == "admin")
    wanted = _WANTED.where(sa.true() if few else sa.or_(close, staff.c.code == code)).order_by(staff.c.code)
    return [_staff(row, cipher) for row in connection.execute(wanted)]


def names(connection: Connection, cipher: Cipher) -> dict[str, str]:
    """How each of them is called, by code."""
    rows = connection.execute(sa.select(staff.c.code, staff.c.name).order_by(staff.c.code))
    return {row.code: _opened(cipher, bytes(row.name)) for row in rows}


@lru_cache(maxsize=4096)
def _opened(cipher: Cipher, name: bytes) -> str:
    """Of one's colleagues there are few, and every page names them."""
    return cipher.open(name, "staff.name")


def change(connection: Connection, code: str, now: datetime, **columns: Any) -> bool:
    """Whether there is somebody with this code."""
    this = sa.update(staff).where(staff.c.code == code).values(updated_at=now, **columns)
    return connection.execute(this).rowcount == 1


def set_password(connection: Connection, code: str, was: str | None, password: str, now: datetime) -> bool:
    """Whether it still was the one that `was` says: of several who come by one link the first."""
    this = staff.c.code == code, staff.c.password.is_not_distinct_from(was)
    changed = sa.update(staff).where(*this).values(password=password, updated_at=now)
    return connection.execute(changed).rowcount == 1


_WANTED = sa.select(
    staff.c.code,
    staff.c.name,
    staff.c.role,
    staff.c.locale,
    staff.c.password,
    staff.c.deputy,
    staff.c.away_until,
    staff.c.alerts,
)


def _staff(row: Any, cipher: Cipher) -> StaffMember:
    name = _opened(cipher, bytes(row.name))
    return StaffMember(
        row.code, name, row.role, row.locale, row.password, row.deputy, row.away_until, tuple(row.alerts or ())
    )
