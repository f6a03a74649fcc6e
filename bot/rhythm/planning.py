"""From the rhythm and one candidate's situation to their touches. Pure: a plan can be shown before it is kept, and is
made anew whenever the record changes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from bot.rhythm import holidays
from bot.rhythm.entries import CASE, DUE, SAID, STORIES, Entry, Every, Rhythm, RhythmMoment
from bot.rhythm.situation import PastTouch, Planned, Situation
from bot.values.worktime import NOTHING_EXTRA, Extra

HORIZON = timedelta(days=14)  # so far ahead what repeats is planned
AGAIN = timedelta(days=7)  # after which it is planned on
_MISSED = timedelta(hours=2)  # so long before the release a touch was missed for good
_FRESH = timedelta(days=1)  # who passed so long before the release waits already
_MOST_REPEATS = 60


@dataclass(frozen=True, slots=True)
class Plan:
    """`again_at`: when to plan on, if something repeats beyond the horizon. `due`: when each task is to be done."""

    touches: tuple[Planned, ...]
    due: dict[str, datetime | None]
    again_at: datetime | None = None


def plan(
    rhythm: Rhythm,
    situation: Situation,
    now: datetime,
    country: str,
    until: datetime | None = None,
    extra: Extra = NOTHING_EXTRA,
) -> Plan:
    """What is to be said to the candidate, as it stands now, up to `until` (14 days from now). Who is not released, or
    does not wait any more, hears nothing. `country`: whose holidays are kept, with what the company names beside."""
    if not situation.open or situation.released_at is None:
        return Plan((), {})
    is_holiday = partial(holidays.is_holiday, country=country, extra=extra)
    return _Planning(rhythm, situation, now, is_holiday, until or now + HORIZON).plan()


class _Planning:
    """One candidate's plan in the making."""

    def __init__(
        self,
        rhythm: Rhythm,
        situation: Situation,
        now: datetime,
        is_holiday: Callable[[date], bool],
        until: datetime,
    ) -> None:
        self.rhythm, self.who, self.now, self.is_holiday, self.until = rhythm, situation, now, is_holiday, until
        self.cut = False  # whether something repeats beyond the horizon
        self.missed = False
        assert situation.released_at
        self.released_at: datetime = situation.released_at
        self.notice = situation.notice if situation.date_state == "published" else None  # of what was cancelled: none
        self.bases = self._bases()

    def plan(self) -> Plan:
        due = {code: self._at(moment) for code, moment in self.rhythm.tasks.items()}
        touches = [touch for entry in self._entries(late=False) for touch in self._of(entry)]
        touches += [touch for entry in self._entries(late=True) if self.missed for touch in self._of(entry)]
        again_at = self.now + AGAIN if self.cut else None
        return Plan(tuple(sorted(touches, key=lambda each: (each.at, -each.priority, each.entry))), due, again_at)

    def _entries(self, late: bool) -> Iterator[Entry]:
        return (entry for entry in self.rhythm.entries.values() if ("late" in entry.only) is late)

    def _of(self, entry: Entry) -> Iterator[Planned]:
        """What was missed before the release stays unsaid; the entries for late ones say where they stand instead."""
        who = self.who
        if not entry.audience.has(who.code, entry.name, who.stage, who.store, who.city, who.source):
            return
        if not all(self._holds(word) for word in entry.only):
            return
        for at, occasion, begins in self._times(entry):
            if at < self.released_at - _MISSED and not self._told_of(entry.name, occasion):
                self.missed = self.missed or not begins.startswith(CASE)
                continue
            yield self._planned(entry, at, occasion, begins)

    def _planned(self, entry: Entry, at: datetime, occasion: str, begins: str) -> Planned:
        expires_at = at + entry.expires if isinstance(entry.expires, timedelta) else self._at(entry.expires)
        if entry.every and expires_at and (day := self._first_day()):
            expires_at = min(expires_at, day)  # put off, it would come on the first day
        expects = entry.expects
        return Planned(
            self.who.candidate_id,
            entry.name,
            occasion,
            entry.kind,
            begins,
            at,
            expires_at,
            entry.priority,
            entry.template,
            expects.what if expects else "",
            expects.within if expects else None,
            expects.unmet if expects else "",
            stale=expires_at is not None and expires_at <= self.now,
            when=entry.when,
        )

    def _holds(self, word: str) -> bool:
        who = self.who
        if word.startswith("open "):
            return word.removeprefix("open ") not in who.done
        return {
            "bound": who.bound_at is not None,
            "unbound": who.bound_at is None,
            "unseen": self.notice is not None and not self.notice.seen,
            "fresh": who.passed_at is not None and who.passed_at >= self.released_at - _FRESH,
            "late": True,
        }[word]

    def _times(self, entry: Entry) -> Iterator[tuple[datetime, str, str]]:
        """Moment, occasion and step of each time that the entry is said."""
        moments = [self._at(moment) for moment in entry.moments]
        known = [at for at in moments if at is not None]
        if len(known) < len(moments):
            return
        first = max(known)
        if entry.every is None:
            yield first, self._occasion(entry), entry.begins[0]
        elif entry.begins == (STORIES,):
            yield from self._stories(entry, first, entry.every)
        else:
            for at, begins in zip(self._repeats(entry, first, entry.every), entry.begins, strict=False):
                yield at, begins, begins

    def _stories(self, entry: Entry, first: datetime, every: Every) -> Iterator[tuple[datetime, str, str]]:
        """Each time the next that the person has not heard; one that expired unheard may come again."""
        past = {told.occasion: told for told in self.who.told if told.entry == entry.name and told.state != "planned"}
        heard = {told.begins for told in past.values() if told.state == "sent"}
        fresh = iter([step for step in self.rhythm.stories if step not in heard])
        for at in self._repeats(entry, first, every):
            occasion = at.astimezone(self.who.here).date().isoformat()
            begins = past[occasion].begins if occasion in past else next(fresh, "")
            if not begins:
                return
            yield at, occasion, begins

    def _repeats(self, entry: Entry, first: datetime, every: Every) -> Iterator[datetime]:
        """From the first time until the day of the training; only workplace holidays are left out, if so wished."""
        end = self._first_day()
        at = first if every.days else _next_weekday(first, every, self.who.here)
        step = timedelta(days=every.days or 7)
        for _ in range(_MOST_REPEATS):
            if at >= self.until:
                self.cut = True
                return
            if end is not None and at >= end:
                return
            place = at.astimezone(self.who.there or self.who.here).date()
            if not (entry.skip_holidays and self.is_holiday(place)):
                yield at
            at = _later(at, step, self.who.here)

    def _first_day(self) -> datetime | None:
        """When the day of the training begins, by the candidate's clock."""
        if self.who.starts_at is None or self.who.date_state == "unknown":
            return None
        day = self.who.starts_at.astimezone(self.who.here)
        return day.replace(hour=0, minute=0, second=0, microsecond=0)

    def _occasion(self, entry: Entry) -> str:
        """By which one time is told from another: another start, another notice, another message of theirs."""
        who, bases = self.who, self._counted_from(entry)
        if "notice" in bases and self.notice:
            return self.notice.occasion
        if bases & {"start", "end"} and who.starts_at:
            return who.starts_at.astimezone(who.there or who.here).date().isoformat()
        if "heard" in bases and who.heard_at:
            return who.heard_at.isoformat(timespec="seconds")
        return ""

    def _counted_from(self, entry: Entry) -> frozenset[str]:
        """A task's day is counted from something too."""
        tasks = (base.removeprefix(f"{DUE} ") for base in entry.bases if base.startswith(f"{DUE} "))
        return entry.bases | {self.rhythm.tasks[task].base for task in tasks}

    def _told_of(self, entry: str, occasion: str) -> bool:
        return any(told.entry == entry and told.occasion == occasion for told in self.who.told)

    def _at(self, moment: RhythmMoment) -> datetime | None:
        base = self._base(moment.base)
        if base is None:
            return None
        at = _later(base, moment.offset, self.who.here)
        return at if moment.at is None else _on_day(at, moment.at, self.who.here)

    def _base(self, name: str) -> datetime | None:
        first, _, rest = name.partition(" ")
        if first == "wait":
            return self._part_of_wait(rest)
        if first == DUE:
            return self._at(self.rhythm.tasks[rest])
        if first == SAID:
            return self._said(rest)
        return self.bases[name] if name in self.bases else self.who.entered.get(name)

    def _said(self, entry: str) -> datetime | None:
        said = [told.at for told in self.who.told if told.entry == entry and told.state == "sent" and told.at]
        return max(said, default=None)

    def _bases(self) -> dict[str, datetime | None]:
        who, fixed = self.who, self.who.date_state != "unknown"
        return {
            "released": who.released_at,
            "bound": who.bound_at,
            "heard": who.heard_at,
            "start": who.starts_at if fixed else None,
            "end": who.ends_at if fixed else None,
            "notice": self.notice.at if self.notice else None,
        }

    def _part_of_wait(self, part: str) -> datetime | None:
        """The wait ends with the training; while that has no date, it is taken to last as long as the rhythm says."""
        began = self.who.passed_at
        if began is None:
            return None
        of, all_ = map(int, part.split("/"))
        end = self._base("start") or began + self.rhythm.wait
        return began + (end - began) * of / all_ if end > began else None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a plan changes: `new` touches, `back` ones that were cancelled, `other` ones that are planned otherwise now,
    and those that are `gone` from it."""

    new: tuple[Planned, ...]
    back: tuple[Planned, ...]
    other: tuple[Planned, ...]
    gone: tuple[PastTouch, ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.back or self.other or self.gone)


def difference(planned: Sequence[Planned], told: Sequence[PastTouch]) -> Difference:
    """From what is planned already to a newer plan. What was said, or has expired, stays as it is; what is so late that
    it is no use any more is not begun."""
    before = {(each.entry, each.occasion): each for each in told}
    wanted = {(each.entry, each.occasion): each for each in planned}
    new, back, other = [], [], []
    for key, each in wanted.items():
        known = before.get(key)
        if known is None and not each.stale:
            new.append(each)
        elif known and known.state == "cancelled" and not each.stale:
            back.append(each)
        elif known and known.state == "planned" and known.plan != each.plan:
            other.append(each)
    gone = [each for key, each in before.items() if each.state == "planned" and key not in wanted]
    return Difference(tuple(new), tuple(back), tuple(other), tuple(gone))


def _later(at: datetime, offset: timedelta, zone: ZoneInfo) -> datetime:
    """Whole days go by the clock on the wall, hours by the clock that never stops."""
    if offset.seconds or offset.microseconds:
        return at + offset
    wall = (at.astimezone(zone).replace(tzinfo=None) + offset).replace(tzinfo=zone)
    return wall.astimezone(at.tzinfo)


def _on_day(at: datetime, hour: time, zone: ZoneInfo) -> datetime:
    wall = at.astimezone(zone).replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return wall.astimezone(at.tzinfo)


def _next_weekday(first: datetime, every: Every, zone: ZoneInfo) -> datetime:
    """The first such day and hour that is not before `first`."""
    assert every.at
    ahead = (every.weekday - first.astimezone(zone).weekday()) % 7
    at = _on_day(_later(first, timedelta(days=ahead), zone), every.at, zone)
    return at if at >= first else _later(at, timedelta(days=7), zone)


def without(plan: Plan, told: Sequence[PastTouch]) -> Plan:
    """The plan less what was said already: what is still to come."""
    ended = {(each.entry, each.occasion) for each in told if each.state not in ("planned", "cancelled")}
    return replace(plan, touches=tuple(t for t in plan.touches if (t.entry, t.occasion) not in ended and not t.stale))
