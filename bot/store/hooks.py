"""Hooks, and each event on its way to each of them.

Calls of one hook go out in the order of events: while something keeps the whole hook from getting through, all of them
wait; an event that the other side refuses waits alone.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store import audit
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared, word
from bot.store.events import settled, written
from bot.store.tables import Id, Moment, events, hook_calls, hooks

LEASE = timedelta(minutes=5)  # after which whoever took calls is taken for dead
_FIRST, _LONGEST = timedelta(seconds=10), timedelta(hours=6)  # between tries
_FOR = timedelta(days=3)
_PREFIX = "kwhs_"  # so that whoever finds a secret knows what it is
_SECRET = "hooks.secret"  # noqa: S105 (a column's name)
_DUE = hook_calls.c.state == word("due")
_GOING = Prepared(
    sa.select(hooks.c.id, hooks.c.kinds, hooks.c.told)
    .where(hooks.c.stopped_at.is_(None))
    .order_by(hooks.c.id)
    .with_for_update(skip_locked=True)
)
# Not by the index of all calls of the hook, done long ago as most are, but by that of what is due.
_its = hook_calls.c.hook_id + sa.literal_column("0", sa.Integer)


@dataclass(frozen=True, slots=True)
class HookLine:
    """A hook with how many events wait for it."""

    id: int
    url: str
    kinds: tuple[str, ...]
    created_at: datetime
    stopped_at: datetime | None
    waiting: int


@dataclass(frozen=True, slots=True)
class Posting:
    """An event that is to be posted now. `event`: as the other side reads it."""

    call_id: int
    hook_id: int
    url: str
    secret: str
    event: Mapping[str, Any]
    attempts: int


def put(connection: Connection, cipher: Cipher, url: str, kinds: Sequence[str], now: datetime) -> tuple[int, str]:
    """Gives the hook's id, and its secret if it is new. One that has stopped starts with what happens from now on."""
    found = connection.execute(sa.select(hooks).where(hooks.c.url == url).with_for_update()).first()
    newest = connection.execute(sa.select(sa.func.coalesce(sa.func.max(events.c.id), 0))).scalar_one()
    if found is None:
        secret = _PREFIX + secrets.token_urlsafe(32)
        row = {"url": url, "secret": cipher.seal(secret, _SECRET), "kinds": list(kinds), "told": newest}
        made = sa.insert(hooks).values(row | {"created_at": now}).returning(hooks.c.id)
        return int(connection.execute(made).scalar_one()), secret
    again = {} if found.stopped_at is None else {"stopped_at": None, "told": newest}
    connection.execute(sa.update(hooks).where(hooks.c.id == found.id).values(kinds=list(kinds), **again))
    return int(found.id), ""


def delete(connection: Connection, hook_id: int) -> bool:
    """Whether there was one."""
    return bool(connection.execute(sa.delete(hooks).where(hooks.c.id == hook_id)).rowcount)


def listed(connection: Connection) -> list[HookLine]:
    return [_line(row) for row in connection.execute(_LINES.order_by(hooks.c.id))]


def line(connection: Connection, hook_id: int) -> HookLine:
    return _line(connection.execute(_LINES.where(hooks.c.id == hook_id)).one())


def fan_out(connection: Connection, now: datetime, limit: int) -> int:
    """Hands new events to the hooks that want them, `limit` of them at most to each; gives how many events were
    looked at."""
    looked = 0
    for hook in _GOING.rows(connection, {}):
        new = sa.select(events.c.id, events.c.kind).where(events.c.id > hook.told, settled(connection))
        found = connection.execute(new.order_by(events.c.id).limit(limit)).all()
        if not found:
            continue
        rows = [
            {"hook_id": hook.id, "event_id": event.id, "state": "due", "due_at": now}
            for event in found
            if not hook.kinds or event.kind in hook.kinds
        ]
        if rows:
            connection.execute(sa.insert(hook_calls), rows)
        connection.execute(sa.update(hooks).where(hooks.c.id == hook.id).values(told=found[-1].id))
        looked += len(found)
    return looked


def take(connection: Connection, cipher: Cipher, now: datetime, limit: int) -> list[Posting]:
    """The next events of one hook that gets through, `limit` at most, in order; nobody else takes of that hook until
    they are settled or LEASE is over."""
    hook = _READY.first(connection, {"now": now})
    if hook is None or _IS_HELD_UP.first(connection, {"now": now, "hook_id": hook.id}):
        return []  # the second look sees what others did before the hook was ours
    wanted = (
        sa.select(hook_calls.c.id.label("call_id"), hook_calls.c.attempts, events)
        .join(events, hook_calls.c.event_id == events.c.id)
        .where(_its == hook.id, _DUE, hook_calls.c.due_at <= now)
        .order_by(hook_calls.c.event_id)
        .limit(limit)
    )
    rows = connection.execute(wanted).all()
    ids = [row.call_id for row in rows]
    leased = sa.update(hook_calls).where(hook_calls.c.id.in_(ids))
    connection.execute(leased.values(due_at=now + LEASE, status="sending"))
    secret = cipher.open(hook.secret, _SECRET)
    return [Posting(row.call_id, hook.id, hook.url, secret, written(row), row.attempts) for row in rows]


def done(connection: Connection, posting: Posting) -> None:
    _set(connection, [posting.call_id], state="done", status=None, attempts=posting.attempts + 1)


def refused(connection: Connection, posting: Posting, why: str, now: datetime) -> None:
    """The other side does not want this event: it is tried again alone. At the end it is given up; and if nothing got
    through since, the hook stops."""
    pause = pause_after(posting.attempts + 1)
    if pause is not None:
        _set(connection, [posting.call_id], due_at=now + pause, status=why, attempts=posting.attempts + 1)
        return
    _set(connection, [posting.call_id], state="given_up", status=why, attempts=posting.attempts + 1)
    since = hook_calls.c.hook_id == posting.hook_id, hook_calls.c.event_id > posting.event["id"]
    if not connection.execute(sa.select(hook_calls.c.id).where(*since, hook_calls.c.state == "done").limit(1)).first():
        _stop(connection, posting.hook_id, why, now)


def unreached(connection: Connection, posting: Posting, rest: Sequence[Posting], why: str, now: datetime) -> None:
    """Nothing gets through to this hook: what was taken with it, and all that comes, waits behind this one."""
    pause = pause_after(posting.attempts + 1)
    if pause is None:
        _stop(connection, posting.hook_id, why, now)
        return
    _set(connection, [posting.call_id], due_at=now + pause, status=why, attempts=posting.attempts + 1)
    _set(connection, [other.call_id for other in rest], due_at=now + pause, status="waiting")


def pause_after(attempts: int) -> timedelta | None:
    """Until the next try after so many: 10 s, 20 s, … 6 h; None once these come to three days."""
    pauses = [min(_FIRST * 2**count, _LONGEST) for count in range(attempts)]
    return None if sum(pauses[:-1], timedelta()) >= _FOR else pauses[-1]


def _held_up(hook_id: sa.ColumnElement[int]) -> sa.ColumnElement[bool]:
    """Whether somebody posts to it just now, or nothing got through the last time."""
    alone = sa.or_(hook_calls.c.status.is_(None), hook_calls.c.status.not_like(sa.literal_column("'refused %'")))
    return sa.exists().where(_its == hook_id, _DUE, hook_calls.c.due_at > _NOW, alone)


_NOW = sa.bindparam("now", type_=Moment)
_oldest = sa.select(sa.func.min(hook_calls.c.due_at)).where(_its == hooks.c.id, _DUE, hook_calls.c.due_at <= _NOW)
# A hook with something due and nothing that holds it up, the one that waits longest.
_READY = Prepared(
    sa.select(hooks.c.id, hooks.c.url, hooks.c.secret)
    .where(hooks.c.stopped_at.is_(None), _oldest.scalar_subquery().is_not(None), ~_held_up(hooks.c.id))
    .order_by(_oldest.scalar_subquery(), hooks.c.id)
    .limit(sa.literal_column("1"))
    .with_for_update(skip_locked=True)
)
_this = sa.bindparam("hook_id", type_=Id)
_IS_HELD_UP = Prepared(sa.select(sa.literal_column("1").label("held")).where(_held_up(_this)))


def _stop(connection: Connection, hook_id: int, why: str, now: datetime) -> None:
    """What waits is given up: who comes back reads it from the events."""
    connection.execute(sa.update(hooks).where(hooks.c.id == hook_id).values(stopped_at=now))
    waiting = sa.update(hook_calls).where(_its == hook_id, _DUE)
    count = connection.execute(waiting.values(state="given_up")).rowcount
    audit.record(connection, "bot", "hooks.stopped", str(hook_id), now, {"why": why, "given_up": count})


def _set(connection: Connection, ids: Sequence[int], **columns: Any) -> None:
    """Only what is still on its way: the hook may have stopped meanwhile."""
    if ids:
        connection.execute(sa.update(hook_calls).where(hook_calls.c.id.in_(ids), _DUE).values(columns))


_WAITING = sa.select(sa.func.count()).where(_its == hooks.c.id, _DUE).correlate(hooks).scalar_subquery()
_LINES = sa.select(hooks, _WAITING.label("waiting"))


def _line(row: Any) -> HookLine:
    return HookLine(row.id, row.url, tuple(row.kinds), row.created_at, row.stopped_at, row.waiting)
