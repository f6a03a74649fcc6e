"""What the rhythm is, once read: what is said when, to whom. flows/README.md says how it is written."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal

Kind = Literal["notice", "story"]
STORIES = "stories"  # `begins`: the next employee story that the person has not heard
CASE = "case "  # `begins`: nothing is said, HR gets a case with this reason
DUE, SAID = "due", "said"  # the first word of a base: by when a task is to be done, when an entry was said
_BASES = ("released", "bound", "heard", "start", "end", "notice")


@dataclass(frozen=True, slots=True)
class RhythmMoment:
    """A moment of the record, so long before or after, perhaps at an hour of that day, by the candidate's clock.

    `base`: a stage (when it was entered), released, bound, heard (their last message), start, end, notice (when they
    were last told about the training), `wait 1/3` (that part of the wait is over), `due CODE` (of a task), `said ENTRY`
    (when that was said last).
    """

    base: str
    offset: timedelta = timedelta(0)
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Every:
    """How an entry repeats: every so many days, or each week on a day (0 is Monday) at an hour."""

    days: int = 0
    weekday: int = 0
    at: time | None = None


@dataclass(frozen=True, slots=True)
class Expects:
    """What we hope for after it was said, how long we wait for that, and the reason of the case that is opened then
    ("" for none)."""

    what: Literal["answer", "seen", "confirm"]
    within: timedelta
    unmet: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an entry is for; what is empty excludes nobody. `share`: so many of 100 candidates, always the same ones."""

    stages: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    cities: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    share: int = 100

    def has(self, code: str, entry: str, stage: str, store: str, city: str, source: str) -> bool:
        wanted = ((self.stages, stage), (self.stores, store), (self.cities, city), (self.sources, source))
        return all(not named or value in named for named, value in wanted) and self._chosen(code, entry)

    def _chosen(self, code: str, entry: str) -> bool:
        """By a hash, so that nobody changes sides."""
        if self.share >= 100:
            return True
        return int.from_bytes(hashlib.sha256(f"{entry}|{code}".encode()).digest()[:4]) % 100 < self.share


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is said, once or again and again.

    `moments`: the latest of them counts. `begins`: the steps that say it, each in turn if there are several. `when`:
    facts that must be so when it is said. `only`: unbound, bound, unseen, fresh, late, `open CODE`. `expires`: how long
    it is worth saying after its moment, or a moment itself. `hours`: other hours than those of config.yaml. `mailed`:
    by e-mail too.
    """

    name: str
    kind: Kind
    moments: tuple[RhythmMoment, ...]
    begins: tuple[str, ...]
    every: Every | None = None
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    expects: Expects | None = None
    expires: timedelta | RhythmMoment = timedelta(days=2)
    hours: tuple[int, int] | None = None
    priority: int = 0
    template: str = ""
    skip_holidays: bool = False
    mailed: bool = False
    audience: Audience = Audience()

    @property
    def bases(self) -> frozenset[str]:
        return frozenset(moment.base for moment in self.moments)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """All entries, in their order; the tasks with their due moments; `wait`: how long the wait is taken to be while no
    date is known. `stories`: the steps of the employee stories. `version` tells one rhythm from another."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    tasks: Mapping[str, RhythmMoment] = field(default_factory=dict)
    wait: timedelta = timedelta(days=21)
    stories: tuple[str, ...] = ()
    version: str = ""

    def is_followed(self, entry: str) -> bool:
        """Whether another one is counted from when this is said."""
        return any(f"{SAID} {entry}" in other.bases for other in self.entries.values())


def is_base(word: str, stages: tuple[str, ...], tasks: tuple[str, ...], entries: tuple[str, ...]) -> bool:
    """Whether a moment may be counted from this."""
    first, _, rest = word.partition(" ")
    if first == "wait":
        part = rest.split("/")
        return len(part) == 2 and all(n.isdecimal() for n in part) and 0 < int(part[0]) < int(part[1]) < 100
    if first == DUE:
        return rest in tasks
    if first == SAID:
        return rest in entries
    return word in _BASES or word in stages


def bases() -> str:
    """What moments may be counted from, for a fault's text."""
    return ", ".join((*_BASES, "a stage", "wait 1/3", f"{DUE} TASK", f"{SAID} ENTRY"))
