"""What the house knows about one candidate: plain values, opened and joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Cohort:
    """People trained together. `timezone` is the place's own, or None for the company's."""

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


@dataclass(frozen=True, slots=True)
class Store:
    """Where the candidate will work."""

    code: str
    name: str
    city: str | None
    address: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who waits. `stage_times`: when each stage was entered, oldest first."""

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
    stage_times: Sequence[tuple[str, datetime]] = ()
