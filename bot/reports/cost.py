"""What the messages cost, by road."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.reports import people
from bot.reports.model import EVERYBODY, ReportColumn, ReportRequest, Table
from bot.store.tables import addresses, outbound

_ARRIVED = ("sent", "delivered", "seen")
_COLUMNS = (
    ReportColumn("road", "code"),
    ReportColumn("messages", "count"),
    ReportColumn("failed", "count"),
    ReportColumn("parts", "count"),
    ReportColumn("cost", "money"),
)


def table(connection: Connection, asked: ReportRequest) -> Table:
    """What went to the people asked about, in the time asked about: a row a road, and one of all."""
    road = sa.func.coalesce(outbound.c.via, addresses.c.channel)
    wanted = (
        sa.select(
            road.label("road"),
            people.number(outbound.c.state.in_(_ARRIVED)),
            people.number(outbound.c.state == "failed"),
            sa.func.coalesce(sa.func.sum(outbound.c.parts), 0),
            sa.func.coalesce(sa.func.sum(outbound.c.cost), 0),
        )
        .join(addresses, outbound.c.address_id == addresses.c.id)
        .where(outbound.c.road == "push", outbound.c.candidate_id.in_(people.ids(asked)))
        .where(*people.within(asked, outbound.c.created_at))
        .group_by(road)
        .order_by(road)
    )
    rows = [(row[0], *map(int, row[1:])) for row in connection.execute(wanted)]
    return Table("cost", _COLUMNS, [_sum(rows), *rows], ("road", "cost"), total=True)


def _sum(rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    return (EVERYBODY, *(sum(row[place] for row in rows) for place in range(1, len(_COLUMNS))))
