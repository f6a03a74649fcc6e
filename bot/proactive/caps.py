"""How often a person is written to without need: so many stories a day and a week, by the person's own days. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

WEEK = timedelta(days=7)


def next_free(said: Sequence[datetime], now: datetime, zone: ZoneInfo, a_day: int, a_week: int) -> datetime:
    """When the next story may go out; `said`: the stories of the last seven days, oldest first."""
    free = now
    recent = [at for at in said if at > now - WEEK]
    if len(recent) >= a_week:
        free = max(free, recent[-a_week] + WEEK)
    today = now.astimezone(zone).date()
    if sum(at.astimezone(zone).date() == today for at in recent) >= a_day:
        tomorrow = (now.astimezone(zone) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        free = max(free, tomorrow)
    return free
