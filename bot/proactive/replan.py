"""Plans the touches of the candidates whose record, or whose rhythm, has changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.rhythm import plan
from bot.rhythm.planning import Difference, difference
from bot.runtime import Runtime
from bot.store import plans, touches

_AT_ONCE = 50  # candidates in a transaction


def plan_some(connection: Connection, house: Runtime, now: datetime) -> tuple[int, list[int]]:
    """Takes the candidates who are due to be planned; gives how many. Nothing is sent by this."""
    ids = plans.due(connection, now, _AT_ONCE)
    if ids:
        plan_these(connection, house, ids, now)
        return len(ids), []
    closed = house.settings.stages.closed
    return plans.wake_other_versions(connection, house.content.rhythm.version, closed, now), []


def plan_these(connection: Connection, house: Runtime, ids: Sequence[int], now: datetime) -> int:
    """Gives how many touches are new, other or gone."""
    rhythm, settings = house.content.rhythm, house.settings
    country = settings.pushes.holidays
    changes: list[tuple[int, Difference]] = []
    again: dict[int, datetime | None] = {}
    due: dict[int, dict[str, datetime | None]] = {}
    for situation in plans.situations(connection, house.cipher, settings, ids):
        wanted = plan(rhythm, situation, now, country, extra=settings.extra_days(country))
        own = [told for told in situation.told if not told.about]
        changes.append((situation.candidate_id, difference(wanted.touches, own)))
        again[situation.candidate_id] = wanted.again_at
        if situation.open:
            due[situation.candidate_id] = wanted.due
    changed = touches.apply(connection, changes, now)
    plans.keep_due(connection, due)
    plans.save_plan(connection, again, rhythm.version)
    return changed
