"""Who is signed in to the inbox: a random token in the browser, its blind index here."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import form_nonces
from bot.store.db.cipher import Cipher
from bot.store.tables import sessions, staff

_LONGEST_DEVICE = 200  # characters
_SEEN_EVERY = timedelta(minutes=1)  # so that looking around writes seldom


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one person."""

    id: int
    staff: str
    device: str | None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def begin(connection: Connection, cipher: Cipher, code: str, device: str, lasts: timedelta, now: datetime) -> str:
    """Gives the token: 256 random bits that only the browser keeps. What has expired is swept away."""
    connection.execute(sa.delete(sessions).where(sessions.c.expires_at <= now))
    form_nonces.sweep(connection, lasts, now)
    token = secrets.token_urlsafe(32)
    row = {"staff": code, "token_index": _index(cipher, token), "device": device[:_LONGEST_DEVICE] or None}
    moments = {"created_at": now, "seen_at": now, "expires_at": now + lasts}
    connection.execute(sa.insert(sessions).values(row | moments))
    return token


def find(connection: Connection, cipher: Cipher, token: str, idle: timedelta, now: datetime) -> Session | None:
    """None where it is over: by its age, by nobody using it for so long, or because its owner ended all of them."""
    good = (
        sessions.c.token_index == _index(cipher, token),
        sessions.c.expires_at > now,
        sessions.c.seen_at > now - idle,
        staff.c.signed_out_at.is_(None) | (staff.c.signed_out_at <= sessions.c.created_at),
    )
    wanted = sa.select(*_COLUMNS).join(staff, staff.c.code == sessions.c.staff).where(*good)
    row = connection.execute(wanted).first()
    return Session(*row) if row else None


def used(connection: Connection, session: Session, now: datetime) -> None:
    connection.execute(sa.update(sessions).where(sessions.c.id == session.id).values(seen_at=now))


def is_stale(session: Session, now: datetime) -> bool:
    """Whether it is time to note that it is used."""
    return now - session.seen_at >= _SEEN_EVERY


def of(connection: Connection, code: str, idle: timedelta, now: datetime) -> list[Session]:
    """A person's sessions that are good, the newest first."""
    theirs = sessions.c.staff == code, sessions.c.expires_at > now, sessions.c.seen_at > now - idle
    rows = connection.execute(sa.select(*_COLUMNS).where(*theirs).order_by(sessions.c.id.desc()))
    return [Session(*row) for row in rows]


def end(connection: Connection, session_id: int, code: str) -> None:
    """One of this person's."""
    connection.execute(sa.delete(sessions).where(sessions.c.id == session_id, sessions.c.staff == code))


def end_all(connection: Connection, code: str, now: datetime) -> int:
    """Signs a person out everywhere; gives of how many browsers."""
    connection.execute(sa.update(staff).where(staff.c.code == code).values(signed_out_at=now, updated_at=now))
    return connection.execute(sa.delete(sessions).where(sessions.c.staff == code)).rowcount


_COLUMNS = tuple(sessions.c[name] for name in Session.__dataclass_fields__)


def _index(cipher: Cipher, token: str) -> bytes:
    return cipher.index(token, "sessions.token")
