"""Subscription notices that a person has accepted and we have not used yet."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.insert import insert_unless_there
from bot.store.tables import credits


def add(connection: Connection, address_id: int, template_id: str) -> None:
    """One more: accepted, or given back because nothing was sent."""
    insert_unless_there(connection, credits, {"address_id": address_id, "template_id": template_id, "left": 0})
    _change(connection, address_id, template_id, credits.c.left + 1)


def clear(connection: Connection, address_id: int, template_id: str) -> None:
    """They refused, or WeChat knows of none."""
    _change(connection, address_id, template_id, sa.literal(0))


def left(connection: Connection, address_id: int, template_id: str) -> int:
    found = sa.select(credits.c.left).where(*_of(address_id, template_id))
    return connection.execute(found).scalar() or 0


def spend(connection: Connection, address_id: int, template_id: str) -> bool:
    """Whether there was one."""
    one = sa.update(credits).where(*_of(address_id, template_id), credits.c.left > 0)
    return connection.execute(one.values(left=credits.c.left - 1)).rowcount == 1


def _change(connection: Connection, address_id: int, template_id: str, left: sa.ColumnElement[int]) -> None:
    connection.execute(sa.update(credits).where(*_of(address_id, template_id)).values(left=left))


def _of(address_id: int, template_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return credits.c.address_id == address_id, credits.c.template_id == template_id
