"""What became of the messages that tell HR: told, or the next road. Better twice than never: what may have arrived is
said again elsewhere (docs/decisions.md)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.cases.office import Office
from bot.store import alerts
from bot.store.alerts import Carried
from bot.store.db.prepared import Prepared
from bot.store.tables import staff, stopped_channels

_AT_ONCE = 500
_LOST = ("failed", "unknown", "expired", "cancelled", "")
_STOPPED_FOR = timedelta(minutes=1)
_REFUSED_FOR = {0: timedelta(minutes=1), 1: timedelta(minutes=1)}  # by urgency: a road that says "later" so long
_REFUSED_USUALLY = timedelta(minutes=5)
_WAITS_FOR = timedelta(minutes=30)  # its turn, at most
_STOPPED = Prepared(sa.select(stopped_channels))
_SETTLES: Mapping[str, timedelta] = {"sms": timedelta(minutes=2)}  # what was taken may still turn out undelivered
_ADMINS_HEAR = 1  # the urgency of a channel that stands still


def follow_up(connection: Connection, office: Office, now: datetime) -> tuple[int, list[int]]:
    """Gives how many alerts were done with or sent on; one look at all that are on their way. Nothing is sent by
    this."""
    stopped = {row.channel: row for row in _STOPPED.rows(connection, {})}
    _tell_admins(connection, list(stopped.values()), now)
    carried = alerts.under_way(connection, _AT_ONCE)
    back = _taken_back(connection, carried, stopped, now)
    return sum(_settle(connection, one, one.outbound_id in back, now) for one in carried), []


def _settle(connection: Connection, carried: Carried, taken_back: bool, now: datetime) -> bool:
    """Whether it moved on."""
    if _arrived(carried, now):
        alerts.mark_told(connection, [carried.alert.id], now)
    elif taken_back or carried.state in _LOST:
        alerts.try_next_route(connection, carried.alert, carried.via, now)
    else:
        if carried.look_at <= now:
            alerts.postpone(connection, [carried.alert.id], now + _STOPPED_FOR)
        return False
    return True


def _arrived(carried: Carried, now: datetime) -> bool:
    if carried.state == "sent":
        return (carried.sent_at or now) + _SETTLES.get(carried.via, timedelta()) <= now
    return carried.state == "delivered"


def _taken_back(
    connection: Connection, carried: Sequence[Carried], stopped: Mapping[str, Any], now: datetime
) -> frozenset[int]:
    """The messages that waited too long for their road, unless they had begun."""
    late = {
        one.outbound_id
        for one in carried
        if one.outbound_id and one.state == "queued" and _is_too_long(one, stopped.get(one.via), now)
    }
    return frozenset(number for number in sorted(late) if alerts.take_back(connection, number, "another road"))


def _is_too_long(carried: Carried, stopped: Any, now: datetime) -> bool:
    waits = now - (carried.queued_at or now)
    if stopped is not None:
        return bool(min(waits, now - stopped.since) >= _STOPPED_FOR)
    if carried.error_code:
        return waits >= _REFUSED_FOR.get(carried.alert.urgency, _REFUSED_USUALLY)
    return waits >= _WAITS_FOR


def _tell_admins(connection: Connection, stopped: Sequence[Any], now: datetime) -> None:
    """Each of them, once for each time that a channel stops."""
    if not stopped:
        return
    admins = list(connection.execute(sa.select(staff.c.code).where(staff.c.role == "admin")).scalars())
    for row in stopped:
        for code in admins:
            occasion = f"{row.channel} {row.since.isoformat()}"
            alerts.keep(connection, code, "stopped", occasion, _ADMINS_HEAR, due_at=now, created_at=now)
