"""Seals personal data, and finds it again without opening it.

A sealed value is `suite byte · key id byte · nonce (12) · cipher text and tag`; the column's name is authenticated
with it, so that a value cannot be moved to another column. To add a suite: one entry in `_SUITES`.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import ConfigError

_NONCE = 12
_AES_256_GCM = 1


class Aead(Protocol):
    """One authenticated cipher with its key inside."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


_SUITES: Mapping[int, Callable[[bytes], Aead]] = {_AES_256_GCM: AESGCM}


@dataclass(frozen=True)
class Keys:
    """The data keys by id; `active` seals, all of them open."""

    by_id: Mapping[int, bytes]
    active: int

    @classmethod
    def parse(cls, text: str) -> "Keys":
        """Reads `id:base64[,id:base64]` (a bare base64 is id 1); the first one is the active one."""
        found: dict[int, bytes] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            number, _, encoded = part.rpartition(":")
            key_id, key = _key_id(number or "1"), _key(encoded)
            if key_id in found:
                raise ConfigError(f"KEEPWARM_DATA_KEY names key id {key_id} twice: give each key an id of its own")
            found[key_id] = key
        if not found:
            raise ConfigError(
                "KEEPWARM_DATA_KEY is not set: it encrypts personal data. Make one with: openssl rand -base64 32"
            )
        return cls(found, next(iter(found)))


class Cipher:
    """Seals with the active key, opens with the key a value names."""

    def __init__(self, keys: Keys, index_key: bytes = b"") -> None:
        self._keys = keys
        self._index_key = index_key
        self._aeads = {
            (suite, key_id): make(key) for suite, make in _SUITES.items() for key_id, key in keys.by_id.items()
        }
        self._seal_with = self._aeads[_AES_256_GCM, keys.active]
        self._head = bytes((_AES_256_GCM, keys.active))

    def with_index_key(self, index_key: bytes) -> "Cipher":
        return Cipher(self._keys, index_key)

    def seal(self, value: str, column: str) -> bytes:
        return self.seal_bytes(value.encode(), column)

    def open(self, sealed: bytes, column: str) -> str:
        return self.open_bytes(sealed, column).decode()

    def seal_bytes(self, value: bytes, column: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._seal_with.encrypt(nonce, value, column.encode())

    def open_bytes(self, sealed: bytes, column: str) -> bytes:
        """Raises ConfigError where the key is not among ours, or the value was altered."""
        sealed = bytes(sealed)
        aead = self._aeads.get((sealed[0], sealed[1])) if len(sealed) > _NONCE + 2 else None
        if aead is None:
            raise ConfigError(f"a value of {column} is sealed with a key that KEEPWARM_DATA_KEY does not have")
        try:
            return aead.decrypt(sealed[2 : 2 + _NONCE], sealed[2 + _NONCE :], column.encode())
        except InvalidTag:
            raise ConfigError(f"a value of {column} does not open: wrong KEEPWARM_DATA_KEY, or altered data") from None

    def seal_maybe(self, value: str | None, column: str) -> bytes | None:
        return None if value is None else self.seal(value, column)

    def open_maybe(self, sealed: bytes | None, column: str) -> str | None:
        return None if sealed is None else self.open(sealed, column)

    def index(self, value: str, column: str) -> bytes:
        """A keyed blind index of 16 bytes: equal values meet, and nobody without the key can try values."""
        return hmac.digest(self._index_key, f"{column}:{value}".encode(), hashlib.sha256)[:16]


def _key_id(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 255:
        raise ConfigError(f"KEEPWARM_DATA_KEY: key id {text!r} should be a number from 1 to 255")
    return int(text)


def _key(encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ConfigError("KEEPWARM_DATA_KEY is not base64: make one with: openssl rand -base64 32") from None
    if len(key) != 32:
        raise ConfigError(f"KEEPWARM_DATA_KEY has {len(key)} bytes where 32 are needed: openssl rand -base64 32")
    return key
