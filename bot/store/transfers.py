"""One candidate comes to another training, or to none: who was told a date hears that it is not theirs any more; who
was told none hears of one that others were told."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import cohorts, people, touches
from bot.store.cohorts import CANCELLED, MOVED, NOTICE, SLIPPED, CohortRow
from bot.store.tables import candidates, outbound
from bot.store.tables import touches as planned

_A_DAY = timedelta(days=1)
_TRANSFERRED = "notice.transferred"
NOWHERE = "-"  # in place of a cohort's code: none
_FIXED, _PLANNED, _NONE = "fixed", "planned", ""  # what somebody was told last
_FIXED_DAY = frozenset(  # the texts that tell when a published training begins
    """
    countdown.week_confirmed countdown.week countdown.three countdown.three_unconfirmed countdown.tomorrow_confirmed
    countdown.tomorrow countdown.tomorrow_no_place countdown.today countdown.today_no_place notice.training
    notice.training_confirmed notice.moved reminder.unread reminder.unread_again stage.next_training_notice
    stage.wanted_training_dated tasks.confirm tasks.pack tasks.ready tasks.go tasks.confirm_too training.when_published
    training.when_confirmed training.when_tomorrow training.when_tomorrow_confirmed training.when_today
    training.when_during training.when_over training.where_today training.where_unknown_soon training.way_today
    training.bring_tomorrow training.how_long_known training.how_long_during training.how_long_over training.change
    training.change_soon training.change_during training.change_over training.confirm_done training.confirm_tomorrow
    training.confirm_today training.confirm_already training.late_tomorrow training.late_before training.ill_before
    training.ill_keep training.ill_over
    """.split()  # noqa: SIM905
)


def tells_a_fixed_day(key: str) -> bool:
    """Whether who reads this text is told the date of a training that is published."""
    return key in _FIXED_DAY


def is_over(cohort: CohortRow, now: datetime) -> bool:
    """Whether nobody can come to it any more; one whose end nobody knows lasts a day."""
    return cohort.starts_at is not None and (cohort.ends_at or cohort.starts_at + _A_DAY) <= now


def is_too_late(connection: Connection, candidate_id: int, code: str, closed: Collection[str], now: datetime) -> bool:
    """Whether who still waits would come to a cohort that is over; of who waits no more the record may say so."""
    return people.stage_of(connection, candidate_id) not in closed and is_over(cohorts.find(connection, code), now)


def hears(
    connection: Connection, ids: Sequence[int], before: CohortRow | None, after: CohortRow | None, now: datetime
) -> dict[int, str]:
    """Which news such a move is to each of these candidates, as an entry; who is left out hears nothing: they were told
    no date, and nobody was told one of where they come to."""
    to = after or _nowhere()
    waiting, last = _waiting(connection, ids), _told(connection, ids)
    ahead = before is not None and before.starts_at is not None and not is_over(before, now)
    first = NOTICE if _begins_later(to, now) and cohorts.is_announced(connection, to) else ""
    found = {}
    for candidate_id in ids:
        if candidate_id in waiting and _is_undone(connection, candidate_id, to):
            continue
        told = last.get(candidate_id, _NONE)
        entry = _entry(told, before, to, now) if told and (ahead or candidate_id in waiting) else first
        if entry:
            found[candidate_id] = entry
    return found


def follow(
    connection: Connection,
    moves: Iterable[tuple[int, int | None, int | None]],
    closed: Collection[str],
    now: datetime,
) -> None:
    """`moves`: (candidate, cohort before, cohort now) by their ids; call it once the record is written, in the same
    transaction. What was planned to be said of the training before is taken back, and who still waits hears what this
    is to them."""
    groups: dict[tuple[int | None, int | None], list[int]] = defaultdict(list)
    for candidate_id, was, is_ in moves:
        if was != is_:
            groups[was, is_].append(candidate_id)
    if not groups:
        return
    known = _cohorts(connection, {number for pair in groups for number in pair if number})
    said = []
    for (was, is_), ids in groups.items():
        before, after = known.get(was or 0), known.get(is_ or 0)
        open_ = sa.select(candidates.c.id).where(candidates.c.id.in_(ids), candidates.c.stage.not_in(closed))
        waiting = list(connection.scalars(open_.order_by(candidates.c.id)))
        news = hears(connection, waiting, before, after, now)
        _take_back(connection, waiting, now)
        said.append((news, before or _nowhere(), after or _nowhere()))
    for each in said:  # only then: what is said to some of them is no notice that went before
        _say(connection, *each, now)


def _begins_later(cohort: CohortRow, now: datetime) -> bool:
    return cohort.published and cohort.starts_at is not None and cohort.starts_at > now


def _entry(told: str, before: CohortRow | None, after: CohortRow, now: datetime) -> str:
    """Where both are alike to whoever comes, there is nothing to say."""
    as_before = before is not None and (before.starts_at, before.place, before.address) == (
        after.starts_at,
        after.place,
        after.address,
    )
    if after.published and not is_over(after, now):
        if told == _FIXED:
            return "" if as_before else MOVED
        return NOTICE
    if told == _PLANNED:
        return "" if before is not None and before.starts_at == after.starts_at else SLIPPED
    return CANCELLED


def _say(connection: Connection, news: Mapping[int, str], before: CohortRow, after: CohortRow, now: datetime) -> None:
    for entry in sorted(set(news.values())):
        what = cohorts.news(entry, before, after, now)
        whom = [candidate_id for candidate_id, its in news.items() if its == entry]
        said = [cohorts.touch_of(candidate_id, after, what) for candidate_id in whom]
        if entry == CANCELLED and after.id:  # it takes place without them
            said = [replace(each, begins=_TRANSFERRED) for each in said]
        touches.plan_anew(connection, said, "hr", now, urgent=what.hurry)


def _told(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """What each was told last of a date, by the texts that went out to them."""
    wanted = sa.select(outbound.c.candidate_id, outbound.c.said).where(
        outbound.c.candidate_id.in_(ids), outbound.c.said.is_not(None), outbound.c.state.not_in(cohorts.NOT_READ)
    )
    found: dict[int, str] = {}
    for row in connection.execute(wanted.order_by(outbound.c.id)):
        for key in row.said.split():
            if cohorts.tells_of_none(key):  # before the next: a slip may name the next planned day
                found[row.candidate_id] = _NONE
            if cohorts.tells_a_day(key):
                found[row.candidate_id] = _PLANNED
            elif tells_a_fixed_day(key):
                found[row.candidate_id] = _FIXED
    return found


def _is_undone(connection: Connection, candidate_id: int, to: CohortRow) -> bool:
    """Whether they come back to where their last notice said, before they heard of anything else."""
    last = touches.last_news(connection, candidate_id)
    return last is not None and last.occasion == to.occasion


def _waiting(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Who was about to hear that their date is another or none: what they were told is still what they believe."""
    these = planned.c.candidate_id.in_(ids), planned.c.entry.in_(touches.TRAINING), planned.c.state == "planned"
    return set(connection.scalars(sa.select(planned.c.candidate_id).where(*these, planned.c.entry != NOTICE)))


def _take_back(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    these = planned.c.candidate_id.in_(ids), planned.c.entry.in_(touches.TRAINING), planned.c.state == "planned"
    ended = {"state": "cancelled", "reason": "the candidate is in another cohort now", "ended_at": now}
    connection.execute(sa.update(planned).where(*these).values(ended))


def _cohorts(connection: Connection, ids: Collection[int]) -> dict[int, CohortRow]:
    return {held.id: held for held in cohorts.some(connection, ids)}


def _nowhere() -> CohortRow:
    """What stands for no cohort."""
    nothing = dict.fromkeys(CohortRow.__dataclass_fields__)
    return CohortRow(**nothing | {"id": 0, "code": NOWHERE, "name": "", "date_state": "unknown", "version": 1})  # type: ignore[arg-type]
