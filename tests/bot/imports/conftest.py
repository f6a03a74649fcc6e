"""An office that hands in files and looks at what the record says afterwards."""

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.imports.run import ImportJob, Report, run
from bot.settings import Company, Settings
from bot.store import tables
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from tests.conftest import DATA_KEY

SEALED = {
    "candidates": ("name", "phone", "email", "home_address", "home_lat", "home_lng", "invite"),
    "staff": ("name", "email", "phone", "wecom", "dingtalk", "feishu"),
    "stores": ("manager", "phone"),
    "cohorts": (),
}


class Office:
    """`hand_in` imports a file's text; `kept` gives a row of the record with its seals opened."""

    def __init__(self, folder: Path, database: Database, cipher: Cipher, now: datetime) -> None:
        self.folder = folder
        self.database = database
        self.cipher = cipher
        self.now = now
        self.settings = Settings(company=Company(name="暖记"))

    def hand_in(self, what: str, text: str | bytes, name: str = "file.csv", **options: Any) -> Report:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.hand_in_file(what, path, **options)

    def hand_in_file(self, what: str, path: Path, now: datetime | None = None, **options: Any) -> Report:
        job = ImportJob(what, path, self.settings, self.database, self.cipher, now or self.now, "cli:test", **options)
        return run(job)

    def kept(self, what: str, code: str) -> dict[str, Any]:
        return {row["code"]: row for row in self.all(what)}[code]

    def all(self, what: str) -> list[dict[str, Any]]:
        table: sa.Table = getattr(tables, what)
        rows = self.database.read(
            lambda connection: connection.execute(sa.select(table).order_by("id")).mappings().all()
        )
        return [self._opened(what, dict(row)) for row in rows]

    def times(self, code: str) -> dict[str, datetime]:
        this = self.kept("candidates", code)["id"]
        query = sa.select(tables.stage_times).where(tables.stage_times.c.candidate_id == this)
        return {row.stage: row.at for row in self.database.read(lambda connection: connection.execute(query).all())}

    def happen(self, code: str, **columns: Any) -> None:
        """Something is decided here about a candidate, outside any import."""
        change = sa.update(tables.candidates).where(tables.candidates.c.code == code).values(**columns)
        self.database.write(lambda connection: connection.execute(change))

    def errors(self, name: str = "file.csv") -> list[dict[str, str]]:
        text = (self.folder / f"{name}.errors.csv").read_text(encoding="utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    def _opened(self, what: str, row: dict[str, Any]) -> dict[str, Any]:
        opened = {name: self.cipher.open_maybe(row[name], f"{what}.{name}") for name in SEALED[what]}
        return row | opened


def sheet(*rows: Sequence[str]) -> str:
    """Rows of cells as CSV; the first one is the header."""
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


@pytest.fixture
def office(tmp_path: Path, database: Database, cipher: Cipher, now: datetime) -> Office:
    return Office(tmp_path, database, cipher, now)


@pytest.fixture
def desk(tmp_path: Path, sqlite_template: Path, now: datetime) -> Iterator[Office]:
    """An office on SQLite alone, for what is decided before any database is asked."""
    shutil.copy(sqlite_template, tmp_path / "desk.db")
    database, cipher = open_store(f"sqlite:///{tmp_path / 'desk.db'}", DATA_KEY)
    yield Office(tmp_path, database, cipher, now)
    database.close()
