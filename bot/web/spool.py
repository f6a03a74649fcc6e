"""Keeps a verified message safe on this machine's disk while the database is too slow to take it, or away.

Only then may the caller be told "received": a file is written and synced before, and removed once the message is in the
database. After a crash the files that are left are handled as late messages.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from bot.errors import ConfigError
from bot.store.db.cipher import Cipher
from bot.values.message import Incoming

_COLUMN = "spool.message"


class Spool:
    """A folder with a sealed file for each message that waits."""

    def __init__(self, folder: Path, cipher: Cipher) -> None:
        self._folder, self._cipher = folder, cipher
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def keep(self, incoming: Incoming, arrived: datetime) -> Path:
        """Written, synced and named in one step: a crash leaves the whole message or nothing."""
        name = hashlib.sha256(f"{incoming.channel}|{incoming.key}".encode()).hexdigest()
        path, half = self._folder / name, self._folder / f"{name}.{secrets.token_hex(8)}"  # a repeat may be kept too
        fields = {**asdict(incoming), "arrived": arrived}
        sealed = self._cipher.seal(json.dumps(fields, default=_iso, ensure_ascii=False), _COLUMN)
        with half.open("wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
        self._sync_folder()
        return path

    def waiting(self) -> Iterator[tuple[Path, Incoming, datetime]]:
        """What was kept and is not finished, with the moment it came, oldest first."""
        for path in sorted(self._files(), key=_age):
            try:
                fields = json.loads(self._cipher.open_bytes(path.read_bytes(), _COLUMN))
            except (OSError, ValueError, ConfigError):
                continue
            if fields["sent_at"]:
                fields["sent_at"] = datetime.fromisoformat(fields["sent_at"])
            arrived = datetime.fromisoformat(fields.pop("arrived"))
            yield path, Incoming(**fields), arrived

    def count(self) -> int:
        return sum(1 for _ in self._files())

    def _files(self) -> Iterator[Path]:
        return self._folder.glob("[0-9a-f]" * 64)

    def _sync_folder(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _age(path: Path) -> float:
    """A file that was finished meanwhile has none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
