"""What planning knows of one candidate, and what it gives: plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Plan = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PastTouch:
    """A touch that was planned before: `state` planned, sent, expired, cancelled, suppressed; `at`: when it ended.
    `about`: it is news of the training (a notice of HR's). `plan`: how it was planned, see `Planned.plan`."""

    entry: str
    occasion: str
    begins: str
    state: str
    at: datetime | None = None
    about: bool = False
    seen: bool = False
    plan: Plan = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """A candidate as planning sees them. `entered`: when each stage began. `bound_at`: since when they can be talked
    with. `done`: tasks that are done. `here`: their zone."""

    candidate_id: int
    code: str
    stage: str
    open: bool
    here: ZoneInfo
    entered: Mapping[str, datetime]
    released_at: datetime | None = None
    bound_at: datetime | None = None
    heard_at: datetime | None = None
    cohort: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    date_state: str = "unknown"
    there: ZoneInfo | None = None
    store: str = ""
    city: str = ""
    source: str = ""
    done: frozenset[str] = frozenset()
    told: Sequence[PastTouch] = ()

    @property
    def passed_at(self) -> datetime | None:
        """When the wait began."""
        return min(self.entered.values(), default=None)

    @property
    def notice(self) -> PastTouch | None:
        """What they were told last about their training."""
        sent = [each for each in self.told if each.about and each.state == "sent" and each.at]
        return max(sent, key=lambda each: each.at or datetime.min, default=None)


@dataclass(frozen=True, slots=True)
class Planned:
    """A touch as the rhythm wants it. `stale`: its moment is so long past that it is not begun any more."""

    candidate_id: int
    entry: str
    occasion: str
    kind: str
    begins: str
    at: datetime
    expires_at: datetime | None = None
    priority: int = 0
    template: str = ""
    expects: str = ""
    within: timedelta | None = None
    unmet: str = ""
    stale: bool = False
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """What of it is kept, to see whether a newer plan changes it."""
        within = int(self.within.total_seconds()) if self.within else None
        words = (self.kind, self.begins, self.template or None, self.priority)
        return (*words, self.at, self.expires_at, self.expects or None, within, self.unmet or None)
