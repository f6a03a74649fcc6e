"""A company with cases, and systems of its own that call the API with tokens of each kind."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.conversation import Runtime
from bot.store import cases, events, tokens
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import audit, candidates
from bot.store.tables import cases as case_table
from bot.web.api import BASE, Dispatch
from tests.conftest import NOW

RIGHTS = {"read": ("read",), "write": ("write",), "both": ("read", "write")}


@dataclass
class Reply:
    """What came back. `body`: JSON, or None."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Caller:
    """Calls the API, each call through a server of its own: `call` is what most tests need."""

    house: Runtime
    database: Database
    cipher: Cipher
    a_minute: int = 0
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> Dispatch:
        return Dispatch(self.house, self.database, None, lambda: NOW)

    def token(self, rights: str = "both", scope: str = "") -> str:
        name = f"{rights}-{scope or 'all'}"
        if name not in self.tokens:
            self.tokens[name] = self.database.write(
                lambda c: tokens.create(c, self.cipher, name, RIGHTS[rights], scope, NOW)
            )
        return self.tokens[name]

    def call(self, method: str, path: str, body: Any = None, token: str | None = None, **options: Any) -> Reply:
        return self.calls((method, path, body), token=token, **options)[0]

    def calls(self, *wanted: tuple[str, str, Any], token: str | None = None, **options: Any) -> list[Reply]:
        used = self.token() if token is None else token

        async def run() -> list[Reply]:
            app = web.Application()
            app.add_routes(self.api.routes())
            async with TestClient(TestServer(app)) as client:
                return [await call(client, how, path, body, used, **options) for how, path, body in wanted]

        return asyncio.run(run())

    def audited(self) -> list[tuple[str, str, str | None]]:
        """(actor, action, target) of what the API did, in order."""
        wanted = sa.select(audit).where(audit.c.actor.like("api:%")).order_by(audit.c.id)
        return self.database.read(lambda c: [(row.actor, row.action, row.target) for row in c.execute(wanted)])

    def candidate(self, code: str) -> Any:
        return self.database.read(lambda c: c.execute(sa.select(candidates).where(candidates.c.code == code)).one())


async def call(client: Any, method: str, path: str, body: Any, token: str, **options: Any) -> Reply:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    sent = {"data": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
    answer = await client.request(
        method, BASE + path, headers=headers | options.pop("headers", {}), allow_redirects=False, **sent, **options
    )
    told = await answer.json(content_type=None) if await answer.read() else None
    return Reply(answer.status, told, answer.headers)


@pytest.fixture
def api_house(company: None, settings: Any, cipher: Cipher) -> Runtime:
    """The cast, and what the API needs of a house: no understanding, no words."""
    return Runtime(settings, None, None, cipher)  # type: ignore[arg-type]


@pytest.fixture
def caller(api_house: Runtime, database: Database, cipher: Cipher) -> Caller:
    return Caller(api_house, database, cipher)


@pytest.fixture
def case_of(database: Database) -> Any:
    """Opens a case of a candidate, and gives its id."""

    def opened(code: str, reason: str = "store_far") -> int:
        def open_(connection: sa.Connection) -> int:
            who = connection.execute(sa.select(candidates.c.id).where(candidates.c.code == code)).scalar_one()
            return cases.open_case(connection, who, None, reason, NOW)

        return database.write(open_)

    return opened


def case_row(database: Database, number: int) -> Any:
    return database.read(lambda c: c.execute(sa.select(case_table).where(case_table.c.id == number)).one())


def keep_event(database: Database, kind: str = events.STAGE, candidate_id: int | None = None, **body: Any) -> None:
    database.write(lambda c: events.keep(c, kind, candidate_id, body, NOW))
