"""Cohorts as HR handles them: how they stand, and what their candidates hear when a date changes.

Each change of what candidates were told is a version of the cohort; an open candidate hears of a version once.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ConfigError
from bot.rhythm import Planned
from bot.store import plans, promises, touches
from bot.store.db.cipher import Cipher
from bot.store.tables import addresses, candidates, cohorts, outbound
from bot.store.tables import promises as promised
from bot.store.tables import touches as told
from bot.store.visibility import Visibility, cohort_seen_by, seen_by

AT_ONCE = 200  # candidates in a transaction
TAKE_BACK = touches.TAKE_BACK
NOTICE, MOVED, CANCELLED, SLIPPED = touches.TRAINING

_SOON = timedelta(hours=24)  # whoever is to come so soon hears at once that it is another day
_SAID_BY: Mapping[str, tuple[str, int]] = {  # the step and the priority of each entry
    NOTICE: ("notice.training", 100),
    MOVED: ("notice.moved", 110),
    CANCELLED: ("notice.cancelled", 110),
    SLIPPED: ("notice.slipped", 105),
}
_ANSWERED_WITHIN = timedelta(hours=72)  # else HR calls
_ANSWERED_IN_A_HURRY = timedelta(hours=1)
NOT_READ = ("failed", "expired")  # what a message may have become
_A_DAY = "_planned"  # in the key of every text that tells a planned date
_NO_DAY = (  # the texts after which none stands
    "notice.cancelled",
    "notice.slipped",
    "notice.slipped_by",
    "training.change_undated",
    "training.no_cohort",
    "training.when_unknown",
    "training.when_unknown_by",
)
UNCONFIRMED = "unconfirmed"  # the reason of that case


@dataclass(frozen=True, slots=True)
class CohortRow:
    """A cohort as it stands in the record."""

    id: int
    code: str
    name: str
    starts_at: datetime | None
    ends_at: datetime | None
    place: str | None
    address: str | None
    lat: float | None
    lng: float | None
    date_state: str
    date_by: datetime | None
    timezone: str | None
    seats: int | None
    version: int

    @property
    def published(self) -> bool:
        return self.date_state == "published" and self.starts_at is not None

    @property
    def occasion(self) -> str:
        """By which the touches of this version are known."""
        return f"{self.code}:{self.version}"


@dataclass(frozen=True, slots=True)
class CohortCounts:
    """A cohort with its numbers of open candidates: of those whom the reader sees, how many of these have confirmed its
    present start, and of all."""

    cohort: CohortRow
    open: int
    confirmed: int
    all: int

    @property
    def free(self) -> int | None:
        """Seats that nobody has; below zero: so many candidates too many."""
        return None if self.cohort.seats is None else self.cohort.seats - self.all

    @property
    def hidden(self) -> int:
        """Open candidates whom the reader does not see."""
        return self.all - self.open


@dataclass(frozen=True, slots=True)
class CohortMember:
    """An open candidate of a cohort. `channels`: where they are bound and may be written to. `hears`: the news that a
    change is to them."""

    id: int
    code: str
    name: str
    stage: str
    confirmed: bool
    channels: tuple[str, ...]
    phone: bool
    stopped: bool
    hears: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the open candidates are to hear, and when. `later`: it is also that the date will be fixed later."""

    entry: str
    due_at: datetime
    expires_at: datetime | None
    hurry: bool = False
    later: bool = True


def find(connection: Connection, code: str) -> CohortRow:
    """Raises ConfigError where no cohort has this code."""
    row = connection.execute(sa.select(*_HELD).where(cohorts.c.code == code)).first()
    if row is None:
        raise ConfigError(f"no cohort has the code {code}")
    return CohortRow(*row)


def some(connection: Connection, ids: Collection[int]) -> list[CohortRow]:
    return [CohortRow(*row) for row in connection.execute(sa.select(*_HELD).where(cohorts.c.id.in_(ids)))]


def standings(
    connection: Connection, closed: Collection[str], code: str = "", seen: sa.ColumnElement[bool] | None = None
) -> list[CohortCounts]:
    """Every cohort, or the one with this code; the next to begin first, those without a date last. `seen`: of whom the
    reader hears."""
    theirs = (candidates.c.cohort_id == cohorts.c.id) & candidates.c.stage.not_in(closed)
    known = sa.true() if seen is None else seen
    read = sa.case((known, candidates.c.id))
    confirmed = sa.case((known & (candidates.c.confirmed_start == cohorts.c.starts_at), candidates.c.id))
    wanted = (
        sa.select(*_HELD, sa.func.count(read), sa.func.count(confirmed), sa.func.count(candidates.c.id))
        .outerjoin(candidates, theirs)
        .group_by(cohorts.c.id)
        .order_by(cohorts.c.starts_at.asc().nulls_last(), cohorts.c.code)
    )
    wanted = wanted.where(cohorts.c.code == code) if code else wanted
    return [CohortCounts(CohortRow(*row[:-3]), *row[-3:]) for row in connection.execute(wanted)]


def codes_seen(connection: Connection, sight: Visibility) -> list[str]:
    """The cohorts in which somebody is whom this one may see, and those of their scope."""
    with_them = sa.select(candidates.c.cohort_id).where(seen_by(sight), candidates.c.cohort_id.is_not(None))
    wanted = sa.select(cohorts.c.code).where(cohorts.c.id.in_(with_them) | cohort_seen_by(sight))
    return list(connection.scalars(wanted.order_by(cohorts.c.starts_at.desc().nulls_last(), cohorts.c.code)))


def members(
    connection: Connection,
    cipher: Cipher,
    cohort: CohortRow,
    closed: Collection[str],
    untold: bool = False,
    seen: sa.ColumnElement[bool] | None = None,
    entry: str = "",
    before: CohortRow | None = None,
) -> list[CohortMember]:
    """The open candidates; with `untold` only those for whom nothing was planned about this version, and with `entry`
    of these only whom that news concerns, that it is no more as `before`; with `seen` only those of whom this is so."""
    whose = _concerned(cohort, closed, entry, _fixed_later(before, cohort)) if untold else _open(cohort, closed)
    whose = whose if seen is None else whose & seen
    channels = _channels(connection, whose)
    wanted = sa.select(
        candidates.c.id,
        candidates.c.code,
        candidates.c.name,
        candidates.c.stage,
        candidates.c.phone_index,
        candidates.c.confirmed_start,
        candidates.c.pushes_stopped_at,
        _waits_for_notice(cohort).label("waits"),
    )
    return [
        CohortMember(
            row.id,
            row.code,
            cipher.open(row.name, "candidates.name"),
            row.stage,
            row.confirmed_start is not None and row.confirmed_start == cohort.starts_at,
            tuple(sorted(channels.get(row.id, ()))),
            row.phone_index is not None,
            row.pushes_stopped_at is not None,
            _heard_as(entry, row.waits),
        )
        for row in connection.execute(wanted.where(whose).order_by(candidates.c.code))
    ]


def entry_of(before: CohortRow, after: CohortRow) -> str:
    """Which news a change is to the candidates: an entry, or "" if they were told nothing that it makes untrue."""
    if before.published:
        return MOVED if after.published else CANCELLED
    if after.published:
        return NOTICE
    return SLIPPED if _slips(before, after) else ""


def step_of(entry: str) -> str:
    """The step by which the candidates hear it, as flow.step."""
    return _SAID_BY[entry][0]


def _slips(before: CohortRow, after: CohortRow) -> bool:
    """A planned date, which whoever asked was told, is another one now or open again; or the day by which it is fixed
    lies later."""
    if before.starts_at and before.date_state == "planned" and after.starts_at != before.starts_at:
        return True
    return _fixed_later(before, after) and before != after


def _fixed_later(before: CohortRow | None, after: CohortRow) -> bool:
    """Whether the day by which the date is fixed lies later; what broke off may have told that."""
    if before is None or before == after:
        return True
    return bool(before.date_by and after.date_by and after.date_by > before.date_by)


def tells_a_day(key: str) -> bool:
    """Whether who reads this text is told a planned date; these keys are named so."""
    return _A_DAY in key


def tells_of_none(key: str) -> bool:
    return key in _NO_DAY


def last_entry(connection: Connection, cohort: CohortRow) -> str:
    """Which news the present version was, or "" if nobody was told: what broke off is gone on with by it."""
    this = told.c.entry.in_(_SAID_BY), told.c.occasion == cohort.occasion
    is_no_notice = told.c.entry != NOTICE  # who had heard of no date was told of a move by a notice
    wanted = sa.select(told.c.entry).where(*this).order_by(is_no_notice.desc(), told.c.id).limit(1)
    return connection.execute(wanted).scalar() or ""


def news(entry: str, before: CohortRow, after: CohortRow, now: datetime) -> Announcement:
    """Ten minutes from now, so that it can be taken back; at once where a day that is near is no longer true."""
    starts = [cohort.starts_at for cohort in (before, after) if cohort.starts_at]
    hurry = entry in (MOVED, CANCELLED) and any(start - now < _SOON for start in starts)
    useful_until = next((at for at in (after.starts_at, after.ends_at) if at and at > now), None)
    due_at = now if hurry else now + TAKE_BACK
    return Announcement(entry, due_at, None if entry == CANCELLED else useful_until, hurry, _fixed_later(before, after))


def change(connection: Connection, before: CohortRow, after: CohortRow, entry: str, now: datetime) -> None:
    """The cohort is `after` from now on. Older news of it is taken back if there is newer; if there is none, promises
    are looked at. Raises ConfigError where somebody changed the cohort meanwhile."""
    if after == before:
        return
    was, columns = asdict(before), asdict(after)
    changed = {name: value for name, value in columns.items() if value != was[name]}
    _set(connection, before, now, **changed)
    plans.wake(connection, cohorts, [before.id], now)
    if entry:
        _take_back_older(connection, after, now)
        promises.follow(connection, cohorts, [before.id], now)
    else:
        promises.wake(connection, cohorts, [before.id], now)


def plan_announcement(
    connection: Connection, cohort: CohortRow, what: Announcement, closed: Collection[str], now: datetime
) -> int:
    """Plans the news for those whom it concerns and who have not heard of this version, at most AT_ONCE; gives for how
    many."""
    wanted = sa.select(candidates.c.id, _waits_for_notice(cohort).label("waits"))
    whom = wanted.where(_concerned(cohort, closed, what.entry, what.later)).order_by(candidates.c.id).limit(AT_ONCE)
    rows = connection.execute(whom).all()
    news = [touch_of(row.id, cohort, replace(what, entry=_heard_as(what.entry, row.waits))) for row in rows]
    touches.plan(connection, news, "hr", now, urgent=what.hurry)
    ids = [row.id for row in rows]
    if ids and cohort.published:
        _keep_promises(connection, ids, now)
    return len(ids)


def touch_of(candidate_id: int, cohort: CohortRow, what: Announcement) -> Planned:
    """Who does not answer in time is called by HR; a slip of a date that was never fixed asks for nothing."""
    begins, priority = _SAID_BY[what.entry]
    asks = {NOTICE: "confirm", MOVED: "confirm", CANCELLED: "answer" if what.hurry else ""}.get(what.entry, "")
    return Planned(
        candidate_id,
        what.entry,
        cohort.occasion,
        "notice",
        begins,
        what.due_at,
        what.expires_at,
        priority,
        "training" if what.entry in (NOTICE, MOVED) else "update",  # a card of the first kind reads as a fixed date
        asks,
        (_ANSWERED_IN_A_HURRY if what.hurry else _ANSWERED_WITHIN) if asks else None,
        UNCONFIRMED if asks else "",
    )


def is_announced(connection: Connection, cohort: CohortRow) -> bool:
    """Whether somebody was told the date of the present version, or is about to be."""
    this = told.c.entry.in_((NOTICE, MOVED)), told.c.occasion == cohort.occasion, told.c.state.in_(("planned", "sent"))
    return connection.execute(sa.select(told.c.id).where(*this).limit(1)).first() is not None


def is_of_a_move(connection: Connection, cohort: CohortRow) -> bool:
    """Whether somebody hears of the present version that the date they were told is another now."""
    this = told.c.entry == MOVED, told.c.occasion == cohort.occasion
    return connection.execute(sa.select(told.c.id).where(*this).limit(1)).first() is not None


def take_back_until(connection: Connection, cohort: CohortRow) -> datetime | None:
    """Until when the notice of the present version can be taken back; None where there is none, or it is of a move."""
    this = told.c.entry == NOTICE, told.c.occasion == cohort.occasion
    since = connection.execute(sa.select(sa.func.min(told.c.created_at)).where(*this)).scalar()
    return since + TAKE_BACK if since and cohort.published and not is_of_a_move(connection, cohort) else None


def unpublish(connection: Connection, cohort: CohortRow, now: datetime) -> int:
    """Takes the notice back from everybody, and the date is planned again; gives for how many. Raises ConfigError
    where that is too late."""
    this = told.c.entry == NOTICE, told.c.occasion == cohort.occasion
    otherwise = f"if the date is wrong: keepwarm cohorts move {cohort.code} --start …"
    if is_of_a_move(connection, cohort):
        raise ConfigError(f"{cohort.code}: it moved, and who was told before cannot be told nothing; {otherwise}")
    until = take_back_until(connection, cohort)
    if until is None:
        raise ConfigError(f"{cohort.code}: no notice is planned that could be taken back; {otherwise}")
    taken = touches.take_back(connection, NOTICE, cohort.occasion, "taken back", now)
    gone = connection.execute(sa.select(sa.func.count()).where(*this, told.c.state == "sent")).scalar_one()
    if gone or now >= until:  # who raises here takes nothing back
        raise ConfigError(f"{cohort.code}: too late to take back, the candidates are being told; {otherwise}")
    _reopen_promises(connection, cohort)
    _set(connection, cohort, now, date_state="planned")
    return taken


_HELD = tuple(cohorts.c[name] for name in CohortRow.__dataclass_fields__)


def _set(connection: Connection, was: CohortRow, now: datetime, **columns: Any) -> None:
    """Only if nobody was faster."""
    this = cohorts.c.id == was.id, cohorts.c.version == was.version, cohorts.c.date_state == was.date_state
    if connection.execute(sa.update(cohorts).where(*this).values(updated_at=now, **columns)).rowcount != 1:
        raise ConfigError(f"{was.code} was changed by somebody else meanwhile: look at it again")


def _open(cohort: CohortRow, closed: Collection[str]) -> sa.ColumnElement[bool]:
    return (candidates.c.cohort_id == cohort.id) & candidates.c.stage.not_in(closed)


def _untold(cohort: CohortRow, closed: Collection[str]) -> sa.ColumnElement[bool]:
    theirs = told.c.candidate_id == candidates.c.id, told.c.entry.in_(_SAID_BY), told.c.occasion == cohort.occasion
    return _open(cohort, closed) & ~sa.exists().where(*theirs)


def _concerned(cohort: CohortRow, closed: Collection[str], entry: str, later: bool) -> sa.ColumnElement[bool]:
    """Only who was told a date hears that it is none any more: an apology for a planned one goes to who read that date,
    or, where it is fixed `later`, to whom we promised a word by a day; a cancellation to nobody whose notice has not
    gone out yet."""
    whom = _untold(cohort, closed)
    if entry == SLIPPED:
        return whom & (_was_told_a_day() | _promised_a_date() if later else _was_told_a_day())
    return whom & ~_waits_for_notice(cohort) if entry == CANCELLED else whom


def _heard_as(entry: str, waits: bool) -> str:
    """Who has heard of no date yet hears of the first, not of a move."""
    return NOTICE if entry == MOVED and waits else entry


def _waits_for_notice(cohort: CohortRow) -> sa.ColumnElement[bool]:
    """A notice of an older version was planned for them, and none went out."""
    return sa.exists().where(*_news_of(cohort), told.c.occasion != cohort.occasion) & ~_has_heard(cohort)


def _has_heard(cohort: CohortRow) -> sa.ColumnElement[bool]:
    return sa.exists().where(*_news_of(cohort), told.c.state == "sent")


def _news_of(cohort: CohortRow) -> tuple[sa.ColumnElement[bool], ...]:
    of_it = told.c.occasion.startswith(f"{cohort.code}:", autoescape=True)
    return told.c.candidate_id == candidates.c.id, told.c.entry.in_((NOTICE, MOVED)), of_it


def _was_told_a_day() -> sa.ColumnElement[bool]:
    """What they read last of the date, in an answer or a message, named one."""
    theirs = outbound.c.candidate_id == candidates.c.id, outbound.c.state.not_in(NOT_READ)
    last = sa.select(sa.func.max(outbound.c.id)).where(*theirs)
    named = last.where(outbound.c.said.contains(_A_DAY, autoescape=True)).scalar_subquery()
    none = last.where(outbound.c.said.in_(_NO_DAY)).scalar_subquery()
    return named > sa.func.coalesce(none, 0)


def _promised_a_date() -> sa.ColumnElement[bool]:
    """Whoever asks for a date that is not fixed is promised the word about it."""
    kinds = promised.c.about.in_(promises.BY_A_DAY), promised.c.state.in_(("open", "kept"))
    return sa.exists().where(promised.c.candidate_id == candidates.c.id, *kinds)


def _channels(connection: Connection, whose: sa.ColumnElement[bool]) -> dict[int, set[str]]:
    may_be_written_to = (
        addresses.c.stopped_at.is_(None),
        addresses.c.wrong_number_at.is_(None),
        addresses.c.unfollowed_at.is_(None),
    )
    wanted = (
        sa.select(addresses.c.candidate_id, addresses.c.channel)
        .join(candidates, addresses.c.candidate_id == candidates.c.id)
        .where(whose, *may_be_written_to)
    )
    found: dict[int, set[str]] = {}
    for candidate_id, channel in connection.execute(wanted):
        found.setdefault(candidate_id, set()).add(channel)
    return found


def _take_back_older(connection: Connection, cohort: CohortRow, now: datetime) -> None:
    older = [f"{cohort.code}:{version}" for version in range(1, cohort.version)]
    waiting = (
        sa.select(told.c.entry, told.c.occasion)
        .where(told.c.state == "planned", told.c.entry.in_(_SAID_BY), told.c.occasion.in_(older))
        .distinct()
    )
    for entry, occasion in connection.execute(waiting).all():
        touches.take_back(connection, entry, occasion, f"newer: {cohort.occasion}", now)


def _keep_promises(connection: Connection, ids: Collection[int], now: datetime) -> None:
    """The notice tells what was promised. Who wants no messages hears it later: that promise stays."""
    hear = sa.select(candidates.c.id).where(candidates.c.id.in_(ids), candidates.c.pushes_stopped_at.is_(None))
    theirs = promised.c.state == "open", promised.c.about.in_(promises.BY_A_DAY), promised.c.candidate_id.in_(hear)
    connection.execute(sa.update(promised).where(*theirs).values(state="kept", ended_at=now))


def _reopen_promises(connection: Connection, cohort: CohortRow) -> None:
    """Those that this notice would have kept, unless the same was promised again since."""
    again = promised.alias("again")
    notice = sa.exists().where(
        told.c.candidate_id == promised.c.candidate_id,
        told.c.entry == NOTICE,
        told.c.occasion == cohort.occasion,
        told.c.created_at == promised.c.ended_at,
    )
    since = sa.exists().where(
        again.c.candidate_id == promised.c.candidate_id, again.c.about == promised.c.about, again.c.state == "open"
    )
    kept = promised.c.state == "kept", promised.c.about.in_(promises.BY_A_DAY)
    connection.execute(sa.update(promised).where(*kept, notice, ~since).values(state="open", ended_at=None))
