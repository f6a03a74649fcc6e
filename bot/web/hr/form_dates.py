"""Moments that HR chooses: for how long a case sleeps, a day and an hour on a form."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.web.hr.request import StaffRequest

SPANS = ("2h", "tomorrow", "date")
_MORNING = time(9)
YEARS = range(2000, 2200)  # that anybody means
_LONGEST = timedelta(days=60)


def snoozed_until(visit: StaffRequest) -> datetime | None:
    """By the form's `until` (one of SPANS) and `date`; None where that is no moment that is still to come."""
    until, zone = visit.said("until"), visit.speech.zone
    if until == "2h":
        return visit.now + timedelta(hours=2)
    if until == "tomorrow":
        tomorrow = visit.now.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, _MORNING, zone)
    chosen = moment(visit.said("date"), zone) if until == "date" else None
    return chosen if chosen and visit.now < chosen <= visit.now + _LONGEST else None


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """As a browser's field for day and time writes it; a day alone is its morning. None for what is no such moment."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if found.year not in YEARS:
        return None
    at = datetime.combine(found.date(), _MORNING) if len(text) == len("2026-01-01") else found
    return at if at.tzinfo else at.replace(tzinfo=zone)
