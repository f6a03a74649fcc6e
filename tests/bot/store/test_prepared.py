"""Statements that are built once do the same on both databases as those that are built each time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from bot.store.db.database import Database
from bot.store.db.prepared import Prepared
from bot.store.db.update import update
from bot.store.tables import Moment, stores
from tests.conftest import NOW

NAMED = Prepared(sa.select(stores.c.code).where(stores.c.code.in_(sa.bindparam("codes"))).order_by(stores.c.code))
OTHERS = Prepared(sa.select(stores.c.code).where(stores.c.code.not_in(sa.bindparam("codes"))).order_by(stores.c.code))
TOUCHED = Prepared(
    sa.update(stores)
    .where(stores.c.code.in_(sa.bindparam("codes")), stores.c.city == sa.bindparam("where"))
    .values(updated_at=sa.bindparam("new_updated_at", type_=Moment))
)
MORE = stores.c.openings + 1


@pytest.fixture
def shops(database: Database) -> Database:
    rows = [
        {"code": code, "name": code, "city": "上海", "openings": 1, "updated_at": NOW} for code in ("S1", "S2", "S3")
    ]
    database.write(lambda connection: connection.execute(sa.insert(stores), rows))
    return database


def codes(database: Database, statement: Prepared, *given: str) -> list[str]:
    return [row.code for row in database.read(lambda c: statement.rows(c, {"codes": list(given)}))]


@pytest.mark.parametrize("given", [(), ("S2",), ("S1", "S3"), ("S1", "S9"), ("S1", "S2", "S3")])
def test_a_list_may_be_of_any_length(shops: Database, given: tuple[str, ...]) -> None:
    named = [code for code in ("S1", "S2", "S3") if code in given]
    assert codes(shops, NAMED, *given) == named
    assert codes(shops, OTHERS, *given) == [code for code in ("S1", "S2", "S3") if code not in named]


def test_it_tells_how_many_rows_it_has_changed(shops: Database) -> None:
    def changed(given: list[str], where: str) -> int:
        values = {"codes": given, "where": where, "new_updated_at": NOW}
        return shops.write(lambda connection: TOUCHED.changed(connection, values))

    assert (changed(["S1", "S3"], "上海"), changed(["S1"], "北京"), changed([], "上海")) == (2, 0, 0)


def test_some_columns_of_some_rows_are_changed(shops: Database) -> None:
    ids = [row.id for row in shops.read(lambda c: c.execute(sa.select(stores).order_by(stores.c.code)).all())]
    later = NOW + timedelta(hours=1)
    shops.write(lambda c: update(c, stores, ids[:2], {"openings": MORE, "updated_at": later}))
    shops.write(lambda c: update(c, stores, ids[1:2], {"openings": MORE, "city": None}))
    shops.write(lambda c: update(c, stores, [], {"openings": MORE}))
    wanted = sa.select(stores.c.openings, stores.c.city, stores.c.updated_at).order_by(stores.c.code)
    found = [tuple(row) for row in shops.read(lambda c: c.execute(wanted).all())]
    assert found == [(2, "上海", later), (3, None, later), (1, "上海", NOW)]


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
        datetime(2026, 11, 27, 9, 30, 0, 7, tzinfo=UTC),
        datetime(2026, 11, 27, 9, 30, tzinfo=timezone(timedelta(hours=8))),
        datetime(1, 1, 1, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_it_was_in_utc(shops: Database, moment: datetime) -> None:
    shops.write(lambda c: c.execute(sa.update(stores).values(updated_at=moment)))
    (back,) = set(shops.read(lambda c: c.execute(sa.select(stores.c.updated_at)).scalars().all()))
    assert (back, back.tzinfo) == (moment, UTC)


def test_a_moment_without_its_zone_is_refused(shops: Database) -> None:
    with pytest.raises((sa.exc.StatementError, ValueError), match="time zone"):
        shops.write(lambda c: c.execute(sa.update(stores).values(updated_at=datetime(2026, 11, 27))))
