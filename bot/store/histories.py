"""Everything that happened between some candidates and us, for bot.risk: a handful of statements for a batch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.engine.turn import NOT_UNDERSTOOD
from bot.risk.history import Duty, Heard, History, Said
from bot.settings import Settings
from bot.store.cases import OPEN
from bot.store.messages import STAFF
from bot.store.tables import (
    addresses,
    candidates,
    cases,
    checkins,
    cohorts,
    contacts,
    inbound,
    links,
    outbound,
    promises,
    stage_times,
    tasks,
    touches,
)
from bot.store.touches import TRAINING

_LOOKS_BACK = timedelta(days=60)
_ARRIVED = ("sent", "delivered", "seen")
_MOVED = TRAINING[1:2] + TRAINING[3:4]
_WANTED = (
    sa.select(
        candidates.c.id,
        candidates.c.stage,
        candidates.c.stage_at,
        candidates.c.confirmed_at,
        candidates.c.confirmed_start,
        candidates.c.pushes_stopped_at,
        candidates.c.released_at,
        cohorts.c.starts_at,
        cases.c.unanswered_since,
    )
    .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
    .outerjoin(cases, sa.and_(cases.c.candidate_id == candidates.c.id, OPEN))
)


def histories(connection: Connection, settings: Settings, ids: Sequence[int], now: datetime) -> dict[int, History]:
    """By candidate; of the last 60 days."""
    rows = list(connection.execute(_WANTED.where(candidates.c.id.in_(ids))))
    since = now - _LOOKS_BACK
    passed = _passed(connection, ids)
    heard, said, acted = _heard(connection, ids, since), _said(connection, ids, since), _acted(connection, ids, since)
    spoken, scores = _spoken(connection, ids, since), _checkins(connection, ids)
    duties, promised, lost = _tasks(connection, ids), _promises(connection, ids), _lost(connection, ids)
    found: dict[int, History] = {}
    for row in rows:
        kept = row.confirmed_at if row.confirmed_start and row.confirmed_start == row.starts_at else None
        lost_at, how = lost.get(row.id, (None, ""))
        found[row.id] = History(
            waits=row.stage not in settings.stages.closed,
            passed_at=min(filter(None, (passed.get(row.id), row.stage_at))),
            known_at=row.released_at,
            starts_at=row.starts_at,
            heard=heard[row.id],
            said=said[row.id],
            acted=acted[row.id],
            spoken=spoken[row.id],
            checkins=scores[row.id],
            tasks=duties[row.id],
            promises=promised[row.id],
            moved=[one.at for one in said[row.id] if one.entry in _MOVED],
            confirmed_at=kept,
            owed_by=row.unanswered_since and row.unanswered_since + settings.hr.answers_within,
            lost_at=lost_at,
            lost=how,
            stopped=row.pushes_stopped_at is not None,
        )
    return found


def _passed(connection: Connection, ids: Sequence[int]) -> Mapping[int, datetime]:
    wanted = sa.select(stage_times.c.candidate_id, sa.func.min(stage_times.c.at))
    first = wanted.where(stage_times.c.candidate_id.in_(ids)).group_by(stage_times.c.candidate_id)
    return {row[0]: row[1] for row in connection.execute(first)}


def _heard(connection: Connection, ids: Sequence[int], since: datetime) -> Mapping[int, list[Heard]]:
    """What nobody understood is known by the answer it got."""
    repaired = sa.exists().where(
        outbound.c.inbound_id == inbound.c.id, outbound.c.said.like(f"%{'.'.join(NOT_UNDERSTOOD)}%")
    )
    theirs = inbound.c.candidate_id.in_(ids), inbound.c.received_at > since, inbound.c.kind != "event"
    wanted = sa.select(inbound.c.candidate_id, inbound.c.received_at, inbound.c.intent, repaired.label("missed"))
    found: dict[int, list[Heard]] = defaultdict(list)
    for row in connection.execute(wanted.where(*theirs).order_by(inbound.c.id)):
        meaning = row.intent if row.intent and "." in row.intent and not row.missed else ""
        found[row.candidate_id].append(Heard(row.received_at, meaning, row.missed))
    return found


def _said(connection: Connection, ids: Sequence[int], since: datetime) -> Mapping[int, list[Said]]:
    """Only what arrived, as far as its road can tell."""
    arrived = sa.exists().where(outbound.c.touch_id == touches.c.id, outbound.c.state.in_(_ARRIVED))
    theirs = touches.c.candidate_id.in_(ids), touches.c.state == "sent", touches.c.ended_at > since, arrived
    found: dict[int, list[Said]] = defaultdict(list)
    for row in connection.execute(sa.select(touches).where(*theirs).order_by(touches.c.ended_at)):
        met = min(filter(None, (row.seen_at, row.answered_at)), default=None)
        one = Said(row.ended_at, row.entry, row.expects or "", row.entry in TRAINING, met)
        found[row.candidate_id].append(one)
    return found


def _acted(connection: Connection, ids: Sequence[int], since: datetime) -> Mapping[int, list[datetime]]:
    theirs = links.c.candidate_id.in_(ids), links.c.seen_at > since
    return _moments(connection, sa.select(links.c.candidate_id, links.c.seen_at.label("at")).where(*theirs))


def _spoken(connection: Connection, ids: Sequence[int], since: datetime) -> Mapping[int, list[datetime]]:
    """A person wrote, or reached them."""
    called = contacts.c.candidate_id.in_(ids), contacts.c.outcome == "reached", contacts.c.at > since
    wrote = outbound.c.candidate_id.in_(ids), outbound.c.said == STAFF, outbound.c.state.in_(_ARRIVED)
    wanted = sa.union_all(
        sa.select(contacts.c.candidate_id, contacts.c.at.label("at")).where(*called),
        sa.select(outbound.c.candidate_id, outbound.c.created_at).where(*wrote),
    )
    return _moments(connection, wanted)


def _moments(connection: Connection, wanted: Any) -> Mapping[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    for row in connection.execute(wanted):
        found[row.candidate_id].append(row.at)
    return defaultdict(list, {who: sorted(moments) for who, moments in found.items()})


def _checkins(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[tuple[datetime, int]]]:
    found: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    wanted = sa.select(checkins).where(checkins.c.candidate_id.in_(ids)).order_by(checkins.c.id)
    for row in connection.execute(wanted):
        found[row.candidate_id].append((row.at, row.score))
    return found


def _tasks(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[Duty]]:
    found: dict[int, list[Duty]] = defaultdict(list)
    for row in connection.execute(sa.select(tasks).where(tasks.c.candidate_id.in_(ids)).order_by(tasks.c.code)):
        found[row.candidate_id].append(Duty(row.code, row.due_at, row.done_at))
    return found


def _promises(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[Duty]]:
    found: dict[int, list[Duty]] = defaultdict(list)
    theirs = promises.c.candidate_id.in_(ids), promises.c.overdue_at.is_not(None)
    for row in connection.execute(sa.select(promises).where(*theirs).order_by(promises.c.id)):
        found[row.candidate_id].append(Duty(row.about, row.overdue_at, row.ended_at))
    return found


def _lost(connection: Connection, ids: Sequence[int]) -> Mapping[int, tuple[datetime, str]]:
    """Whose every address is gone, and how the last one went."""
    theirs = sa.select(addresses).where(addresses.c.candidate_id.in_(ids), addresses.c.channel != "email")
    gone: dict[int, list[tuple[datetime, str] | None]] = defaultdict(list)
    for row in connection.execute(theirs):
        if row.unfollowed_at:
            gone[row.candidate_id].append((row.unfollowed_at, "unfollowed"))
        elif row.unreachable_at:
            gone[row.candidate_id].append((row.unreachable_at, "undeliverable"))
        else:
            gone[row.candidate_id].append(None)
    return {who: max(filter(None, all_)) for who, all_ in gone.items() if all_ and None not in all_}
