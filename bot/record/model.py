"""What the house knows about one candidate: plain values, opened and joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cohort:
    """People trained together. `timezone` is the place's own, or None for the company's. `fixed_from`: when a published
    date is told, as long as its notice waits; until then it can be taken back."""

    code: str
    name: str
    starts_at: datetime | None
    ends_at: datetime | None
    place: str | None
    address: str | None
    outline: Sequence[str]
    bring: Sequence[str]
    date_state: str
    date_by: datetime | None
    timezone: str | None
    lat: float | None = None
    lng: float | None = None
    seats: int | None = None
    fixed_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """Where the candidate will work."""

    code: str
    name: str
    city: str | None
    address: str | None
    phone: str | None
    manager: str | None = None
    openings: int | None = None
    lat: float | None = None
    lng: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Something to get done before day one; without `due_at` as long as nobody knows the day."""

    code: str
    due_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who waits. `confirmed_start`: the beginning of the training that they said they would come to.
    `home`: latitude and longitude. `stage_times`: when each stage was entered, oldest first. `tasks`: the next due
    first; None as long as nobody has looked them up."""

    id: int
    code: str
    name: str
    locale: str | None
    timezone: str | None
    stage: str
    stage_at: datetime
    pushes_stopped_at: datetime | None
    owner: str | None
    cohort: Cohort | None
    store: Store | None
    position: str | None = None
    offer: str | None = None
    offer_until: datetime | None = None
    confirmed_start: datetime | None = None
    home: tuple[float, float] | None = None
    page_version: int = 1
    stage_times: Sequence[tuple[str, datetime]] = ()
    notices_only_at: datetime | None = None
    tasks: Sequence[Task] | None = None
