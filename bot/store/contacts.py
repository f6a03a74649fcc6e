"""What follows where the record's number of a candidate changes: whose an address was, it is no longer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.rhythm import Planned
from bot.store import people, touches
from bot.store.db.cipher import Cipher
from bot.store.tables import addresses, bindings, candidates, codes, outbound
from bot.store.tables import touches as told

_BY_NUMBER, _BY_CODE = "number", "code"  # how an address was bound
_INVITE = "welcome.invite"  # the step, and how the keys of its texts begin
_INVITES_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Renumbered:
    """A candidate whose number in the record is another now (E.164); None: there is none. `claims`: they wait, so an
    SMS from there is theirs."""

    candidate_id: int
    before: str | None
    after: str | None
    claims: bool


def renumbered(
    connection: Connection, cipher: Cipher, all_: Sequence[Renumbered], closed: tuple[str, ...], now: datetime
) -> None:
    """Ends what stood on the old numbers, and what others had by the new ones. `closed`: the stages of who waits no
    more. Call it once the record is written, in the same transaction."""
    ended = {*_left(connection, cipher, all_), *_taken_over(connection, cipher, all_, closed)}
    people.let_go(connection, sorted(ended), now)
    _invite(connection, [one.candidate_id for one in all_ if one.before and one.after and one.claims], now)


def _invite(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Whom an SMS has reached at the old number hears at the new one how to find us, unless they are in the chat, or an
    invitation is still on its way."""
    chat = addresses.alias("chat")
    in_chat = sa.exists().where(chat.c.candidate_id == candidates.c.id, chat.c.channel == "wechat")
    texted = sa.exists().where(
        bindings.c.candidate_id == candidates.c.id,
        bindings.c.address_id == addresses.c.id,
        addresses.c.channel == "sms",
    )
    planned = sa.exists().where(
        told.c.candidate_id == candidates.c.id, told.c.begins == _INVITE, told.c.state == "planned"
    )
    queued = sa.exists().where(
        outbound.c.candidate_id == candidates.c.id, outbound.c.said.startswith(_INVITE), outbound.c.state == "queued"
    )
    whom = candidates.c.id.in_(ids), candidates.c.released_at.is_not(None), texted, ~in_chat, ~planned, ~queued
    found = list(connection.scalars(sa.select(candidates.c.id).where(*whom))) if ids else []
    until = now + _INVITES_FOR
    again = [Planned(who, "invite", f"{now:%Y-%m-%d %H:%M}", "notice", _INVITE, now, until, 90) for who in found]
    touches.plan(connection, again, "risk", now)


def _left(connection: Connection, cipher: Cipher, all_: Sequence[Renumbered]) -> Iterator[int]:
    """The old number, however it was bound, and what was bound by the record alone; a phone from which they showed
    their invite beside the record stays."""
    of = {one.candidate_id: one for one in all_ if one.before}
    theirs = addresses.c.channel == "sms", addresses.c.candidate_id.in_(list(of))
    for row in connection.execute(sa.select(addresses).where(*theirs)) if of else ():
        number, one = cipher.open(row.address, "addresses.address"), of[row.candidate_id]
        stood_on_it = number == one.before or people.bound_how(connection, row.id) == _BY_NUMBER
        if number != one.after and stood_on_it:
            yield row.id


def _taken_over(
    connection: Connection, cipher: Cipher, all_: Sequence[Renumbered], closed: tuple[str, ...]
) -> Iterator[int]:
    """What the new number proved for somebody else: it proves it no longer."""
    claimed = [(one.after, one.candidate_id) for one in all_ if one.after and one.claims]
    if claimed:
        by_address = {people.index_of(cipher, "sms", number): candidate_id for number, candidate_id in claimed}
        yield from _numbers_themselves(connection, by_address, closed)
        yield from _chats_proved(connection, {cipher.index(number, "phone"): who for number, who in claimed})


def _numbers_themselves(connection: Connection, whose: Mapping[bytes, int], closed: tuple[str, ...]) -> Iterator[int]:
    wanted = addresses.c.channel == "sms", addresses.c.address_index.in_(list(whose))
    bound = sa.select(addresses.c.id, addresses.c.candidate_id, addresses.c.address_index, candidates.c.stage)
    for row in connection.execute(bound.join(candidates).where(*wanted)):
        over = row.stage in closed or people.bound_how(connection, row.id) == _BY_NUMBER
        if over and row.candidate_id != whose[bytes(row.address_index)]:
            yield row.id


def _chats_proved(connection: Connection, whose: Mapping[bytes, int]) -> Iterator[int]:
    proved = codes.c.phone_index.in_(list(whose)), codes.c.proved_at.is_not(None)
    same = sa.and_(codes.c.address_id == addresses.c.id, codes.c.candidate_id == addresses.c.candidate_id)
    chats = sa.select(addresses.c.id, addresses.c.candidate_id, codes.c.phone_index).join(codes, same)
    for row in connection.execute(chats.where(*proved)):
        is_others = row.candidate_id != whose[bytes(row.phone_index)]
        if is_others and people.bound_how(connection, row.id) == _BY_CODE:
            yield row.id
