"""Signatures and message encryption as the platform does them (protocols.md 1.1 and 1.2)."""

import base64
import hashlib
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # the padding's block; AES itself has 16


class Garbled(Exception):
    """A cipher text that does not decrypt to a message for this app."""


def sign(*parts: str) -> str:
    """sha1 over the sorted parts: token, timestamp, nonce, and for msg_signature the cipher text."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(message: str, encoding_aes_key: str, app_id: str, random16: bytes | None = None) -> str:
    body = message.encode()
    clear = (random16 or os.urandom(16)) + struct.pack(">I", len(body)) + body + app_id.encode()
    pad = BLOCK - len(clear) % BLOCK
    encryptor = _cipher(encoding_aes_key).encryptor()
    return base64.b64encode(encryptor.update(clear + bytes([pad]) * pad) + encryptor.finalize()).decode()


def decrypt(cipher_text: str, encoding_aes_key: str, app_id: str) -> str:
    """Raises Garbled, also for another app's message."""
    try:
        decryptor = _cipher(encoding_aes_key).decryptor()
        clear = decryptor.update(base64.b64decode(cipher_text, validate=True)) + decryptor.finalize()
        clear = _unpadded(clear)
        length = struct.unpack(">I", clear[16:20])[0]
        message, sender = clear[20 : 20 + length].decode(), clear[20 + length :].decode()
    except (ValueError, struct.error, IndexError) as wrong:
        raise Garbled(f"cannot be decrypted: {wrong}") from wrong
    if sender != app_id:
        raise Garbled(f"encrypted for {sender!r}, not {app_id!r}")
    return message


def _unpadded(clear: bytes) -> bytes:
    pad = clear[-1]
    if not 1 <= pad <= BLOCK or clear[-pad:] != bytes([pad]) * pad:
        raise ValueError("wrong padding")
    return clear[:-pad]


def _cipher(encoding_aes_key: str) -> "Cipher[modes.CBC]":
    key = base64.b64decode(encoding_aes_key + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))
