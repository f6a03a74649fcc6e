"""What a page of HR is given and what it may answer: a visit of somebody who is signed in, without HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from multidict import MultiDict, MultiMapping
from sqlalchemy.engine import Connection

from bot.conversation import Runtime
from bot.errors import KeepwarmError
from bot.staff import permissions
from bot.staff.permissions import Row
from bot.store import audit, form_nonces
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.sessions import Session
from bot.store.staff_members import StaffMember
from bot.store.visibility import Visibility
from bot.web.forms import FormFile
from bot.web.hr.i18n import Texts

T = TypeVar("T")
_A_LOOK = timedelta(hours=1)
_MOST_LOOKS = 20_000


class Denied(KeepwarmError):
    """Not theirs to see or to do. `hidden`: they do not learn that it exists."""

    def __init__(self, what: str, hidden: bool = True) -> None:
        super().__init__(what)
        self.what, self.hidden = what, hidden


class Unfit(KeepwarmError):
    """What was sent cannot be meant: a day thousands of years away, a number that is none."""


@dataclass(frozen=True, slots=True)
class FormRequest:
    """What the browser asked for. `path`: with its query, as a way back."""

    path: str
    place: Mapping[str, str]
    query: MultiMapping[str]
    form: MultiMapping[str] = field(default_factory=MultiDict)
    files: Mapping[str, FormFile] = field(default_factory=dict)
    device: str = ""


@dataclass(slots=True)
class Once:
    """By what a form acts once: its nonce, and a blind index of what stands in it. `used`: by this very visit."""

    nonce: str
    said: bytes
    used: bool = False


@dataclass(frozen=True, slots=True)
class Backend:
    """What the pages share. `send`: hands rows to the outbox at once. `looks`: who looked at what, and when that was
    written down last."""

    house: Runtime
    database: Database
    send: Callable[[tuple[int, ...]], None]
    looks: dict[tuple[str, str, str], datetime] = field(default_factory=dict)

    @property
    def cipher(self) -> Cipher:
        return self.house.cipher


@dataclass(frozen=True, slots=True)
class StaffRequest:
    """Somebody is here: who, whom they see, what they ask for, and the language they read."""

    desk: Backend
    staff: StaffMember
    sight: Visibility
    session: Session
    token: str
    asked: FormRequest
    speech: Texts
    now: datetime
    once: Once | None = None

    @property
    def actor(self) -> str:
        return f"staff:{self.staff.code}"

    @property
    def cipher(self) -> Cipher:
        return self.desk.house.cipher

    def may(self, right: str) -> bool:
        return permissions.may(self.staff.role, right)

    def shown(self, row: Row) -> Row:
        """What is known of a person, without what their role does not see."""
        return permissions.shown(self.staff.role, row)

    def need(self, right: str) -> None:
        """Raises Denied where their role has no right to that."""
        if not self.may(right):
            raise Denied(right, hidden=False)

    def read(self, work: Callable[[Connection], T]) -> T:
        return self.desk.database.read(work)

    def write(self, work: Callable[[Connection], T]) -> T:
        """The first thing that a form changes uses the form up, in the same transaction. Raises Repeated where that
        was done before."""
        once = self.once
        if once is None or once.used:
            return self.desk.database.write(work)

        def act(connection: Connection) -> T:
            form_nonces.use(connection, once.nonce, once.said, self.now)
            return work(connection)

        done = self.desk.database.write(act)
        once.used = True
        return done

    def note(self, connection: Connection, action: str, target: str | None, **detail: Any) -> None:
        """Into the audit log."""
        audit.record(connection, self.actor, action, target, self.now, detail or None)

    def looked(self, action: str, target: str) -> None:
        """They have read personal data: into the audit log, once an hour, since an open page is read again with every
        change."""
        looks, this = self.desk.looks, (self.actor, action, target)
        if (before := looks.get(this)) and self.now - before < _A_LOOK:
            return
        self.write(lambda connection: self.note(connection, action, target))
        if len(looks) >= _MOST_LOOKS:
            looks.clear()  # they are written down once more
        looks[this] = self.now

    def said(self, name: str) -> str:
        """One field of the form, without blanks around it."""
        return self.asked.form.get(name, "").strip()

    def wish(self, name: str) -> str:
        """One value of the query."""
        return self.asked.query.get(name, "").strip()

    def number(self, name: str = "id") -> int:
        """A number in the path. Raises Denied where it is none that could be somebody's."""
        text = self.asked.place[name]
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            raise Denied(f"{name}")
        return int(text)


@dataclass(frozen=True, slots=True)
class Page:
    """A template and what it shows."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """On to another page of ours. `cookie`: a new session's token; "" ends the session here."""

    path: str
    cookie: str | None = None


@dataclass(frozen=True, slots=True)
class File:
    """Something to keep."""

    name: str
    body: bytes
    kind: str = "text/csv"


Reply = Page | Redirect | File
Handle = Callable[[StaffRequest], Reply]


@dataclass(frozen=True, slots=True)
class HrRoute:
    """One address of the inbox, and the right it takes ("" for any of HR). `most`: bytes of what is sent to it."""

    method: str
    path: str
    right: str
    handle: Handle
    most: int = 64 * 1024
