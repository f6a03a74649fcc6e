"""Finds and changes people: addresses, the candidates they belong to, and what is known about those."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.record.model import Candidate, Cohort, Store, Task
from bot.store import plans, risk
from bot.store.db.cipher import Cipher
from bot.store.db.insert import insert_unless_there
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import update
from bot.store.mark_due import wake
from bot.store.tables import (
    addresses,
    bindings,
    candidates,
    cohorts,
    links,
    outbound,
    staff,
    stage_times,
    stores,
    tasks,
    touches,
)
from bot.store.touches import TAKE_BACK, TRAINING
from bot.values.windows import NOTHING_KNOWN, Window


class PersonBusy(Exception):
    """Somebody else holds this person just now."""


@dataclass(frozen=True, slots=True)
class Person:
    """An address as it stands: who it belongs to, where its talk is, and whether it may be written to."""

    id: int
    channel: str
    candidate_id: int | None
    talk: str
    turn: int
    stopped: bool
    wrong_number: bool
    address: str = ""
    last_at: datetime | None = None
    window: Window = NOTHING_KNOWN
    unreachable: bool = False
    wait_until: datetime | None = None


_owner = staff.alias("owner")
_FIND_COLUMNS = sa.select(
    addresses.c.id,
    addresses.c.channel,
    addresses.c.address,
    addresses.c.candidate_id,
    addresses.c.talk,
    addresses.c.turn,
    addresses.c.stopped_at,
    addresses.c.wrong_number_at,
    addresses.c.last_inbound_at,
    addresses.c.window_left,
    addresses.c.window_until,
    addresses.c.brief_left,
    addresses.c.brief_until,
    addresses.c.brief_by,
    addresses.c.unreachable_at,
    addresses.c.wait_until,
)
_FIND = Prepared(
    _FIND_COLUMNS.where(
        addresses.c.channel == sa.bindparam("channel"), addresses.c.address_index == sa.bindparam("index")
    ).with_for_update()
)
_notice_planned_at = (  # of the cohort as it stands now
    sa.select(touches.c.created_at)
    .where(
        touches.c.candidate_id == candidates.c.id,
        touches.c.entry == word(TRAINING[0]),
        touches.c.occasion == cohorts.c.code + sa.literal_column("':'") + sa.cast(cohorts.c.version, sa.Text),
        touches.c.state == word("planned"),
    )
    .correlate(candidates, cohorts)
    .scalar_subquery()
)
_CANDIDATE = Prepared(
    sa.select(
        candidates.c.id,
        candidates.c.code,
        candidates.c.name,
        candidates.c.phone_index,
        candidates.c.locale,
        candidates.c.timezone,
        candidates.c.stage,
        candidates.c.stage_at,
        candidates.c.pushes_stopped_at,
        candidates.c.notices_only_at,
        candidates.c.position,
        candidates.c.offer,
        candidates.c.offer_until,
        candidates.c.confirmed_start,
        candidates.c.home_lat,
        candidates.c.home_lng,
        candidates.c.page_version,
        _owner.c.name.label("owner_name"),
        cohorts.c.code.label("cohort_code"),
        cohorts.c.name.label("cohort_name"),
        cohorts.c.starts_at,
        cohorts.c.ends_at,
        cohorts.c.place,
        cohorts.c.address.label("cohort_address"),
        cohorts.c.outline,
        cohorts.c.bring,
        cohorts.c.date_state,
        cohorts.c.date_by,
        cohorts.c.timezone.label("cohort_timezone"),
        cohorts.c.lat.label("cohort_lat"),
        cohorts.c.lng.label("cohort_lng"),
        cohorts.c.seats,
        _notice_planned_at.label("notice_planned_at"),
        stores.c.code.label("store_code"),
        stores.c.name.label("store_name"),
        stores.c.city,
        stores.c.address.label("store_address"),
        stores.c.phone.label("store_phone"),
        stores.c.manager,
        stores.c.openings,
        stores.c.lat.label("store_lat"),
        stores.c.lng.label("store_lng"),
    )
    .select_from(candidates)
    .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
    .outerjoin(stores, candidates.c.store_id == stores.c.id)
    .outerjoin(_owner, candidates.c.owner == _owner.c.code)
    .where(candidates.c.id == sa.bindparam("id"))
)
_STAGE_TIMES = Prepared(
    sa.select(stage_times.c.stage, stage_times.c.at)
    .where(stage_times.c.candidate_id == sa.bindparam("id"))
    .order_by(stage_times.c.at)
)
_TASKS = Prepared(
    sa.select(tasks.c.code, tasks.c.due_at, tasks.c.done_at)
    .where(tasks.c.candidate_id == sa.bindparam("id"))
    .order_by(tasks.c.due_at.nulls_last(), tasks.c.code)
)
_HOLD = sa.select(candidates.c.id).where(candidates.c.id == sa.bindparam("id")).with_for_update(key_share=True)
_CHANGE = sa.update(addresses).where(addresses.c.id == sa.bindparam("address_id"))
_TURN = Prepared(
    _CHANGE.values(
        talk=sa.bindparam("new_talk"),
        turn=sa.bindparam("new_turn"),
        last_inbound_at=sa.bindparam("now"),
        wait_until=sa.bindparam("new_wait"),
        window_left=sa.bindparam("new_window_left"),
        window_until=sa.bindparam("new_window_until"),
        brief_left=sa.bindparam("new_brief_left"),
        brief_until=sa.bindparam("new_brief_until"),
        brief_by=sa.bindparam("new_brief_by"),
        unreachable_at=sa.null(),
        unreachable_code=sa.null(),
    )
)
_STANDS = Prepared(_CHANGE.values(talk=sa.bindparam("new_talk"), wait_until=sa.bindparam("new_wait")))
_NEWEST = (
    _FIND_COLUMNS.where(
        addresses.c.candidate_id == sa.bindparam("candidate_id"),
        addresses.c.stopped_at.is_(None),
        addresses.c.wrong_number_at.is_(None),
        addresses.c.unfollowed_at.is_(None),
        addresses.c.unreachable_at.is_(None),
        sa.or_(addresses.c.channel == sa.bindparam("channel"), sa.bindparam("channel", type_=sa.Text) == word("any")),
    )
    .order_by(addresses.c.last_inbound_at.desc().nulls_last())
    .limit(sa.literal_column("1"))
)
_REACHABLE, _REACHABLE_IN_VAIN = Prepared(_NEWEST.with_for_update(skip_locked=True)), Prepared(_NEWEST)
_WAITED = Prepared(
    _FIND_COLUMNS.where(addresses.c.wait_until <= sa.bindparam("now"))
    .order_by(addresses.c.wait_until)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_THIS = candidates.c.id == sa.bindparam("id")
_STAGE = Prepared(sa.select(candidates.c.stage, candidates.c.stage_at).where(_THIS))
_INVITE = Prepared(sa.select(candidates.c.invite).where(_THIS))
_ELSEWHERE = Prepared(
    sa.select(addresses.c.id).where(
        addresses.c.candidate_id == sa.bindparam("candidate"),
        addresses.c.channel == sa.bindparam("channel"),
        addresses.c.id != sa.bindparam("this"),
    )
)
_BY_INVITE = Prepared(sa.select(candidates.c.id).where(candidates.c.invite_index == sa.bindparam("index")))


def find(connection: Connection, cipher: Cipher, channel: str, address: str) -> Person | None:
    """The person at an address, held until the transaction ends: one message of theirs at a time."""
    row = _FIND.first(connection, {"channel": channel, "index": index_of(cipher, channel, address)})
    return _person(row, cipher) if row else None


def get_or_create(connection: Connection, cipher: Cipher, channel: str, address: str, now: datetime) -> Person:
    """The person at an address, made known if it is new."""
    person = find(connection, cipher, channel, address)
    if person:
        return person
    row = {
        "channel": channel,
        "address": cipher.seal(address, "addresses.address"),
        "address_index": index_of(cipher, channel, address),
        "created_at": now,
    }
    insert_unless_there(connection, addresses, row)
    found = find(connection, cipher, channel, address)
    assert found
    return found


def change(connection: Connection, address_id: int, **columns: Any) -> None:
    update(connection, addresses, [address_id], columns)
    lost = next((at for name in ("unreachable_at", "unfollowed_at") if (at := columns.get(name))), None)
    if lost:
        its = sa.select(addresses.c.candidate_id).where(addresses.c.id == address_id)
        risk.wake(connection, list(connection.execute(its).scalars()), lost)


def save_turn(
    connection: Connection, cipher: Cipher, person: Person, talk: str, now: datetime, wait_until: datetime | None
) -> None:
    """Keeps where talk and window stand now; the next message has the next turn. Whoever writes is reachable."""
    row = {"address_id": person.id, "new_talk": _sealed(cipher, talk), "new_turn": person.turn + 1, "now": now}
    window = {f"new_{name}": value for name, value in window_columns(person.window).items()}
    _TURN.rows(connection, row | {"new_wait": wait_until} | window)
    if person.candidate_id:
        risk.wake(connection, [person.candidate_id], now)


def window_columns(window: Window) -> dict[str, Any]:
    return {
        "window_left": window.left,
        "window_until": window.until,
        "brief_left": window.brief_left,
        "brief_until": window.brief_until,
        "brief_by": window.brief_by,
    }


def window_of(row: Any) -> Window:
    """What a row with these columns says."""
    return Window(row.window_left, row.window_until, row.brief_left, row.brief_until, row.brief_by)


def stands(connection: Connection, cipher: Cipher, person: Person, talk: str, wait_until: datetime | None) -> None:
    """Keeps where the talk stands after something that was no message of the person's."""
    _STANDS.rows(connection, {"address_id": person.id, "new_talk": _sealed(cipher, talk), "new_wait": wait_until})


def timed_out(connection: Connection, cipher: Cipher, now: datetime, limit: int) -> list[Person]:
    """Who has left a question open for longer than it waits, held until the transaction ends."""
    return [_person(row, cipher) for row in _WAITED.rows(connection, {"now": now, "limit": limit})]


def reachable(connection: Connection, cipher: Cipher, candidate_id: int, channel: str = "any") -> Person | None:
    """The address (of this channel) where the candidate wrote last, if it still may be written to; held until the
    transaction ends. Raises Busy where a message of theirs is being answered just now: waiting for that could make both
    wait for ever."""
    whose = {"candidate_id": candidate_id, "channel": channel}
    row = _REACHABLE.first(connection, whose)
    if row is None and _REACHABLE_IN_VAIN.first(connection, whose):
        raise PersonBusy
    return _person(row, cipher) if row else None


def at(connection: Connection, cipher: Cipher, address_id: int) -> Person:
    """The person at an address that is known already, held until the transaction ends."""
    return _person(
        connection.execute(_FIND_COLUMNS.where(addresses.c.id == address_id).with_for_update()).one(), cipher
    )


def owner_of(connection: Connection, address_id: int) -> int | None:
    return connection.execute(sa.select(addresses.c.candidate_id).where(addresses.c.id == address_id)).scalar()


def _sealed(cipher: Cipher, talk: str) -> bytes | None:
    return cipher.seal(talk, "addresses.talk") if talk else None


def _person(row: Any, cipher: Cipher) -> Person:
    return Person(
        row.id,
        row.channel,
        row.candidate_id,
        cipher.open(row.talk, "addresses.talk") if row.talk else "",
        row.turn,
        row.stopped_at is not None,
        row.wrong_number_at is not None,
        cipher.open(row.address, "addresses.address"),
        row.last_inbound_at,
        window_of(row),
        row.unreachable_at is not None,
        row.wait_until,
    )


def load(connection: Connection, cipher: Cipher, candidate_id: int) -> Candidate:
    """A candidate with cohort, store and owner; `stage_times` and `tasks` are left out (see `history`, `tasks_of`)."""
    return _candidate(_CANDIDATE.first(connection, {"id": candidate_id}), cipher)


def history(connection: Connection, candidate_id: int) -> list[tuple[str, datetime]]:
    """When each stage was entered, oldest first."""
    return [(row.stage, row.at) for row in _STAGE_TIMES.rows(connection, {"id": candidate_id})]


def tasks_of(connection: Connection, candidate_id: int) -> tuple[Task, ...]:
    """What they have to get done or have done, the next due first."""
    return tuple(Task(*row) for row in _TASKS.rows(connection, {"id": candidate_id}))


def by_phone(connection: Connection, cipher: Cipher, phone: str, closed: tuple[str, ...]) -> list[int]:
    """The open candidates with this number (E.164), by id; two are enough to know that it is shared."""
    index = cipher.index(phone, "phone")
    who = candidates.c.phone_index == index, candidates.c.stage.not_in(closed)
    return list(connection.execute(sa.select(candidates.c.id).where(*who).limit(2)).scalars())


def by_invite(connection: Connection, cipher: Cipher, codes: list[str]) -> int | None:
    """The candidate whose invite is the first of these normalised codes that is one."""
    for code in codes:
        if row := _BY_INVITE.first(connection, {"index": cipher.index(code, "candidates.invite")}):
            return int(row.id)
    return None


def by_code(connection: Connection, code: str) -> int | None:
    return connection.execute(sa.select(candidates.c.id).where(candidates.c.code == code)).scalar()


def stage_of(connection: Connection, candidate_id: int) -> str:
    return str(_STAGE.first(connection, {"id": candidate_id}).stage)


def stage_since(connection: Connection, candidate_id: int) -> tuple[str, datetime]:
    """The stage, and when they came to it."""
    row = _STAGE.first(connection, {"id": candidate_id})
    return str(row.stage), row.stage_at


def confirmed_at(connection: Connection, candidate_id: int) -> datetime | None:
    """When they said that they would come to the training as it stands now, if they did."""
    same = candidates.c.confirmed_start == cohorts.c.starts_at
    wanted = sa.select(candidates.c.confirmed_at).join(cohorts, (candidates.c.cohort_id == cohorts.c.id) & same)
    return connection.execute(wanted.where(candidates.c.id == candidate_id)).scalar()


def phone_of(connection: Connection, cipher: Cipher, candidate_id: int) -> str | None:
    sealed = connection.execute(sa.select(candidates.c.phone).where(candidates.c.id == candidate_id)).scalar()
    return cipher.open_maybe(sealed, "candidates.phone")


def invite_of(connection: Connection, cipher: Cipher, candidate_id: int) -> str:
    return cipher.open(_INVITE.first(connection, {"id": candidate_id}).invite, "candidates.invite")


def email_of(connection: Connection, cipher: Cipher, candidate_id: int) -> str | None:
    sealed = connection.execute(sa.select(candidates.c.email).where(candidates.c.id == candidate_id)).scalar()
    return cipher.open_maybe(sealed, "candidates.email")


def is_in_chat(connection: Connection, candidate_id: int) -> bool:
    """Whether the candidate follows us on WeChat."""
    theirs = addresses.c.candidate_id == candidate_id, addresses.c.channel == "wechat"
    wanted = sa.select(addresses.c.id).where(*theirs, addresses.c.unfollowed_at.is_(None))
    return connection.execute(wanted.limit(1)).first() is not None


def bound_elsewhere(connection: Connection, candidate_id: int, channel: str, address_id: int) -> list[int]:
    """Other addresses of the same channel that the candidate is bound to. Until the transaction ends nobody else can
    bind the candidate: of two who show one invite at the same time the second finds the first."""
    connection.execute(_HOLD, {"id": candidate_id})
    others = {"candidate": candidate_id, "channel": channel, "this": address_id}
    return [row.id for row in _ELSEWHERE.rows(connection, others)]


def bind(
    connection: Connection, address_id: int, candidate_id: int, channel: str, how: str, notice: str, now: datetime
) -> None:
    """The address belongs to the candidate from now on, and no other address of that channel does."""
    let_go(connection, bound_elsewhere(connection, candidate_id, channel, address_id), now)
    change(connection, address_id, candidate_id=candidate_id, wrong_number_at=None, staff=None)
    row = {"address_id": address_id, "candidate_id": candidate_id, "how": how, "notice_version": notice, "at": now}
    connection.execute(sa.insert(bindings).values(row))
    plans.wake(connection, candidates, [candidate_id], now)


def let_go(connection: Connection, address_ids: Sequence[int], now: datetime) -> None:
    """These addresses are nobody's from now on: no talk goes on there, and the links that were given there show
    nothing more. Links in what still waits to go out stay good: it goes where the candidate is now."""
    bound = addresses.c.id.in_(address_ids), addresses.c.candidate_id.is_not(None)
    whose = list(connection.execute(sa.select(addresses.c.candidate_id).where(*bound)).scalars()) if address_ids else []
    if not whose:
        return
    update(connection, addresses, address_ids, {"candidate_id": None, "talk": None, "wait_until": None})
    newer = {"page_version": candidates.c.page_version + 1}
    connection.execute(sa.update(candidates).where(candidates.c.id.in_(whose)).values(newer))
    waiting = outbound.c.candidate_id.in_(whose), outbound.c.state == "queued"
    in_them = sa.or_(
        links.c.touch_id.in_(sa.select(outbound.c.touch_id).where(*waiting, outbound.c.touch_id.is_not(None))),
        links.c.created_at.in_(sa.select(outbound.c.created_at).where(*waiting)),
    )
    version = sa.select(candidates.c.page_version).where(candidates.c.id == links.c.candidate_id).scalar_subquery()
    connection.execute(sa.update(links).where(links.c.candidate_id.in_(whose), in_them).values(page_version=version))
    wake(connection, candidates, whose, now)


def bound_how(connection: Connection, address_id: int) -> str | None:
    """How the address was bound the last time."""
    newest = (
        sa.select(bindings.c.how).where(bindings.c.address_id == address_id).order_by(bindings.c.id.desc()).limit(1)
    )
    return connection.execute(newest).scalar()


def change_candidate(connection: Connection, candidate_id: int, now: datetime, **columns: Any) -> None:
    changed = sa.update(candidates).where(candidates.c.id == candidate_id)
    connection.execute(changed.values(updated_at=now, **columns))
    wake(connection, candidates, [candidate_id], now)


def phone_is(connection: Connection, cipher: Cipher, candidate_id: int, phone: str) -> bool:
    """Whether the record still has this number for the candidate."""
    found = connection.execute(sa.select(candidates.c.phone_index).where(candidates.c.id == candidate_id)).scalar()
    return found is not None and bytes(found) == cipher.index(phone, "phone")


def index_of(cipher: Cipher, channel: str, address: str) -> bytes:
    """What an address is found by."""
    return cipher.index(address, f"addresses.{channel}")


def _candidate(row: Any, cipher: Cipher) -> Candidate:
    cohort = store = None
    if row.cohort_code:
        cohort = Cohort(
            row.cohort_code,
            row.cohort_name,
            row.starts_at,
            row.ends_at,
            row.place,
            row.cohort_address,
            tuple(row.outline),
            tuple(row.bring),
            row.date_state,
            row.date_by,
            row.cohort_timezone,
            row.cohort_lat,
            row.cohort_lng,
            row.seats,
            row.notice_planned_at and row.notice_planned_at + TAKE_BACK,
        )
    if row.store_code:
        store = Store(
            row.store_code,
            row.store_name,
            row.city,
            row.store_address,
            cipher.open_maybe(row.store_phone, "stores.phone"),
            cipher.open_maybe(row.manager, "stores.manager"),
            row.openings,
            row.store_lat,
            row.store_lng,
        )
    return Candidate(
        row.id,
        row.code,
        cipher.open(row.name, "candidates.name"),
        row.locale,
        row.timezone,
        row.stage,
        row.stage_at,
        row.pushes_stopped_at,
        cipher.open_maybe(row.owner_name, "staff.name"),
        cohort,
        store,
        row.position,
        row.offer,
        row.offer_until,
        row.confirmed_start,
        _home(row, cipher),
        row.page_version,
        notices_only_at=row.notices_only_at,
    )


def _home(row: Any, cipher: Cipher) -> tuple[float, float] | None:
    lat, lng = (
        cipher.open_maybe(row.home_lat, "candidates.home_lat"),
        cipher.open_maybe(row.home_lng, "candidates.home_lng"),
    )
    return (float(lat), float(lng)) if lat and lng else None
