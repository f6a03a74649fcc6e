"""Everything that happened between some candidates and us, for bot.risk: a handful of statements for a batch."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.engine.turn import NOT_UNDERSTOOD
from bot.record.vocabulary import DANGER
from bot.risk.history import Duty, History, MessageHeard, MessageSent
from bot.settings import Settings
from bot.store.cases import OPEN
from bot.store.db.prepared import Prepared, word
from bot.store.messages import STAFF
from bot.store.signs import is_sign
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

Rows = Sequence[Any]
_LOOKS_BACK = timedelta(days=60)
_ARRIVED = tuple(map(word, ("sent", "delivered", "seen")))
_MOVED = TRAINING[1:2] + TRAINING[3:4]
_IDS: sa.BindParameter[Any] = sa.bindparam("ids")
_SINCE: sa.BindParameter[Any] = sa.bindparam("since")
_WANTED = Prepared(
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
        cases.c.urgency,
    )
    .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
    .outerjoin(cases, sa.and_(cases.c.candidate_id == candidates.c.id, OPEN))
    .where(candidates.c.id.in_(_IDS))
)
_PASSED = Prepared(
    sa.select(stage_times.c.candidate_id, sa.func.min(stage_times.c.at).label("at"))
    .where(stage_times.c.candidate_id.in_(_IDS))
    .group_by(stage_times.c.candidate_id)
)
_REPAIRED = sa.exists().where(
    outbound.c.inbound_id == inbound.c.id, outbound.c.said.like(f"%{'.'.join(NOT_UNDERSTOOD)}%")
)
_HEARD = Prepared(
    sa.select(inbound.c.candidate_id, inbound.c.received_at, inbound.c.intent, _REPAIRED.label("missed"))
    .where(inbound.c.candidate_id.in_(_IDS), inbound.c.received_at > _SINCE, is_sign)
    .order_by(inbound.c.id)
)
_SAID = Prepared(
    sa.select(
        touches.c.candidate_id,
        touches.c.ended_at,
        touches.c.entry,
        touches.c.expects,
        touches.c.seen_at,
        touches.c.answered_at,
    )
    .where(
        touches.c.candidate_id.in_(_IDS),
        touches.c.state == word("sent"),
        touches.c.ended_at > _SINCE,
        sa.exists().where(outbound.c.touch_id == touches.c.id, outbound.c.state.in_(_ARRIVED)),
    )
    .order_by(touches.c.ended_at)
)
_ACTED = Prepared(
    sa.select(links.c.candidate_id, links.c.seen_at.label("at")).where(
        links.c.candidate_id.in_(_IDS), links.c.seen_at > _SINCE
    )
)
_CALLED = Prepared(
    sa.select(contacts.c.candidate_id, contacts.c.at).where(
        contacts.c.candidate_id.in_(_IDS), contacts.c.outcome == word("reached"), contacts.c.at > _SINCE
    )
)
_WROTE = Prepared(
    sa.select(outbound.c.candidate_id, outbound.c.created_at.label("at")).where(
        outbound.c.candidate_id.in_(_IDS), outbound.c.said == STAFF, outbound.c.state.in_(_ARRIVED)
    )
)
_CHECKINS = Prepared(sa.select(checkins).where(checkins.c.candidate_id.in_(_IDS)).order_by(checkins.c.id))
_TASKS = Prepared(sa.select(tasks).where(tasks.c.candidate_id.in_(_IDS)).order_by(tasks.c.code))
_PROMISES = Prepared(
    sa.select(promises)
    .where(promises.c.candidate_id.in_(_IDS), promises.c.overdue_at.is_not(None))
    .order_by(promises.c.id)
)
_ADDRESSES = Prepared(
    sa.select(addresses.c.candidate_id, addresses.c.unfollowed_at, addresses.c.unreachable_at).where(
        addresses.c.candidate_id.in_(_IDS), addresses.c.channel != word("email")
    )
)


def histories(connection: Connection, settings: Settings, ids: Sequence[int], now: datetime) -> dict[int, History]:
    """By candidate; of the last 60 days."""
    theirs = {"ids": ids}
    lately = {"ids": ids, "since": now - _LOOKS_BACK}
    rows = _WANTED.rows(connection, theirs)
    passed = dict(_PASSED.rows(connection, theirs))
    heard, said = _heard(_HEARD.rows(connection, lately)), _said(_SAID.rows(connection, lately))
    acted = _moments(_ACTED.rows(connection, lately))
    spoken = _moments(_CALLED.rows(connection, lately) + _WROTE.rows(connection, theirs))
    scores, duties = _checkins(_CHECKINS.rows(connection, theirs)), _tasks(_TASKS.rows(connection, theirs))
    promised, lost = _promises(_PROMISES.rows(connection, theirs)), _lost(_ADDRESSES.rows(connection, theirs))
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
            endangered=row.urgency == DANGER,
        )
    return found


def _heard(rows: Rows) -> Mapping[int, list[MessageHeard]]:
    """What nobody understood is known by the answer it got."""
    found: dict[int, list[MessageHeard]] = defaultdict(list)
    for row in rows:
        meaning = row.intent if row.intent and "." in row.intent and not row.missed else ""
        found[row.candidate_id].append(MessageHeard(row.received_at, meaning, bool(row.missed)))
    return found


def _said(rows: Rows) -> Mapping[int, list[MessageSent]]:
    """Only what arrived, as far as its road can tell."""
    found: dict[int, list[MessageSent]] = defaultdict(list)
    for row in rows:
        met = min(filter(None, (row.seen_at, row.answered_at)), default=None)
        one = MessageSent(row.ended_at, row.entry, row.expects or "", row.entry in TRAINING, met)
        found[row.candidate_id].append(one)
    return found


def _moments(rows: Rows) -> Mapping[int, list[datetime]]:
    found: dict[int, list[datetime]] = defaultdict(list)
    for row in rows:
        found[row.candidate_id].append(row.at)
    return defaultdict(list, {who: sorted(moments) for who, moments in found.items()})


def _checkins(rows: Rows) -> Mapping[int, list[tuple[datetime, int]]]:
    found: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for row in rows:
        found[row.candidate_id].append((row.at, row.score))
    return found


def _tasks(rows: Rows) -> Mapping[int, list[Duty]]:
    found: dict[int, list[Duty]] = defaultdict(list)
    for row in rows:
        found[row.candidate_id].append(Duty(row.code, row.due_at, row.done_at))
    return found


def _promises(rows: Rows) -> Mapping[int, list[Duty]]:
    found: dict[int, list[Duty]] = defaultdict(list)
    for row in rows:
        found[row.candidate_id].append(Duty(row.about, row.overdue_at, row.ended_at))
    return found


def _lost(rows: Rows) -> Mapping[int, tuple[datetime, str]]:
    """Whose every address is gone, and how the last one went."""
    gone: dict[int, list[tuple[datetime, str] | None]] = defaultdict(list)
    for row in rows:
        if row.unfollowed_at:
            gone[row.candidate_id].append((row.unfollowed_at, "unfollowed"))
        elif row.unreachable_at:
            gone[row.candidate_id].append((row.unreachable_at, "undeliverable"))
        else:
            gone[row.candidate_id].append(None)
    return {who: max(filter(None, all_)) for who, all_ in gone.items() if all_ and None not in all_}
