"""Who may use the API: tokens that are shown once and kept as a blind index."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ConfigError
from bot.store.db.cipher import Cipher
from bot.store.tables import api_tokens
from bot.store.visibility import Visibility, read_scope

RIGHTS = ("read", "write")
ROLE = "api"
_PREFIX = "kw_"  # so that whoever finds one knows what it opens
_INDEX = "api_tokens.token"
_NOTED_EVERY = timedelta(minutes=1)  # that a token was used


@dataclass(frozen=True)
class Holder:
    """A token that is good."""

    id: int
    name: str
    rights: frozenset[str]
    scope: frozenset[str]
    used_at: datetime | None

    @property
    def actor(self) -> str:
        return f"api:{self.name}"

    @cached_property
    def sight(self) -> Visibility:
        """Whom it may see: without a scope everybody."""
        return Visibility(self.actor, ROLE, everybody=not self.scope, scope=self.scope)


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token as `keepwarm token list` shows it."""

    name: str
    rights: tuple[str, ...]
    scope: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


def create(
    connection: Connection, cipher: Cipher, name: str, rights: Collection[str], scope: str, now: datetime
) -> str:
    """Gives the token: nobody can look it up again. Raises ConfigError where the name is taken or a right unknown."""
    wrong = sorted(set(rights) - set(RIGHTS))
    if wrong or not rights:
        raise ConfigError(f"rights: {', '.join(wrong) or 'none'}: use {' or '.join(RIGHTS)}, or both: read,write")
    if not name.isprintable() or not 1 <= len(name) <= 64:
        raise ConfigError("the name of a token is one line of at most 64 characters")
    if connection.execute(sa.select(api_tokens.c.id).where(api_tokens.c.name == name)).first():
        raise ConfigError(f"a token {name} exists, or existed: give another name, so that the audit log stays clear")
    token = _PREFIX + secrets.token_urlsafe(32)
    row = {"name": name, "token_index": cipher.index(token, _INDEX), "rights": sorted(set(rights)), "scope": scope}
    connection.execute(sa.insert(api_tokens).values(row | {"created_at": now}))
    return token


def listed(connection: Connection) -> list[TokenLine]:
    rows = connection.execute(sa.select(api_tokens).order_by(api_tokens.c.name))
    return [
        TokenLine(row.name, tuple(row.rights), row.scope or "", row.created_at, row.used_at, row.revoked_at)
        for row in rows
    ]


def revoke(connection: Connection, name: str, now: datetime) -> None:
    """From now on it opens nothing. Raises ConfigError where no good token has this name."""
    this = api_tokens.c.name == name, api_tokens.c.revoked_at.is_(None)
    if not connection.execute(sa.update(api_tokens).where(*this).values(revoked_at=now)).rowcount:
        raise ConfigError(f"no token {name} is good any more, or ever was")


def find(connection: Connection, cipher: Cipher, token: str) -> Holder | None:
    """None for what is no token, or none any more."""
    this = api_tokens.c.token_index == cipher.index(token, _INDEX), api_tokens.c.revoked_at.is_(None)
    row = connection.execute(sa.select(api_tokens).where(*this)).first()
    return Holder(row.id, row.name, frozenset(row.rights), read_scope(row.scope), row.used_at) if row else None


def note_use(connection: Connection, holder: Holder, now: datetime) -> None:
    connection.execute(sa.update(api_tokens).where(api_tokens.c.id == holder.id).values(used_at=now))


def use_is_old(holder: Holder, now: datetime) -> bool:
    """Whether it is worth noting that it is used: once a minute."""
    return holder.used_at is None or now - holder.used_at > _NOTED_EVERY
