"""A channel on which our account is wrong stands still: its messages wait, and one a minute tries whether it goes."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import Misconfigured
from bot.store.tables import stopped_channels

_EVERY = timedelta(minutes=1)


def stop(connection: Connection, channel: str, error: Misconfigured, now: datetime) -> bool:
    """Whether it was going until now."""
    if connection.execute(sa.select(stopped_channels.c.code).where(stopped_channels.c.channel == channel)).first():
        return False
    row = {"channel": channel, "code": error.code, "reason": error.reason or None, "since": now}
    connection.execute(sa.insert(stopped_channels).values(row | {"look_at": now + _EVERY}))
    return True


def resume(connection: Connection, channel: str) -> bool:
    """Whether it stood still until now."""
    gone = sa.delete(stopped_channels).where(stopped_channels.c.channel == channel)
    return connection.execute(gone).rowcount == 1


def stopped(connection: Connection) -> dict[str, datetime]:
    """The channels that stand still, and when one message may try each."""
    rows = connection.execute(sa.select(stopped_channels.c.channel, stopped_channels.c.look_at))
    return {row.channel: row.look_at for row in rows}


def may_try(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether it is we who try this time."""
    ours = stopped_channels.c.channel == channel, stopped_channels.c.look_at <= now
    moved = sa.update(stopped_channels).where(*ours).values(look_at=now + _EVERY)
    return connection.execute(moved).rowcount == 1
