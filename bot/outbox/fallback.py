"""Which road a notice takes when one is closed: the chat, a template, a subscription, SMS, e-mail, at last HR's call.

To add a road: its name in ROADS, in its place, and a method that finds where it leads.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.channels.twilio import china
from bot.settings import Settings
from bot.store import cases, credits, people
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared, word
from bot.store.messages import Draft, enqueue
from bot.store.people import Person
from bot.store.tables import addresses, candidates, outbound
from bot.values import phones, windows

NOTICE = "notice"
UNREACHABLE = "unreachable"  # the reason of the case
ROADS = ("service", "template", "subscription", "sms", "email")

_ROW = Prepared(sa.select(outbound).where(outbound.c.id == sa.bindparam("id")))
_STOPPED = Prepared(sa.select(candidates.c.pushes_stopped_at).where(candidates.c.id == sa.bindparam("id")))
_CHAT = Prepared(
    sa.select(addresses)
    .where(
        addresses.c.candidate_id == sa.bindparam("candidate"),
        addresses.c.channel == word("wechat"),
        addresses.c.stopped_at.is_(None),
        addresses.c.unfollowed_at.is_(None),
        addresses.c.unreachable_at.is_(None),
    )
    .order_by(addresses.c.last_inbound_at.desc().nulls_last())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What the settings say about roads: ids of templates by name, prices of one SMS by the beginning of the number,
    and the stages in which nothing more is said."""

    templates: Mapping[str, str] = field(default_factory=dict)
    subscriptions: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    closed: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        return cls(
            {name: template.id for name, template in settings.wechat.templates.items()},
            {name: template.id for name, template in settings.wechat.subscriptions.items()},
            settings.sms.prices,
            settings.stages.closed,
        )


@dataclass(frozen=True, slots=True)
class Road:
    """Where a road leads, and with what words."""

    address_id: int
    text: str


def next_road(connection: Connection, cipher: Cipher, terms: Terms, outbound_id: int, now: datetime) -> int | None:
    """Queues the notice on the next road that its row has not tried, or opens a case with what was in the way. Gives
    the new row's id; None for no row. The caller has made sure that the row failed just now, and once."""
    search = _Search(connection, cipher, terms, _chain(connection, outbound_id), now)
    if search.row.kind != NOTICE or search.row.candidate_id is None:
        return None
    return search.go_on()


def give_up(connection: Connection, cipher: Cipher, outbound_id: int, code: str, now: datetime) -> None:
    """A notice that nobody heard in time is for HR to call about."""
    chain = _chain(connection, outbound_id)
    if chain[-1].kind == NOTICE and chain[-1].candidate_id is not None:
        _open_case(connection, cipher, chain[-1], [*_trail(chain[:-1]), {"via": chain[-1].via, "code": code}], now)


def sms_address(connection: Connection, cipher: Cipher, candidate_id: int, text: str, now: datetime) -> int | None:
    """The address of the phone in the record, unless its owner wants nothing or the text may not go there: Twilio
    delivers no SMS with a link to mainland China."""
    found = _phone(connection, cipher, candidate_id, text, now)
    return None if isinstance(found, str) else found.id


def _chain(connection: Connection, outbound_id: int) -> list[Any]:
    """The row with all whose roads did not carry it before, the first one first."""
    rows: list[Any] = []
    number: int | None = outbound_id
    while number is not None:
        rows.insert(0, _ROW.first(connection, {"id": number}))
        number = rows[0].after_id
    return rows


def _trail(chain: list[Any]) -> list[dict[str, str | None]]:
    return [{"via": row.via, "code": row.error_code} for row in chain]


def _open_case(
    connection: Connection, cipher: Cipher, row: Any, trail: list[dict[str, str | None]], now: datetime
) -> None:
    detail = cipher.seal(json.dumps({"roads": trail}, ensure_ascii=False), "case_reasons.detail")
    cases.open_case(connection, row.candidate_id, row.address_id, UNREACHABLE, now, detail)


class _Search:
    """One notice looks for its next road; each gives where it leads, or a word for why it leads nowhere."""

    def __init__(self, connection: Connection, cipher: Cipher, terms: Terms, chain: list[Any], now: datetime) -> None:
        self._connection, self._cipher, self._terms, self._chain, self._now = connection, cipher, terms, chain, now
        self.row = chain[-1]
        self._others = json.loads(cipher.open(self.row.others, "outbound.others")) if self.row.others else {}

    def go_on(self) -> int | None:
        trail = _trail(self._chain)
        tried = {row.via for row in self._chain}
        for via in ROADS:
            if via in tried:
                continue
            found = self._unwelcome() or self._looks[via](self)
            if isinstance(found, Road):
                return self._queue(via, found)
            trail.append({"via": via, "code": found})
        _open_case(self._connection, self._cipher, self.row, trail, self._now)
        return None

    def _queue(self, via: str, road: Road) -> int:
        row = self.row
        spoken = Draft(
            road.text,
            row.said or "",
            NOTICE,
            pushed=True,
            expires_at=row.expires_at,
            others=self._others,
            touch_id=row.touch_id,
            via=via,
            after_id=row.id,
        )
        return enqueue(self._connection, self._cipher, road.address_id, row.candidate_id, None, [spoken], self._now)[0]

    def _unwelcome(self) -> str:
        row = _STOPPED.first(self._connection, {"id": self.row.candidate_id})
        return "stopped" if row and row.pushes_stopped_at else ""

    def _service(self) -> Road | str:
        chat = self._chat()
        if chat is None:
            return "no_chat"
        return self._to(chat.id) if windows.open_at(people.window_of(chat), self._now) else "window_closed"

    def _template(self) -> Road | str:
        if self._name("template") not in self._terms.templates:
            return "no_template"
        chat = self._chat()
        return self._to(chat.id) if chat else "no_chat"

    def _subscription(self) -> Road | str:
        template_id = self._terms.subscriptions.get(self._name("subscription"))
        if template_id is None:
            return "no_template"
        chat = self._chat()
        if chat is None:
            return "no_chat"
        return self._to(chat.id) if credits.left(self._connection, chat.id, template_id) else "no_credit"

    def _sms(self) -> Road | str:
        text = self._others.get("sms", {}).get("text") or self._text
        found = _phone(self._connection, self._cipher, self.row.candidate_id, text, self._now)
        return found if isinstance(found, str) else Road(found.id, text)

    def _email(self) -> Road | str:
        """Only with words of its own: an e-mail needs a subject."""
        text = self._others.get("email", {}).get("text")
        address = people.email_of(self._connection, self._cipher, self.row.candidate_id)
        if not text or not address:
            return "no_email" if text else "no_words"
        person = people.get_or_create(self._connection, self._cipher, "email", address, self._now)
        return _closed_to(person, self.row.candidate_id) or Road(person.id, text)

    @property
    def _text(self) -> str:
        return self._cipher.open(self.row.text, "outbound.text")

    def _to(self, address_id: int) -> Road:
        return Road(address_id, self._text)

    def _name(self, via: str) -> str:
        return str(self._others.get(via, {}).get("name", ""))

    def _chat(self) -> Any:
        """The candidate's WeChat, while they follow us."""
        return _CHAT.first(self._connection, {"candidate": self.row.candidate_id})

    _looks: Mapping[str, Callable[["_Search"], Road | str]] = {
        "service": _service,
        "template": _template,
        "subscription": _subscription,
        "sms": _sms,
        "email": _email,
    }


def _phone(connection: Connection, cipher: Cipher, candidate_id: int, text: str, now: datetime) -> Person | str:
    phone = people.phone_of(connection, cipher, candidate_id)
    if phone is None:
        return "no_phone"
    if phones.is_mainland(phone) and china.has_link(text):
        return "china_url"
    person = people.get_or_create(connection, cipher, "sms", phone, now)
    return _closed_to(person, candidate_id) or person


def _closed_to(person: Person, candidate_id: int) -> str:
    """Why this address of the record is no road; empty where it is one."""
    if person.candidate_id not in (None, candidate_id):
        return "not_theirs"
    if person.wrong_number:
        return "wrong_number"
    return "stopped" if person.stopped else "dead" if person.unreachable else ""
