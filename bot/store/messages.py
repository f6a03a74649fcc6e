"""Keeps what came in and what was said, sealed, with the answer that a repeated delivery gets again."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared, word
from bot.store.people import Person
from bot.store.tables import addresses, inbound, outbound
from bot.values.message import FIRST_ROAD, Answer, Incoming

_FIND = Prepared(
    sa.select(inbound.c.answer, inbound.c.answer_type, inbound.c.received_at).where(
        inbound.c.channel == sa.bindparam("channel"), inbound.c.key == sa.bindparam("key")
    )
)
_INSERT_INBOUND = Prepared(sa.insert(inbound).returning(inbound.c.id))
_INSERT_REPLY = Prepared(sa.insert(outbound).returning(outbound.c.id))
first_road = sa.case(  # of an address; written out, for a prepared statement has named parameters alone
    *((addresses.c.channel == word(channel), word(via)) for channel, via in FIRST_ROAD.items())
)
_FIRST_ROAD = sa.select(first_road).where(addresses.c.id == sa.bindparam("to")).scalar_subquery()
_INSERT_PUSH = Prepared(
    sa.insert(outbound)
    .values(via=sa.func.coalesce(sa.bindparam("by", type_=sa.Text), _FIRST_ROAD))
    .returning(outbound.c.id)
)
_CODE = re.compile(r"[0-9]{4,}")
STAFF = "staff"  # under which what a person of HR said in their own words is kept
_RANKS = {"notice": 1, "story": 2}


@dataclass(frozen=True, slots=True)
class Understood:
    """What an inbound text was taken to mean, for the reports, and why it was answered so."""

    intent: str | None = None
    p: float | None = None
    why: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that was given before, and when."""

    answer: Answer
    at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """One text to a person. `said`: the keys of its words. `pushed`: it needs the outbox, else it rides the answer.

    `others`: how the same is said by each road, `{via: form}`. `touch_id`: the touch that it says. `via`: by what it
    goes, where that is not the channel's first road. `after_id`: the row whose road did not carry it. `rank`: how soon
    among what waits, where that is not as its kind has it.
    """

    text: str
    said: str
    kind: str = "answer"
    pushed: bool = False
    expires_at: datetime | None = None
    others: Mapping[str, Any] = field(default_factory=dict)
    touch_id: int | None = None
    via: str | None = None
    after_id: int | None = None
    rank: int | None = None


def find_answer(connection: Connection, cipher: Cipher, incoming: Incoming) -> Answered | None:
    """The answer that this very message got before, byte for byte."""
    row = _FIND.first(connection, {"channel": incoming.channel, "key": _key(cipher, incoming)})
    if row is None:
        return None
    return Answered(Answer(cipher.open_bytes(row.answer, "inbound.answer"), row.answer_type), row.received_at)


def shown(cipher: Cipher, row: Any) -> str:
    """The text of a row of outbound, as HR reads it: the digits of a code that proves who somebody is are nobody's but
    theirs."""
    text = cipher.open(row.text, "outbound.text")
    return _CODE.sub(lambda found: "•" * len(found[0]), text) if row.kind == "code" else text


def has_meant(connection: Connection, person: Person, intent: str, since: datetime) -> bool:
    """Whether this person said something with this meaning since then, here or elsewhere."""
    theirs = inbound.c.address_id == person.id
    if person.candidate_id is not None:
        theirs = sa.or_(theirs, inbound.c.candidate_id == person.candidate_id)
    wanted = sa.select(inbound.c.id).where(theirs, inbound.c.received_at >= since, inbound.c.intent == intent)
    return connection.execute(wanted.limit(1)).first() is not None


def insert_inbound(
    connection: Connection,
    cipher: Cipher,
    incoming: Incoming,
    person: Person,
    understood: Understood,
    answer: Answer,
    now: datetime,
) -> int:
    """Raises IntegrityError where the same message was kept meanwhile by another process."""
    detail = {**incoming.detail, **({"event": incoming.event, "scene": incoming.scene} if incoming.event else {})}
    row: dict[str, Any] = {
        "channel": incoming.channel,
        "key": _key(cipher, incoming),
        "address_id": person.id,
        "candidate_id": person.candidate_id,
        "turn": person.turn,
        "kind": incoming.kind,
        "text": cipher.seal(incoming.text, "inbound.text") if incoming.text else None,
        "detail": cipher.seal(json.dumps(detail, ensure_ascii=False), "inbound.detail") if detail else None,
        "intent": understood.intent,
        "p": understood.p,
        "why": cipher.seal(json.dumps(understood.why, ensure_ascii=False), "inbound.why") if understood.why else None,
        "received_at": now,
        "answer": cipher.seal_bytes(answer.body, "inbound.answer"),
        "answer_type": answer.content_type,
    }
    return int(_INSERT_INBOUND.first(connection, row).id)


def enqueue(
    connection: Connection,
    cipher: Cipher,
    address_id: int,
    candidate_id: int | None,
    inbound_id: int | None,
    spoken: Sequence[Draft],
    now: datetime,
) -> list[int]:
    """Keeps what is said, in order; gives the ids of those that the outbox must send."""
    waiting: list[int] = []
    for one in spoken:
        row: dict[str, Any] = {
            "address_id": address_id,
            "candidate_id": candidate_id,
            "inbound_id": inbound_id,
            "kind": one.kind,
            "said": one.said,
            "text": cipher.seal(one.text, "outbound.text"),
            "others": _sealed_others(cipher, one.others),
            "touch_id": one.touch_id,
            "rank": _RANKS.get(one.kind, 0) if one.rank is None else one.rank,
            "expires_at": one.expires_at,
            "created_at": now,
        }
        if one.pushed:
            due_at = now + timedelta(microseconds=len(waiting))
            waiting.append(_keep_push(connection, row, one, due_at))
        else:
            _INSERT_REPLY.rows(connection, row | {"road": "reply", "state": "sent", "sent_at": now})
    return waiting


def copied(connection: Connection, cipher: Cipher, outbound_id: int, via: str, kind: str) -> Draft | None:
    """The same as a row says, in the form that it has for another road; None where it has none."""
    row = connection.execute(sa.select(outbound).where(outbound.c.id == outbound_id)).one()
    others = json.loads(cipher.open(row.others, "outbound.others")) if row.others else {}
    form = others.get(via)
    if not form:
        return None
    own = {via: form}
    return Draft(form["text"], row.said or "", kind, True, row.expires_at, own, via=via)


def _keep_push(connection: Connection, row: dict[str, Any], spoken: Draft, due_at: datetime) -> int:
    queued = {"road": "push", "state": "queued", "due_at": due_at, "after_id": spoken.after_id}
    return int(_INSERT_PUSH.first(connection, row | queued | {"by": spoken.via, "to": row["address_id"]}).id)


def _sealed_others(cipher: Cipher, others: Mapping[str, Any]) -> bytes | None:
    return cipher.seal(json.dumps(others, ensure_ascii=False), "outbound.others") if others else None


def push_instead(
    connection: Connection, cipher: Cipher, incoming: Incoming, answer: Answer, now: datetime
) -> list[int]:
    """What was said in an answer that nobody took is queued; from now on `answer` is what a repeat gets."""
    this = inbound.c.channel == incoming.channel, inbound.c.key == _key(cipher, incoming)
    sealed = cipher.seal_bytes(answer.body, "inbound.answer")
    connection.execute(sa.update(inbound).where(*this).values(answer=sealed, answer_type=answer.content_type))
    said = outbound.c.inbound_id.in_(sa.select(inbound.c.id).where(*this)), outbound.c.road == "reply"
    via = FIRST_ROAD[incoming.channel]
    queued = {"road": "push", "state": "queued", "via": via, "due_at": now, "sent_at": None}
    return list(connection.execute(sa.update(outbound).where(*said).values(queued).returning(outbound.c.id)).scalars())


def identify_part(connection: Connection, cipher: Cipher, to: str, answers: str, place: int, provider_id: str) -> None:
    """Gives a part of an SMS answer the id by which its fate is told; the first one that comes counts. `answers`: the
    provider's id of the message that it answers, `place`: the how manieth part it is."""
    this = inbound.c.channel == "sms", inbound.c.key == _key(cipher, Incoming("sms", to, answers, "text"))
    theirs = outbound.c.inbound_id.in_(sa.select(inbound.c.id).where(*this)), outbound.c.road == "reply"
    row = sa.select(outbound.c.id).where(*theirs).order_by(outbound.c.id).offset(place).limit(1).scalar_subquery()
    nameless = outbound.c.id == row, outbound.c.provider_id.is_(None)
    connection.execute(sa.update(outbound).where(*nameless).values(provider_id=provider_id))


def _key(cipher: Cipher, incoming: Incoming) -> bytes:
    """With the sender in it, so that nobody's message can be taken for a repeat of somebody else's."""
    return cipher.index(f"{incoming.address}|{incoming.key}", f"inbound.{incoming.channel}")
