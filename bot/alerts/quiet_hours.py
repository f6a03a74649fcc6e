"""At what hour somebody of HR may be told something."""

from datetime import datetime, timedelta

from bot.values.worktime import Hours

_AWAKE = (8, 22)  # o'clock, where they are
_NIGHT_AND_DAY, _AWAKE_IS_ENOUGH = 0, 1  # urgencies


def may_say(urgency: int, wherever_they_are: bool, hours: Hours, now: datetime) -> datetime:
    """This moment, or when it comes: danger at once, what is urgent while people are awake, all else when their team
    works. `wherever_they_are`: being awake is enough, as for the day's digest."""
    if urgency <= _NIGHT_AND_DAY:
        return now
    if urgency == _AWAKE_IS_ENOUGH or wherever_they_are:
        return _waking(hours, now)
    return hours.opens(now)


def _waking(hours: Hours, now: datetime) -> datetime:
    here = now.astimezone(hours.zone)
    begins, ends = _AWAKE
    if begins <= here.hour < ends:
        return now
    day = here.date() if here.hour < begins else here.date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, begins, tzinfo=hours.zone).astimezone(now.tzinfo)
