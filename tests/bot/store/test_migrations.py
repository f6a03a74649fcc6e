"""Whatever migrations have made a database, the newest version's schema is what a fresh one has.

Migrations that were on main are not changed any more: who needs another schema adds one, and its hash to HASHES (the
failing test prints it). Those up to 0006 were changed; BEFORE has what each of them did not do at first, so that any of
their databases can be made again.
"""

import asyncio
import hashlib
import itertools
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp.test_utils import make_mocked_request
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.errors import ConfigError
from bot.settings import Stages
from bot.store import tables
from bot.store.db import schema
from bot.store.db.database import Database
from bot.web.health import Health

VERSIONS = Path(schema.__file__).parents[1] / "migrations" / "versions"
HASHES = {
    "0001_first_tables.py": "533aec9e7e5fe9d86d71fbb37c73aa2f6afb591a73efd97251335208c78c1318",
    "0002_conversation.py": "ebd7c692237fef96ec06ee193a7c78832974d3c793b4cf6853f9110ebbf58870",
    "0003_touches.py": "89e0af249fdc9a06a056aa4a4df96af66d6196b6133213e3036b39942654b3c4",
    "0004_rhythm.py": "19e7a6437d4dd9b69fdb3048eb01e59f9221cb29986439ab1065ca7f03e64985",
    "0005_inbox.py": "2d399848e51191ec624cde8278b7157e0f6ea1449116ea9afc65dc6b27843e7e",
    "0006_web.py": "19a2edc8c2c1e36f943e1cd128f19d667af57f98e50912a25ee922dbe0ab1470",
    "0007_repair.py": "86d61896cbdbd6a08e9336f531975fcd807cdc1dc0a72e2b956120f19c4d8749",
    "0008_forms.py": "55c1acf3b4b47324d4be423bba523456a113968fef75e1b86c0e5a87f92ca339",
}
_STUCK = "CREATE INDEX ix_outbound_stuck ON outbound ({}) WHERE state IN ('unknown', 'failed')"
_URGENT = "CREATE INDEX ix_touches_most_urgent ON touches (priority, due_at) WHERE state = 'planned'"
_TO_SEND = "CREATE INDEX ix_outbound_to_send ON outbound (rank, due_at) WHERE state = 'queued'"


def _without(*names: str) -> list[str]:
    """Columns as `table.column`, indexes as they are called."""
    pairs = [name.split(".") for name in names]
    return [f"ALTER TABLE {it[0]} DROP COLUMN {it[1]}" if it[1:] else f"DROP INDEX {it[0]}" for it in pairs]


# The last migration that had run, and what makes of its database today that of then.
_PLANNED = [
    *_without("ix_touches_planned", "ix_touches_most_urgent"),
    "CREATE INDEX ix_touches_due ON touches (state, due_at)",
]
_HELD = [*_without("ix_candidates_held", "ix_outbound_stuck"), _STUCK.format("state, via")]
_ASKED = _without("ix_outbound_expiring", "ix_outbound_to_ask", "ix_outbound_stuck", "uq_outbound_after_id")
_OCCASION = _without("uq_alerts_occasion", "alerts.occasion", "alerts.unreached_at")
_DUE = _without("ix_candidates_case_due_at", "candidates.case_due_at", "ix_cases_opened_at")
BEFORE = {
    "0001 before pages": ("0001", _without("candidates.page_version")),
    "0002 before looks": ("0002", _without("ix_promises_look_at", "promises.look_at", "promises.ended_at")),
    "0004 before roads": (
        "0004",
        [*_PLANNED, *_without("ix_candidates_held"), *_ASKED, *_without("outbound.tried_at", "ix_outbound_to_send"), _TO_SEND],
    ),
    "0004 before holds": ("0004", [*_PLANNED, *_HELD]),
    "0004 before urgency": ("0004", _PLANNED),
    "0005 before risk": ("0005", [*_OCCASION, *_DUE]),
    "0005 before alerts": ("0005", _OCCASION),
    "0006 after those": ("0006", _without("ix_touches_most_urgent")),
    "0006 before batches": ("0006", [*_without("ix_touches_most_urgent"), _URGENT]),
}  # fmt: skip
_WORST = ("0001 before pages", "0002 before looks", "0004 before roads", "0005 before risk")


def emptied(database: Database) -> Database:
    """As before the first migration."""
    with database.engine.begin() as connection:
        tables.metadata.drop_all(connection)
        connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("DROP FUNCTION IF EXISTS audit_append_only CASCADE"))
    return database


def as_then(database: Database, *changes: str, to: str) -> None:
    """Migrated step by step, by the migrations as they were before these changes."""
    for revision in sorted(path.name[:4] for path in VERSIONS.glob("0*.py")):
        if revision > to:
            return
        schema.migrate(database, revision)
        for since, statements in (BEFORE[change] for change in changes):
            if since == revision:
                database.write(lambda c, these=statements: [c.exec_driver_sql(each) for each in these])  # type: ignore[misc]


def shape(connection: sa.Connection) -> dict[tuple[str, ...], Any]:
    """All that makes a schema, but for the order of columns."""
    look, found = sa.inspect(connection), dict[tuple[str, ...], Any]()
    for table in look.get_table_names():
        for column in look.get_columns(table):
            found["column", table, column["name"]] = str(column["type"]), column["nullable"], column["default"]
        rules = look.get_foreign_keys(table), look.get_unique_constraints(table), look.get_check_constraints(table)
        for rule in itertools.chain(*rules, [look.get_pk_constraint(table)]):
            found["rule", table, str(rule["name"])] = repr(sorted(rule.items(), key=lambda entry: entry[0]))
    return found | {("other", name): " ".join(words.split()) for name, words in connection.exec_driver_sql(_OTHERS[connection.dialect.name])}  # fmt: skip


_OTHERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
    "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
}


def histories() -> Iterator[Any]:
    """Each change alone, at its own revision and at 0006; and all of them in one database."""
    for change, (revision, _) in BEFORE.items():
        if change == "0006 after those":
            continue
        for to in sorted({revision, "0006"}):
            before = change.startswith("0004") and to == "0006"  # the 0006 of today does not run after those
            yield pytest.param((change, "0006 after those") if before else (change,), to, id=f"{change}, at {to}")
    yield pytest.param(_WORST, "0005", id="all, at 0005")


def test_the_migrations_lead_to_exactly_these_tables(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, tables.metadata) == []


@pytest.mark.parametrize("released", sorted(HASHES)[:-1])
def test_a_database_of_every_version_before_is_brought_forward_with_all_it_holds(
    database: Database, now: datetime, released: str
) -> None:
    kept = {"channel": "wechat", "address": b"a", "address_index": b"i", "created_at": now, "talk": b"t"}
    emptied(database)
    assert schema.migrate(database, released[:4]) == released[:4]
    database.write(lambda c: c.execute(sa.insert(tables.addresses).values(kept)))
    assert schema.migrate(database) == schema.newest()
    (row,) = database.read(lambda c: list(c.execute(sa.select(tables.addresses))))
    assert (bytes(row.talk), row.wait_until) == (b"t", None)


@pytest.mark.parametrize(("changes", "to"), list(histories()))
def test_a_database_of_a_migration_that_was_changed_gets_the_schema_of_a_fresh_one(
    changes: tuple[str, ...], to: str, database: Database
) -> None:
    fresh = database.read(shape)
    as_then(emptied(database), *changes, to=to)
    assert database.read(shape) != fresh
    schema.migrate(database)
    assert database.read(shape) == fresh


def test_what_waited_in_such_a_database_goes_on_waiting(database: Database, now: datetime) -> None:
    """A promise is looked at again; of two messages after one, which may not be any more, the first comes after it."""
    as_then(emptied(database), "0002 before looks", "0004 before roads", to="0005")

    def put(connection: sa.Connection, table: str, **values: Any) -> None:
        names = ", ".join(values)
        rows = sa.text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})")
        connection.execute(rows, values)

    def fill(connection: sa.Connection) -> None:
        since = {"created_at": now.isoformat()}
        stage = {"stage": "joined", "stage_at": now.isoformat(), "stage_by": "hr", "updated_at": now.isoformat()}
        put(
            connection,
            "candidates",
            id=1,
            code="A",
            name=b"n",
            invite=b"i",
            invite_index=b"i",
            locale="zh",
            **stage,
            **since,
        )
        put(connection, "promises", id=1, candidate_id=1, about="date", state="open", made_at=now.isoformat())
        put(connection, "addresses", id=1, channel="sms", address=b"a", address_index=b"i", **since)
        words = {"address_id": 1, "kind": "text", "text": b"t", "road": "api", "state": "queued", **since}
        for number, after in ((1, None), (2, 1), (3, 1)):
            put(connection, "outbound", id=number, after_id=after, **words)

    database.write(fill)
    schema.migrate(database)
    assert database.read(lambda c: c.execute(sa.select(tables.promises.c.look_at)).scalar()) == now
    follow = sa.select(tables.outbound.c.after_id).order_by(tables.outbound.c.id)
    assert database.read(lambda c: list(c.execute(follow).scalars())) == [None, 1, None]


def test_no_migration_that_was_on_main_is_changed() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(VERSIONS.glob("0*.py"))}
    assert found == HASHES, "add a migration, and its line to HASHES; what was on main has run on somebody's database"


@pytest.mark.parametrize(
    ("lost", "named"),
    [
        ("ALTER TABLE alerts DROP COLUMN unreached_at", "no column alerts.unreached_at"),
        ("DROP INDEX ix_cases_opened_at", "no index ix_cases_opened_at on cases (opened_at)"),
        ("DROP TABLE uploads", "no table uploads"),
    ],
)
def test_a_schema_that_lacks_something_is_named_whatever_number_it_has(
    lost: str, named: str, database: Database
) -> None:
    def ready() -> tuple[int, str]:
        answer = asyncio.run(Health(database, Stages()).ready(make_mocked_request("GET", "/readyz")))
        return answer.status, json.loads(answer.text or "")["status"]

    schema.require_newest(database)
    assert ready() == (200, "ready")
    database.write(lambda c: c.exec_driver_sql(lost))
    with pytest.raises(ConfigError) as refused:
        schema.require_newest(database)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)
    assert ready() == (503, str(refused.value))


def test_a_schema_that_is_not_migrated_yet_is_refused_with_the_command_that_does(database: Database) -> None:
    as_then(emptied(database), to="0006")
    with pytest.raises(ConfigError, match=r"at schema 0006, .*: run keepwarm migrate"):
        schema.require_newest(database)
    with pytest.raises(ConfigError, match=r"at schema none, .*: run keepwarm migrate"):
        schema.require_newest(emptied(database))


def test_a_version_serves_on_while_the_next_one_migrates(database: Database) -> None:
    def migrated(connection: sa.Connection) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.exec_driver_sql("ALTER TABLE alerts ADD COLUMN something INTEGER")

    database.write(migrated)
    schema.require_newest(database)
