"""What a handler of the API gets and gives: a call that has been let in, and its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy.engine import Connection

from bot.conversation import Runtime
from bot.store import audit
from bot.store.db.database import Database
from bot.store.tokens import Holder
from bot.store.visibility import Visibility
from bot.web.api.models import BIGGEST_ID
from bot.web.api.problems import not_found

Method = Literal["GET", "PUT", "POST", "DELETE"]
Right = Literal["read", "write"]


@dataclass(frozen=True)
class ApiAnswer:
    """`target`: what was looked at, for the audit log."""

    body: BaseModel | None
    status: int = 200
    target: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApiCall:
    """`path`: the values in the path; `query` and `body` as their models have them."""

    action: str
    house: Runtime
    database: Database
    holder: Holder
    path: Mapping[str, str]
    query: Any
    body: Any
    now: datetime

    @property
    def sight(self) -> Visibility:
        return self.holder.sight

    @property
    def code(self) -> str:
        return self.path["code"]

    @property
    def number(self) -> int:
        """The id in the path. Raises Problem where it can be nobody's."""
        text = self.path["id"]
        if not (text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= BIGGEST_ID):
            raise not_found(f"{text[:40]!r}")
        return int(text)

    def note(self, connection: Connection, target: str | None, detail: Mapping[str, Any] | None = None) -> None:
        """Keeps in the audit log what this call does, in its own transaction."""
        audit.record(connection, self.holder.actor, self.action, target, self.now, detail)


Handler = Callable[[ApiCall], ApiAnswer]


@dataclass(frozen=True)
class ApiRoute:
    """One call of the API. `name`: `noun.verb`, as the audit log has it. `personal`: what is read is somebody's, and
    audited (what is written always is). `whole`: only for tokens that see everybody. `answers`: the body by status."""

    method: Method
    path: str
    name: str
    right: Right
    handle: Handler
    summary: str
    answers: Mapping[int, type[BaseModel] | None]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    personal: bool = False
    whole: bool = False
