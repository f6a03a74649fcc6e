"""What every test may use: a clean store on SQLite and on PostgreSQL, the shipped content, a fixed moment."""

import base64
import itertools
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store.cipher import Cipher
from bot.store.database import Database
from bot.store.opening import open_store
from tests import postgres

DATA_KEY = base64.b64encode(bytes(range(32))).decode()
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
_numbers = itertools.count()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if postgres.binaries() is None:
        pytest.skip(postgres.MISSING)
    with postgres.cluster() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "keepwarm.db"
    open_store(f"sqlite:///{path}", DATA_KEY, migrate=True)[0].close()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    url = postgres.fresh(postgres_server, "keepwarm_template")
    open_store(url, DATA_KEY, migrate=True)[0].close()
    return "keepwarm_template"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "keepwarm.db")
        yield f"sqlite:///{tmp_path / 'keepwarm.db'}"
        return
    server, name = request.getfixturevalue("postgres_server"), f"test_{next(_numbers)}"
    yield postgres.fresh(server, name, request.getfixturevalue("postgres_template"))
    postgres.drop(server, name)


@pytest.fixture
def store(database_url: str) -> Iterator[tuple[Database, Cipher]]:
    database, cipher = open_store(database_url, DATA_KEY)
    yield database, cipher
    database.close()


@pytest.fixture
def database(store: tuple[Database, Cipher]) -> Database:
    return store[0]


@pytest.fixture
def cipher(store: tuple[Database, Cipher]) -> Cipher:
    return store[1]
