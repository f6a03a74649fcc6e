"""Many sign-ins at once: nothing else of the server waits for them."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout
from aiohttp.test_utils import TestServer

from bot import links
from bot.conversation import Runtime
from bot.staff import passwords
from bot.store.db.database import Database
from bot.web.app import build

MANY = 80
TWILIO = {"From": "+8613800000001", "To": "+12025550100", "Body": "hi", "MessageSid": "SM1"}


def test_eighty_sign_ins_at_once_stop_nothing_else(house: Runtime, database: Database, tmp_path: Path) -> None:
    """Pages, probes and webhooks are answered before the sign-ins are, which began first."""
    ours = replace(house, settings=house.settings.model_copy(update={"var": tmp_path}))
    page = links.page_link(ours.settings, 1, 1).removeprefix(ours.settings.public_url)
    done: list[str] = []

    async def ask(session: ClientSession, method: str, path: str, what: str, **form: str) -> int:
        async with session.request(method, path, data=form or None) as answer:
            await answer.read()
            done.append(what)
            return answer.status

    async def flood() -> tuple[list[int], list[int]]:
        async with TestServer(build(ours, database)) as server, _client(server) as session:
            tries = [
                asyncio.create_task(ask(session, "POST", "/hr/sign-in", "sign-in", name=f"u{number}", password="x"))
                for number in range(MANY)
            ]
            await asyncio.sleep(0)
            others = [
                asyncio.create_task(ask(session, "GET", "/readyz", "readyz")),
                asyncio.create_task(ask(session, "GET", page, "page")),
                asyncio.create_task(ask(session, "POST", "/sms", "webhook", **TWILIO)),
                asyncio.create_task(ask(session, "GET", "/api/v1/stores", "api")),
            ]
            return await asyncio.gather(*tries), await asyncio.gather(*others)

    tries, others = asyncio.run(flood())
    assert set(tries) == {403, 503}, "some were looked at, for the others there was no room"
    assert others == [200, 200, 403, 401]
    assert {"readyz", "page", "webhook", "api"}.isdisjoint(done[-tries.count(403) // 2 :]), done


def test_strangers_take_no_room_from_browsers_that_were_in_before() -> None:
    go = threading.Event()
    strangers, known = passwords.Lane(2), passwords.Lane(2)
    first = [strangers.submit(go.wait) for _ in range(2)]
    with pytest.raises(passwords.Busy):
        strangers.submit(go.wait)
    assert known.submit(lambda: "in").result(30) == "in"
    go.set()
    assert [one.result(30) for one in first] == [True, True]
    assert strangers.submit(lambda: "room again").result(30) == "room again"


def _client(server: TestServer) -> ClientSession:
    return ClientSession(base_url=server.make_url("/"), timeout=ClientTimeout(total=120))
