"""Who is who in HR, where each can be told something, and by which roads first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.settings import Settings
from bot.store import staff_members
from bot.store.db.cipher import Cipher
from bot.store.tables import staff, stopped_channels

ROADS: Mapping[str, str] = {  # in the usual order: the column of `staff` that has the address
    "wecom": "wecom",
    "wecom_robot": "wecom",
    "dingtalk": "dingtalk",
    "feishu": "feishu",
    "sms": "phone",
    "email": "email",
}
CHOSEN = tuple(road for road in ROADS if road != "wecom_robot")  # that somebody may want first
GROUPS = ("wecom_robot", "dingtalk", "feishu")  # where something can be said to whoever is there


@dataclass(frozen=True, slots=True)
class Colleague:
    """`addresses`: by road. `wants`: the roads that they chose, the first one first."""

    code: str
    name: str
    role: str
    manager: str | None
    locale: str | None
    away: bool
    addresses: Mapping[str, str] = field(default_factory=dict)
    wants: Sequence[str] = ()


class Colleagues:
    """All of HR, opened; a few hundred people at most."""

    def __init__(self, connection: Connection, settings: Settings, cipher: Cipher, now: datetime) -> None:
        self._settings = settings
        self.by_code: Mapping[str, Colleague] = {
            row.code: _colleague(row, cipher, now) for row in connection.execute(sa.select(staff))
        }
        self.stopped: Mapping[str, datetime] = {
            row.channel: row.look_at for row in connection.execute(sa.select(stopped_channels))
        }

    def name_of(self, code: str | None) -> str:
        one = self.by_code.get(code or "")
        return one.name if one else (code or "")

    def roads(self, code: str, tried: Sequence[str] = ()) -> list[tuple[str, str]]:
        """Road and address of each that is left to this person, the best first; what stands still is left out."""
        return [(road, address) for road, address in self._all(code) if road not in tried and road not in self.stopped]

    def blocked(self, code: str) -> list[tuple[str, str]]:
        """The roads that would be theirs if the channel did not stand still."""
        return [(road, address) for road, address in self._all(code) if road in self.stopped]

    @cached_property
    def groups(self) -> Sequence[str]:
        """The robots that can say something to nobody in particular."""
        return [road for road in GROUPS if road in self._on and road not in self.stopped]

    def _all(self, code: str) -> list[tuple[str, str]]:
        one = self.by_code.get(code)
        if one is None:
            return []
        order = [*dict.fromkeys([*one.wants, *self._usual])]
        return [(road, one.addresses[road]) for road in order if road in self._on and one.addresses.get(road)]

    @cached_property
    def _on(self) -> frozenset[str]:
        """The roads for which there is an account."""
        settings = self._settings
        sms = settings.sms.on and bool(settings.sms.messaging_service_sid or settings.sms.sender)
        robots = {road for road in ("wecom", *GROUPS, "email") if getattr(settings, road).on}
        return frozenset(robots | ({"sms"} if sms else set()))

    @cached_property
    def _usual(self) -> Sequence[str]:
        """A group where everybody reads along stands in for the application, not beside it."""
        return [road for road in ROADS if road != "wecom_robot" or "wecom" not in self._on]


def who_has(connection: Connection, cipher: Cipher, column: str, address: str, now: datetime) -> Colleague | None:
    """The one member of staff with this address in this column of `staff`; none where several share it."""
    code = staff_members.whose(connection, cipher, column, address)
    row = connection.execute(sa.select(staff).where(staff.c.code == code)).first() if code else None
    return _colleague(row, cipher, now) if row else None


def _colleague(row: "sa.Row[tuple[object, ...]]", cipher: Cipher, now: datetime) -> Colleague:
    opened = {
        road: cipher.open(getattr(row, column), f"staff.{column}")
        for road, column in ROADS.items()
        if getattr(row, column)
    }
    return Colleague(
        row.code,
        cipher.open(row.name, "staff.name"),
        row.role,
        row.manager,
        row.locale,
        bool(row.away_until and row.away_until > now),
        opened,
        tuple(row.alerts or ()),
    )
