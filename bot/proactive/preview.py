"""What would be said to whom and when, and what another rhythm or date would alter, before it does."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.rhythm import Planned, Rhythm, Situation, plan
from bot.rhythm.planning import without
from bot.settings import Settings
from bot.store import plans
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database

_AT_ONCE = 200  # candidates that are read together


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One thing that is to be said. `at`: by the candidate's clock. `held`: the candidate is not released yet.
    `change`: what another rhythm or date would make of it: new, gone, other, or ""."""

    at: datetime
    candidate: str
    entry: str
    occasion: str
    kind: str
    begins: str
    when: str
    held: bool
    change: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the calendar is to be compared with: another rhythm, or another start of a cohort."""

    rhythm: Rhythm | None = None
    starts: tuple[str, datetime] | None = None


def coming(
    current: Rhythm,
    settings: Settings,
    database: Database,
    cipher: Cipher,
    ids: Sequence[int],
    now: datetime,
    ahead: timedelta,
    change: Comparison | None = None,
) -> Iterator[PreviewLine]:
    """What is to come for these candidates, day by day; with `change` only what that alters. Who is not released is
    shown as if that happened now."""
    lines: list[PreviewLine] = []
    for begin in range(0, len(ids), _AT_ONCE):
        part = ids[begin : begin + _AT_ONCE]
        for who in database.read(lambda c, part=part: plans.situations(c, cipher, settings, part)):  # type: ignore[misc]
            known = replace(who, released_at=who.released_at or now)
            before = _still(current, known, settings, now, ahead)
            lines += _altered(before, known, change, current, settings, now, ahead) if change else before
    yield from sorted(lines, key=lambda line: (line.at, line.candidate, line.entry))


def counted_by(lines: Sequence[PreviewLine]) -> list[tuple[date, str, str, int]]:
    """Day, entry, kind and how many, in order."""
    counts = Counter((line.at.date(), line.entry, line.kind) for line in lines)
    return [(*key, count) for key, count in sorted(counts.items())]


def counted(lines: Sequence[PreviewLine]) -> Iterator[str]:
    """How many of each entry a day."""
    for day, entry, kind, count in counted_by(lines):
        yield f"{day:%Y-%m-%d %a}  {count:6,}  {kind:<6}  {entry}"


def _still(rhythm: Rhythm, who: Situation, settings: Settings, now: datetime, ahead: timedelta) -> list[PreviewLine]:
    country = settings.pushes.holidays
    wanted = plan(rhythm, who, now, country, now + ahead, settings.extra_days(country))
    planned = without(wanted, who.told).touches
    return [_line(each, who, now) for each in planned if each.at < now + ahead]


def _altered(
    before: Sequence[PreviewLine],
    who: Situation,
    change: Comparison,
    current: Rhythm,
    settings: Settings,
    now: datetime,
    ahead: timedelta,
) -> list[PreviewLine]:
    other = who
    if change.starts and who.cohort == change.starts[0]:
        other = replace(who, starts_at=change.starts[1])
    after = _still(change.rhythm or current, other, settings, now, ahead)
    was = {(line.entry, line.occasion): line for line in before}
    becomes = {(line.entry, line.occasion): line for line in after}
    gone = [replace(line, change="gone") for key, line in was.items() if key not in becomes]
    new = [replace(line, change="new") for key, line in becomes.items() if key not in was]
    moved = [replace(line, change="other") for key, line in becomes.items() if key in was and was[key] != line]
    return [*gone, *new, *moved]


def _line(each: Planned, who: Situation, now: datetime) -> PreviewLine:
    when = ", ".join(f"{fact}: {'/'.join(sorted(words))}" for fact, words in each.when.items())
    at = max(each.at, now).astimezone(who.here)
    return PreviewLine(at, who.code, each.entry, each.occasion, each.kind, each.begins, when, who.released_at == now)
