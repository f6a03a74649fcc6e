"""A cohort and its people in words, for the terminal and for programs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.record.facts import zone_of
from bot.settings import Settings
from bot.store.cohorts import Announcement, CohortCounts, CohortMember, CohortRow

SHOWN = 20  # names, before anybody is asked


def numbers(row: CohortCounts, settings: Settings) -> dict[str, Any]:
    held, zone = row.cohort, zone_of(row.cohort, settings)
    moments = {"starts_at": held.starts_at, "ends_at": held.ends_at, "date_by": held.date_by}
    return {
        "code": held.code,
        "name": held.name,
        **{name: at.astimezone(zone).isoformat() if at else None for name, at in moments.items()},
        "state": held.date_state,
        "version": held.version,
        "place": held.place,
        "address": held.address,
        "timezone": zone.key,
        "seats": held.seats,
        "open": row.open,
        "confirmed": row.confirmed,
        "free": None if row.free is None else max(0, row.free),
        "unseated": None if row.free is None else max(0, -row.free),
    }


def counts(row: CohortCounts) -> list[str]:
    if row.free is None:
        seats = "seats -"
    else:
        seats = f"seats {row.cohort.seats} ({f'{-row.free} too few' if row.free < 0 else f'{row.free} free'})"
    return [seats, f"open {row.open}", f"confirmed {row.confirmed}"]


def shown(member: CohortMember) -> dict[str, Any]:
    return {
        "code": member.code,
        "name": member.name,
        "stage": member.stage,
        "confirmed": member.confirmed,
        "channels": list(member.channels),
        "pushes": "off" if member.stopped else "on",
    }


def reached(member: CohortMember) -> str:
    channels = ", ".join(member.channels) or "none"
    return f"{channels} (wants no messages)" if member.stopped else channels


def _road(member: CohortMember) -> str:
    """By which road a text will probably reach them."""
    if member.stopped:
        return "wants no messages"
    return next((name for name in ("wechat", "sms") if name in member.channels), "phone" if member.phone else "none")


def listed(members: Sequence[CohortMember], what: str, every: bool = False) -> Iterator[str]:
    if not members:
        return
    roads = Counter(map(_road, members))
    yield f"{what}: {len(members)} ({', '.join(f'{road} {count}' for road, count in sorted(roads.items()))})"
    shown = members if every else members[:SHOWN]
    more = f" … and {len(members) - len(shown)} more" if len(members) > len(shown) else ""
    yield "  " + ", ".join(f"{member.code} {member.name}" for member in shown) + more


def lines(held: CohortRow, settings: Settings) -> Iterator[str]:
    yield f"{held.code} {held.name}: {start(held, settings)}"
    if held.ends_at:
        yield f"ends {at(held.ends_at, held, settings)}"
    if held.date_by and held.date_state != "published":
        yield f"fixed by {at(held.date_by, held, settings)}"
    yield f"place: {held.place or 'not known'}{f' ({held.address})' if held.address else ''}"


def start(held: CohortRow, settings: Settings) -> str:
    return f"{at(held.starts_at, held, settings)} {held.date_state}" if held.starts_at else "no date"


def state(held: CohortRow, settings: Settings) -> str:
    return f"{held.date_state}, {at(held.starts_at, held, settings)}" if held.starts_at else "no date"


def heard(told: int, news: Announcement | None, held: CohortRow, settings: Settings, now: datetime) -> str:
    if news is None:
        return "nobody is told: this date was not published"
    when = "at once" if news.due_at <= now else f"from {at(news.due_at, held, settings)}"
    return f"{told} will be told {when}, in the hours when keepwarm may write"


def at(moment: datetime, held: CohortRow, settings: Settings) -> str:
    return f"{moment.astimezone(zone_of(held, settings)):%Y-%m-%d %H:%M}"
