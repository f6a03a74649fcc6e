"""How often an address has shown an invite that is none: nobody finds one by trying."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db import bulk
from bot.store.db.prepared import Prepared
from bot.store.tables import wrong_codes

_WITHIN = timedelta(hours=1)
_WRONG = Prepared(
    sa.select(sa.func.count().label("count"))
    .select_from(wrong_codes)
    .where(wrong_codes.c.address_id == sa.bindparam("address"), wrong_codes.c.at > sa.bindparam("since"))
)


def left(connection: Connection, address_id: int, an_hour: int, now: datetime) -> int:
    """How many codes may be looked up for this address yet."""
    return max(0, an_hour - int(_WRONG.first(connection, {"address": address_id, "since": now - _WITHIN}).count))


def keep(connection: Connection, address_id: int, count: int, now: datetime) -> None:
    """So many were wrong."""
    bulk.insert(connection, wrong_codes, [{"address_id": address_id, "at": now}] * count)
