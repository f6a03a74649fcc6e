"""A channel on which our account is wrong stands still: its messages wait, and one a minute tries whether it goes.

Where another message goes, what was refused before it is suspect: refused once more, it alone is what was wrong.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import DeliveryError, Misconfigured
from bot.store.db.prepared import word
from bot.store.tables import outbound, stopped_channels
from bot.values.message import CHANNEL_OF, legible

_LONGEST_REASON = 300
SUSPECT = "refused while others went"
_EVERY = timedelta(minutes=1)


def stop(connection: Connection, channel: str, error: Misconfigured, now: datetime) -> bool:
    """Whether it was going until now."""
    if connection.execute(sa.select(stopped_channels.c.code).where(stopped_channels.c.channel == channel)).first():
        return False
    row = {"channel": channel, "code": error.code, "reason": written(error), "since": now}
    connection.execute(sa.insert(stopped_channels).values(row | {"look_at": now + _EVERY}))
    return True


def written(error: DeliveryError) -> str | None:
    """Its reason, part of which a provider may have written, as it can be kept."""
    return legible(error.reason)[:_LONGEST_REASON] or None


def resume(connection: Connection, channel: str) -> bool:
    """Whether it stood still until now."""
    gone = sa.delete(stopped_channels).where(stopped_channels.c.channel == channel).returning(stopped_channels.c.code)
    code = connection.execute(gone).scalar()
    if code is None:
        return False
    roads = [word(via) for via, its in CHANNEL_OF.items() if its == channel]
    refused = outbound.c.state == word("queued"), outbound.c.via.in_(roads), outbound.c.error_code == code
    connection.execute(sa.update(outbound).where(*refused).values(reason=SUSPECT))
    return True


def stopped(connection: Connection) -> dict[str, datetime]:
    """The channels that stand still, and when one message may try each."""
    rows = connection.execute(sa.select(stopped_channels.c.channel, stopped_channels.c.look_at))
    return {row.channel: row.look_at for row in rows}


def may_try(connection: Connection, channel: str, now: datetime) -> bool:
    """Whether it is we who try this time."""
    ours = stopped_channels.c.channel == channel, stopped_channels.c.look_at <= now
    moved = sa.update(stopped_channels).where(*ours).values(look_at=now + _EVERY)
    return connection.execute(moved).rowcount == 1
