"""The store keeps what it confirmed, in order, under its key, on both databases."""

import base64
import threading
from datetime import datetime

import pytest
import sqlalchemy as sa

from bot.errors import ConfigError
from bot.store import audit, tables
from bot.store.db.cipher import Cipher, Keys
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from tests import postgres

OTHER_KEY = base64.b64encode(b"x" * 32).decode()


def test_a_wrong_data_key_is_refused_at_opening(database_url: str, database: Database) -> None:
    with pytest.raises(ConfigError, match="not the key that this database was written with"):
        open_store(database_url, OTHER_KEY)


def test_no_update_is_lost_between_threads(database: Database) -> None:
    database.write(lambda connection: connection.execute(sa.insert(tables.meta).values(key="n", value=b"0")))

    def increment(connection: sa.Connection) -> None:
        row = sa.select(tables.meta.c.value).where(tables.meta.c.key == "n").with_for_update()
        value = int(connection.execute(row).scalar_one())
        connection.execute(sa.update(tables.meta).where(tables.meta.c.key == "n").values(value=str(value + 1).encode()))

    threads = [threading.Thread(target=lambda: [database.write(increment) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read(lambda c: c.execute(sa.text("SELECT value FROM meta WHERE key = 'n'")).scalar_one()) == b"200"


def test_one_failure_does_not_take_its_neighbours_with_it(database: Database) -> None:
    def put(key: str) -> sa.Insert:
        return sa.insert(tables.meta).values(key=key, value=b"")

    def fail(connection: sa.Connection) -> None:
        connection.execute(put("half"))
        raise RuntimeError("no")

    futures = [database.submit(lambda c, n=n: c.execute(put(f"k{n}"))) for n in range(5)]
    broken = database.submit(fail)
    futures += [database.submit(lambda c, n=n: c.execute(put(f"k{n}"))) for n in range(5, 10)]
    with pytest.raises(RuntimeError):
        broken.result()
    for future in futures:
        future.result()
    keys = database.read(lambda c: set(c.execute(sa.select(tables.meta.c.key)).scalars()))
    assert keys >= {f"k{n}" for n in range(10)}
    assert "half" not in keys


def test_a_server_that_was_started_anew_is_noticed_by_nobody() -> None:
    with postgres.cluster(postgres.in_memory()) as server:
        database = Database(server)
        every = threading.Barrier(8, timeout=60)

        def begin(connection: sa.Connection) -> None:
            connection.execute(sa.text("SELECT 1"))
            every.wait()

        for future in [database.submit(begin) for _ in range(8)]:
            future.result()  # each of the writer's connections is open
        assert database.read(lambda c: c.execute(sa.text("SELECT 2")).scalar_one()) == 2
        postgres.restart(server)
        for future in [database.submit(begin) for _ in range(8)]:
            future.result()
        assert database.read(lambda c: c.execute(sa.text("SELECT 2")).scalar_one()) == 2
        database.close()


def test_work_whose_commit_nobody_confirmed_is_not_done_twice(postgres_server: str) -> None:
    database, runs = Database(postgres_server), []

    def cut(connection: sa.Connection) -> None:
        """The commit is the first that finds the connection gone."""
        runs.append(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())
        database.read(lambda c: c.execute(sa.text("SELECT pg_terminate_backend(:pid, 60000)"), {"pid": runs[-1]}))

    with pytest.raises(sa.exc.OperationalError):
        database.write(cut)
    assert len(runs) == 1
    assert database.write(lambda c: c.execute(sa.text("SELECT 1")).scalar_one()) == 1
    database.close()


def test_the_audit_log_refuses_to_forget(database: Database, now: datetime) -> None:
    database.write(lambda connection: audit.record(connection, "cli:test", "thing.done", "X1", now, {"rows": 3}))
    for change in (sa.delete(tables.audit), sa.update(tables.audit).values(actor="nobody")):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"):
            database.write(lambda connection, change=change: connection.execute(change))
    (entry,) = database.read(audit.newest)
    assert (entry["actor"], entry["action"], entry["target"], entry["detail"]) == (
        "cli:test",
        "thing.done",
        "X1",
        {"rows": 3},
    )
    assert entry["at"] == now


def test_a_sealed_value_opens_only_in_its_own_column() -> None:
    cipher = Cipher(Keys.parse(OTHER_KEY), b"i" * 32)
    sealed = cipher.seal("王小明", "candidates.name")
    assert cipher.open(sealed, "candidates.name") == "王小明"
    assert "王小明".encode() not in sealed
    with pytest.raises(ConfigError, match=r"candidates\.phone"):
        cipher.open(sealed, "candidates.phone")
    with pytest.raises(ConfigError):
        cipher.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "candidates.name")


def test_a_new_key_seals_while_the_old_one_still_opens() -> None:
    old = Cipher(Keys.parse(OTHER_KEY))
    sealed = old.seal("x", "a.b")
    both = Cipher(Keys.parse(f"2:{base64.b64encode(b'y' * 32).decode()},1:{OTHER_KEY}"))
    assert both.open(sealed, "a.b") == "x"
    assert both.seal("x", "a.b")[:2] == b"\x01\x02"
    assert sealed[:2] == b"\x01\x01"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not set"),
        ("abc", "base64"),
        ("AAAA", "32"),
        (f"0:{OTHER_KEY}", "1 to 255"),
        (f"{OTHER_KEY},1:{OTHER_KEY}", "twice"),
    ],
)
def test_a_bad_data_key_says_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Keys.parse(text)


def test_equal_values_meet_in_the_index_and_columns_do_not() -> None:
    cipher = Cipher(Keys.parse(OTHER_KEY), b"i" * 32)
    assert cipher.index("+8613800138000", "phone") == cipher.index("+8613800138000", "phone")
    assert cipher.index("+8613800138000", "phone") != cipher.index("+8613800138000", "invite")
    assert len(cipher.index("x", "y")) == 16
