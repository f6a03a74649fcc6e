"""Whose touches are to be planned anew, and what planning must know of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.rhythm import PastTouch, Situation
from bot.settings import Settings
from bot.store.db import bulk
from bot.store.db.cipher import Cipher
from bot.store.db.insert import insert_unless_there
from bot.store.db.prepared import Prepared, word
from bot.store.tables import Moment, addresses, bindings, candidates, cohorts, meta, stage_times, stores, tasks, touches
from bot.store.touches import TRAINING
from bot.values import phones

_VERSION = "rhythm"  # under which the version is kept by which everybody is planned
_AGAIN = 500  # candidates in a transaction that are told that the rhythm has changed
_DUE = Prepared(
    sa.select(candidates.c.id)
    .where(candidates.c.plan_at <= sa.bindparam("now"))
    .order_by(candidates.c.plan_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_KEPT = Prepared(sa.select(meta.c.value).where(meta.c.key == sa.bindparam("key")))
_OF = {cohorts: candidates.c.cohort_id, stores: candidates.c.store_id, candidates: candidates.c.id}
_WAKE = {
    table: Prepared(
        sa.update(candidates)
        .where(its.in_(sa.bindparam("ids")), candidates.c.released_at.is_not(None))
        .values(plan_at=sa.bindparam("new_plan_at", type_=Moment))
    )
    for table, its in _OF.items()
}


def wake(connection: Connection, table: sa.Table, ids: Sequence[int], now: datetime) -> None:
    """Rows of the record changed: the touches of the candidates concerned are planned anew with the next tick."""
    if table in _OF and ids:
        _WAKE[table].changed(connection, {"ids": ids, "new_plan_at": now})


def release(connection: Connection, ids: Sequence[int], now: datetime) -> int:
    """From now on the rhythm is theirs; gives how many it was not before."""
    theirs = candidates.c.id.in_(ids), candidates.c.released_at.is_(None)
    return connection.execute(sa.update(candidates).where(*theirs).values(released_at=now, plan_at=now)).rowcount


def held(connection: Connection, closed: Collection[str]) -> list[tuple[int, str]]:
    """Open candidates who are not released yet: id and code."""
    waiting = candidates.c.released_at.is_(None), candidates.c.stage.not_in(closed)
    wanted = sa.select(candidates.c.id, candidates.c.code).where(*waiting).order_by(candidates.c.code)
    return [(row.id, row.code) for row in connection.execute(wanted)]


def open_ids(connection: Connection, closed: Collection[str]) -> list[int]:
    """Everybody who still waits."""
    return list(connection.execute(sa.select(candidates.c.id).where(candidates.c.stage.not_in(closed))).scalars())


def wake_other_versions(connection: Connection, version: str, closed: Collection[str], now: datetime) -> int:
    """Some of those who were planned by another rhythm are planned anew; gives how many. When nobody is left, that is
    remembered: the next tick need not look."""
    kept = _KEPT.first(connection, {"key": _VERSION})
    if kept is not None and kept.value == version.encode():
        return 0
    old = (
        candidates.c.released_at.is_not(None),
        candidates.c.stage.not_in(closed),
        candidates.c.plan_at.is_(None) | (candidates.c.plan_at > now),
        candidates.c.planned_with != version,
    )
    some = sa.select(candidates.c.id).where(*old).order_by(candidates.c.id).limit(_AGAIN)
    woken = connection.execute(sa.update(candidates).where(candidates.c.id.in_(some)).values(plan_at=now)).rowcount
    if not woken:
        connection.execute(sa.delete(meta).where(meta.c.key == _VERSION))
        insert_unless_there(connection, meta, {"key": _VERSION, "value": version.encode()})
    return woken


def due(connection: Connection, now: datetime, limit: int) -> list[int]:
    """Candidates to plan now, held until the transaction ends."""
    return [row.id for row in _DUE.rows(connection, {"now": now, "limit": limit})]


def save_plan(connection: Connection, again: Mapping[int, datetime | None], version: str) -> None:
    """Notes when each is planned next, and by which rhythm they were planned now."""
    alike: dict[datetime | None, list[int]] = defaultdict(list)
    for candidate_id, at in again.items():
        alike[at].append(candidate_id)
    for at, ids in alike.items():
        note = sa.update(candidates).where(candidates.c.id.in_(ids))
        connection.execute(note.values(plan_at=at, planned_with=version))


def keep_due(connection: Connection, due_at: Mapping[int, Mapping[str, datetime | None]]) -> None:
    """When each candidate's tasks are to be done; those done stay done."""
    known = {
        (row.candidate_id, row.code): row.due_at
        for row in connection.execute(sa.select(tasks).where(tasks.c.candidate_id.in_(due_at)))
    }
    new = []
    for candidate_id, moments in due_at.items():
        for code, at in moments.items():
            if (candidate_id, code) not in known:
                new.append({"candidate_id": candidate_id, "code": code, "due_at": at})
            elif known[candidate_id, code] != at:
                this = tasks.c.candidate_id == candidate_id, tasks.c.code == code
                connection.execute(sa.update(tasks).where(*this).values(due_at=at))
    bulk.insert(connection, tasks, new)


@dataclass(frozen=True)
class _OfCandidates:
    """What belongs to some candidates, by candidate."""

    entered: Mapping[int, dict[str, datetime]]
    done: Mapping[int, set[str]]
    bound: Mapping[int, datetime]
    heard: Mapping[int, datetime]
    told: Mapping[int, list[PastTouch]]


def situations(connection: Connection, cipher: Cipher, settings: Settings, ids: Sequence[int]) -> list[Situation]:
    """Everything that planning needs to know of these candidates, in a handful of statements."""
    rows = _WANTED.rows(connection, {"ids": ids})
    heard = _heard(connection, ids)
    found = _OfCandidates(
        _entered(connection, ids), _done(connection, ids), _bound(connection, ids), heard, _told(connection, ids, heard)
    )
    return [_situation(row, found, cipher, settings) for row in rows]


_IDS: sa.BindParameter[Any] = sa.bindparam("ids")
_WANTED = Prepared(
    sa.select(
        candidates.c.id,
        candidates.c.code,
        candidates.c.phone,
        candidates.c.stage,
        candidates.c.stage_at,
        candidates.c.timezone,
        candidates.c.released_at,
        candidates.c.source,
        cohorts.c.code.label("cohort"),
        cohorts.c.starts_at,
        cohorts.c.ends_at,
        cohorts.c.date_state,
        cohorts.c.timezone.label("there"),
        stores.c.code.label("store"),
        stores.c.city,
    )
    .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
    .outerjoin(stores, candidates.c.store_id == stores.c.id)
    .where(candidates.c.id.in_(_IDS))
    .order_by(candidates.c.id)
)


def _situation(row: Any, found: _OfCandidates, cipher: Cipher, settings: Settings) -> Situation:
    own = settings.company.zone
    return Situation(
        row.id,
        row.code,
        row.stage,
        row.stage not in settings.stages.closed,
        ZoneInfo(row.timezone) if row.timezone else own,
        {row.stage: row.stage_at} | found.entered.get(row.id, {}),
        row.released_at,
        found.bound.get(row.id) or _reached_by_phone(row, cipher, settings),
        found.heard.get(row.id),
        row.cohort or "",
        row.starts_at,
        row.ends_at,
        row.date_state or "unknown",
        ZoneInfo(row.there) if row.there else own,
        row.store or "",
        row.city or "",
        row.source or "",
        frozenset(found.done.get(row.id, ())),
        tuple(found.told.get(row.id, ())),
    )


def _reached_by_phone(row: Any, cipher: Cipher, settings: Settings) -> datetime | None:
    """Where an SMS can be answered nobody needs to be bound first; to mainland China SMS goes one way (Twilio)."""
    phone = cipher.open_maybe(row.phone, "candidates.phone")
    if not phone or (phones.is_mainland(phone) and settings.wechat.on):
        return None
    since: datetime | None = row.released_at
    return since


_ENTERED = Prepared(sa.select(stage_times).where(stage_times.c.candidate_id.in_(_IDS)))
_DONE = Prepared(
    sa.select(tasks.c.candidate_id, tasks.c.code).where(tasks.c.candidate_id.in_(_IDS), tasks.c.done_at.is_not(None))
)
_BOUND = Prepared(
    sa.select(bindings.c.candidate_id, sa.func.min(bindings.c.at).label("at"))
    .join(
        addresses,
        sa.and_(addresses.c.candidate_id == bindings.c.candidate_id, addresses.c.id == bindings.c.address_id),
    )
    .where(
        bindings.c.candidate_id.in_(_IDS),
        (addresses.c.channel == word("wechat")) | addresses.c.last_inbound_at.is_not(None),
    )
    .group_by(bindings.c.candidate_id)
)
_HEARD = Prepared(
    sa.select(addresses.c.candidate_id, sa.func.max(addresses.c.last_inbound_at).label("at"))
    .where(addresses.c.candidate_id.in_(_IDS), addresses.c.last_inbound_at.is_not(None))
    .group_by(addresses.c.candidate_id)
)
_TOLD = Prepared(
    sa.select(touches).where(touches.c.candidate_id.in_(_IDS), touches.c.by.in_((word("rhythm"), word("hr"))))
)


def _entered(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    for row in _ENTERED.rows(connection, {"ids": ids}):
        found[row.candidate_id][row.stage] = row.at
    return found


def _done(connection: Connection, ids: Sequence[int]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for row in _DONE.rows(connection, {"ids": ids}):
        found[row.candidate_id].add(row.code)
    return found


def _bound(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """Since when each has a chat that they opened themselves, and that is still theirs."""
    return dict(_BOUND.rows(connection, {"ids": ids}))


def _heard(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    return dict(_HEARD.rows(connection, {"ids": ids}))


def _told(connection: Connection, ids: Sequence[int], heard: Mapping[int, datetime]) -> dict[int, list[PastTouch]]:
    """Their touches of the rhythm and of HR; who has written since is taken to have seen what they were told."""
    found: dict[int, list[PastTouch]] = defaultdict(list)
    for row in _TOLD.rows(connection, {"ids": ids}):
        wrote = heard.get(row.candidate_id)
        seen = row.seen_at is not None or bool(wrote and row.ended_at and wrote > row.ended_at)
        planned = (row.kind, row.begins, row.template, row.priority, row.meant_at, row.expires_at)
        plan = (*planned, row.expects, row.within, row.unmet)
        is_news = row.entry in TRAINING or row.by == "hr"
        found[row.candidate_id].append(
            PastTouch(row.entry, row.occasion, row.begins, row.state, row.ended_at, is_news, seen, plan)
        )
    return found
