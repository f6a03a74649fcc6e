"""What is so about a candidate now: words for the roads, values for the texts. From the record only."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.record.model import Candidate, Cohort, Store, Task
from bot.record.vocabulary import DUE_FACT, TASK_FACT, VALUES
from bot.settings import Settings
from bot.values import maps, phones

_LATE = timedelta(hours=2)  # so long after the beginning people are still on their way


def known(candidate: Candidate | None, channel: str, settings: Settings, now: datetime) -> dict[str, str]:
    """Every fact of bot.record.vocabulary as a word; of tasks those that the candidate has."""
    cohort = candidate.cohort if candidate else None
    stages = settings.stages
    stage = candidate.stage if candidate else stages.road[0]
    return {
        "bound": _yes(candidate is not None),
        "open": _yes(stage not in stages.closed),
        "stage": stage,
        "date": _date(cohort, now),
        "when": _when(cohort, settings, now),
        "date_by": _there(cohort and cohort.date_by and cohort.date_by >= now),
        "place": _there(cohort and cohort.place),
        "outline": _there(cohort and cohort.outline),
        "bring": _there(cohort and cohort.bring),
        "store": _there(candidate and candidate.store),
        "next": _there(next_stage(stage, settings)),
        "pushes": "off" if candidate and candidate.pushes_stopped_at else "on",
        "owner": _there(candidate and candidate.owner),
        "channel": channel,
        "confirmed": _yes(_confirmed(candidate)),
        "address": _there(cohort and (cohort.address or cohort.lat is not None)),
        "distance": _there(_distance(candidate) is not None),
        "offer": _offer(candidate, now),
        "manager": _there(candidate and candidate.store and candidate.store.manager),
        "helpline": _there(settings.company.helpline),
        "company_phone": _there(settings.company.phone),
        "background_days": _there(settings.stages.background_days),
        "city": (candidate and candidate.store and candidate.store.city) or "",
        "store_code": candidate.store.code if candidate and candidate.store else "",
        "position": (candidate and candidate.position) or "",
        "film": _there(settings.company.film),
        "notices_only": _yes(bool(candidate and candidate.notices_only_at)),
        "tasks": "open" if _open_tasks(candidate) else "none",
        **{f"{TASK_FACT}{task.code}": "done" if task.done_at else "open" for task in _tasks(candidate)},
        **{f"{DUE_FACT}{task.code}": _due(task, zone_of(cohort, settings), now) for task in _tasks(candidate)},
    }


def values(
    candidate: Candidate | None, labels: Mapping[str, str], settings: Settings, locale: str, now: datetime
) -> dict[str, Any]:
    """Every placeholder of bot.record.vocabulary that the record can fill; what is unknown is None or empty.

    `labels`: how stages and tasks are called. Training times and what must be done before it are in the place's zone,
    the rest in the candidate's.
    """
    shared = dict.fromkeys(VALUES) | {
        "company": settings.company.called(locale),
        "answer_hours": int(settings.hr.answers_within.total_seconds() // 3600),
        "code_minutes": settings.binding.code_minutes,
        "helpline": settings.company.helpline,
        "company_phone": settings.company.phone,
        "background_days": settings.stages.background_days,
        "film": settings.company.film,
        "tasks": [],
    }
    if candidate is None:
        return shared
    cohort, store = candidate.cohort, candidate.store
    place, home = zone_of(cohort, settings), zone_of(candidate, settings)
    following = next_stage(candidate.stage, settings)
    return shared | {
        "name": candidate.name,
        "owner": candidate.owner,
        "stage": labels.get(candidate.stage, candidate.stage),
        "stage_since": candidate.stage_at.astimezone(home),
        "next_stage": labels.get(following, following),
        "history": [(labels.get(stage, stage), at.astimezone(home)) for stage, at in candidate.stage_times],
        "start": _at(cohort.starts_at if cohort else None, place),
        "end": _at(cohort.ends_at if cohort else None, place),
        "date_by": _at(cohort.date_by if cohort else None, place),
        "days": _days(cohort, place),
        "days_left": _days_left(cohort, place, now),
        "place": cohort and cohort.place,
        "address": cohort and cohort.address,
        "outline": list(cohort.outline) if cohort else [],
        "bring": list(cohort.bring) if cohort else [],
        "store": store and store.name,
        "store_city": store and store.city,
        "store_address": store and store.address,
        "store_phone": phones.shown(store.phone, settings.company.country) if store and store.phone else None,
        "manager": store and store.manager,
        "openings": store and store.openings,
        "seats": cohort and cohort.seats,
        "map_link": _map_link(cohort, settings),
        "distance_km": _distance(candidate),
        "position": candidate.position,
        "offer": candidate.offer,
        "offer_until": _at(candidate.offer_until, home),
        "waited_days": max(0, (now - _since(candidate)).days),
        "tasks": [(labels.get(task.code, task.code), _still(task, place, now)) for task in _open_tasks(candidate)],
    }


def task_due(candidate: Candidate | None, about: str, settings: Settings) -> datetime | None:
    """By when the task must be done that a step or a text is about: its name ends in the task's code. A text that tells
    it is said only as long as that day lies ahead (the fact `due_…`)."""
    theirs = (task for task in _tasks(candidate) if about == task.code or about.endswith(f"_{task.code}"))
    task = next(theirs, None)
    return _at(task.due_at, zone_of(candidate.cohort, settings)) if candidate and task else None


def next_stage(stage: str, settings: Settings) -> str:
    """The stage after this one on the road, or ""."""
    road = settings.stages.road
    place = road.index(stage) + 1 if stage in road else len(road)
    return road[place] if place < len(road) else ""


def masked(name: str) -> str:
    """A name that its owner knows again and nobody else learns: 王**, J***."""
    first = name.strip()[:1]
    return f"{first}{'**' if ord(first or ' ') > 0x2E7F else '***'}"


class Placed(Protocol):
    """Who or what may have a time zone of its own."""

    @property
    def timezone(self) -> str | None: ...


def zone_of(what: Placed | None, settings: Settings) -> ZoneInfo:
    return ZoneInfo(what.timezone) if what and what.timezone else settings.company.zone


def _confirmed(candidate: Candidate | None) -> bool:
    """Whether they said that they would come to exactly this training: another date asks anew."""
    start = candidate.cohort.starts_at if candidate and candidate.cohort else None
    return bool(candidate and start and candidate.confirmed_start == start)


def _tasks(candidate: Candidate | None) -> Sequence[Task]:
    return (candidate.tasks if candidate else None) or ()


def _open_tasks(candidate: Candidate | None) -> list[Task]:
    return [task for task in _tasks(candidate) if task.done_at is None]


def _due(task: Task, zone: ZoneInfo, now: datetime) -> str:
    """Whether its day lies ahead, by the days of the place."""
    if task.due_at is None:
        return "none"
    days = (task.due_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    return "ahead" if days > 0 else "past" if days < 0 else "today"


def _still(task: Task, zone: ZoneInfo, now: datetime) -> datetime | None:
    """By when it is to be done, unless that day has passed."""
    return None if _due(task, zone, now) == "past" else _at(task.due_at, zone)


def _offer(candidate: Candidate | None, now: datetime) -> str:
    if candidate is None or not candidate.offer:
        return "none"
    return "over" if candidate.offer_until and candidate.offer_until < now else "open"


def _distance(candidate: Candidate | None) -> float | None:  # kilometres, one decimal
    """From home to the store, as the crow flies."""
    store: Store | None = candidate.store if candidate else None
    if candidate is None or candidate.home is None or store is None or store.lat is None or store.lng is None:
        return None
    return round(maps.distance(candidate.home, (store.lat, store.lng)), 1)


def _map_link(cohort: Cohort | None, settings: Settings) -> str | None:
    if cohort is None:
        return None
    point = (cohort.lat, cohort.lng) if cohort.lat is not None and cohort.lng is not None else None
    name = cohort.place if point else cohort.address
    return maps.link(settings.company.maps, name or cohort.place or "", point)


def _since(candidate: Candidate) -> datetime:
    """When the wait began."""
    return min((at for _, at in candidate.stage_times), default=candidate.stage_at)


def _date(cohort: Cohort | None, now: datetime) -> str:
    """A published date is still planned for whoever is to hear of it first by a notice that can be taken back."""
    if cohort is None:
        return "none"
    if cohort.starts_at and cohort.date_state == "published" and cohort.fixed_from and now < cohort.fixed_from:
        return "planned"
    return cohort.date_state if cohort.starts_at else "unknown"


def _when(cohort: Cohort | None, settings: Settings, now: datetime) -> str:
    """Where now lies from the training, by the days of the place."""
    if cohort is None or cohort.starts_at is None or cohort.date_state == "unknown":
        return "none"
    if cohort.ends_at and now > cohort.ends_at:
        return "after"
    zone = zone_of(cohort, settings)
    today, first = now.astimezone(zone).date(), cohort.starts_at.astimezone(zone).date()
    if today == first and now > cohort.starts_at + _LATE:
        return "during"
    last = cohort.ends_at.astimezone(zone).date() if cohort.ends_at else first
    return _place_in_time((first - today).days, today > last)


def _place_in_time(days_left: int, over: bool) -> str:
    if over:
        return "after"
    if days_left > 1:
        return "before"
    return {1: "tomorrow", 0: "today"}.get(days_left, "during")


def _days(cohort: Cohort | None, zone: ZoneInfo) -> int | None:
    """How many days the training lasts, its first and last day included."""
    if cohort is None or cohort.starts_at is None or cohort.ends_at is None:
        return None
    return (cohort.ends_at.astimezone(zone).date() - cohort.starts_at.astimezone(zone).date()).days + 1


def _days_left(cohort: Cohort | None, zone: ZoneInfo, now: datetime) -> int:
    if cohort is None or cohort.starts_at is None:
        return 0
    first: date = cohort.starts_at.astimezone(zone).date()
    return (first - now.astimezone(zone).date()).days


def _at(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone) if moment else None


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _there(value: object) -> str:
    return "known" if value else "unknown"
