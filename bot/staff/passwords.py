"""Passwords of HR: kept as Argon2 has them, set by whoever has a signed link that works once."""

import hashlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import argon2
import itsdangerous

from bot.errors import ConfigError, KeepwarmError, Rejected
from bot.settings import Settings

T = TypeVar("T")
SHORTEST, LONGEST = 10, 200  # characters
DIFFERENT = 5  # of them
GOOD_FOR = timedelta(hours=24)
_SALT = "set password"
_HASHER = argon2.PasswordHasher()  # RFC 9106, for machines with little memory: 64 MiB
_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$c29tZWJvZHllbHNlcyEh$MgH2rPqYkUeJ4n4vOa7q2mZzX8jV6t3wR1bC5dE7fGg"


class Busy(KeepwarmError):
    """More passwords are being looked at than there is room for."""


class Lane:
    """Looks at passwords one after the other, in a thread of its own: it is costly by intent, and nothing else waits
    for it. Takes `most` at a time, so that nobody waits long and memory has an end."""

    def __init__(self, most: int) -> None:
        self._room = threading.BoundedSemaphore(most)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="passwords")

    def submit(self, work: Callable[..., T], *values: Any) -> "Future[T]":
        """Raises Busy where there is no room."""
        if not self._room.acquire(blocking=False):
            raise Busy("no room")
        future = self._thread.submit(work, *values)
        future.add_done_callback(lambda _: self._room.release())
        return future


STRANGERS, KNOWN = Lane(16), Lane(16)  # whoever comes from a browser that was in before does not wait behind strangers


def hashed(password: str) -> str:
    return _HASHER.hash(password)


def fits(password: str, kept: str | None) -> bool:
    """Takes as long for somebody who has none, or whom nobody knows."""
    try:
        return _HASHER.verify(kept or _NOBODYS, password) and kept is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def is_old(kept: str) -> bool:
    """Whether it was hashed with less care than is usual now."""
    return _HASHER.check_needs_rehash(kept)


def link(settings: Settings, code: str, kept: str | None) -> str:
    """Where this person sets their password, within a day: no longer once it is another than now."""
    return f"{settings.public_url}/hr/password/{_signer(settings).dumps([code, _mark(kept)])}"


def read_link(settings: Settings, token: str) -> tuple[str, str]:
    """Whose it is, and the mark of the password that they had. Raises Rejected: 410 if it is too old, else 404."""
    try:
        code, mark = _signer(settings).loads(token, max_age=int(GOOD_FOR.total_seconds()))
        return str(code), str(mark)
    except itsdangerous.SignatureExpired:
        raise Rejected("the link is too old", 410) from None
    except (itsdangerous.BadData, ValueError, TypeError):
        raise Rejected("no link of ours", 404) from None


def is_unchanged(mark: str, kept: str | None) -> bool:
    return mark == _mark(kept)


def _mark(kept: str | None) -> str:
    return hashlib.sha256((kept or "").encode()).hexdigest()[:16]


def _signer(settings: Settings) -> itsdangerous.URLSafeTimedSerializer:
    if not settings.secret_key:
        raise ConfigError("KEEPWARM_SECRET_KEY is not set: it signs links. Make one with: openssl rand -base64 32")
    return itsdangerous.URLSafeTimedSerializer(settings.secret_key, salt=_SALT)
