"""Why the bot answered so: told to the demo's simulator, and to nobody else."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp.test_utils import TestClient, TestServer

from bot.conversation import House
from bot.store.database import Database
from bot.store.tables import inbound
from bot.web.app import build
from tests.talking import Person

WHY = {
    "decision": "answer",
    "p": 0.93,
    "top": [["training.when", 0.93], ["training.where", 0.04]],
    "road": ["training.when"],
    "facts": {"date": "published"},
}
Answer = tuple[int, Any]
Ask = Callable[..., Answer]


@pytest.fixture
def ask(house: House, database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """GET /sim/why at the whole door, in the demo (`demo=True`) or not."""

    def asked(demo: bool = True, **query: str) -> Answer:
        if demo:
            monkeypatch.setenv("KEEPWARM_SIM_URL", "http://127.0.0.1:1")
        else:
            monkeypatch.delenv("KEEPWARM_SIM_URL", raising=False)
        return asyncio.run(_got(lambda client: _answer(client, query), house, database))

    return asked


async def _got(call: Callable[[Any], Awaitable[Answer]], house: House, database: Database) -> Answer:
    async with TestClient(TestServer(build(house, database))) as client:
        return await call(client)


async def _answer(client: Any, query: dict[str, str]) -> Answer:
    async with client.get("/sim/why", params=query) as response:
        return response.status, await response.json() if response.status == 200 else await response.text()


def _noted(database: Database, house: House, why: dict[str, Any] | None) -> None:
    """As if the conversation had kept this beside every message."""
    sealed = house.cipher.seal(json.dumps(why), "inbound.why") if why is not None else None
    database.write(lambda connection: connection.execute(sa.update(inbound).values(why=sealed)))


def test_each_message_comes_with_its_why_newest_first(
    ask: Ask, person: Person, database: Database, house: House
) -> None:
    person.says("什么时候培训").says("要带什么")
    _noted(database, house, WHY)
    status, whys = ask(channel="wechat", address=person.address)
    assert (status, [why["text"] for why in whys]) == (200, ["要带什么", "什么时候培训"])
    assert whys[0]["why"] == WHY
    assert whys[0]["received_at"] == person.now.isoformat()


def test_meanings_come_with_what_they_are_called(ask: Ask, person: Person, database: Database, house: House) -> None:
    person.says("什么时候培训")
    _noted(database, house, WHY | {"also": ["training.bring"]})
    names = ask(channel="wechat", address=person.address)[1][0]["names"]
    assert names["training.when"]["zh"] == house.content.words["zh"].about["training.when"]
    assert names.keys() == {"training.when", "training.where", "training.bring"}


def test_a_message_of_which_nothing_was_noted_is_told_without(
    ask: Ask, person: Person, database: Database, house: House
) -> None:
    person.event("follow")
    _noted(database, house, None)
    told = ask(channel="wechat", address=person.address)[1][0]
    assert (told["text"], told["why"], told["names"]) == ("", {}, {})


def test_only_as_many_as_asked_for_and_only_of_that_address(ask: Ask, person: Person, texter: Any) -> None:
    person.says("什么时候培训").says("要带什么")
    texter("+12025550143").says("hello")
    assert len(ask(channel="wechat", address=person.address, last="1")[1]) == 1
    assert [why["text"] for why in ask(channel="sms", address="+12025550143")[1]] == ["hello"]
    assert ask(channel="wechat", address="o-nobody") == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"channel": "wechat"},
        {"channel": "mail", "address": "x"},
        {"channel": "sms", "address": "x", "last": "-1"},
        {"channel": "sms", "address": "x", "last": "²"},
        {"channel": "sms", "address": "x", "last": "9" * 5000},
    ],
)
def test_a_senseless_question_is_refused(ask: Ask, query: dict[str, str]) -> None:
    assert ask(**query)[0] == 400


def test_outside_the_demo_there_is_no_such_door(ask: Ask, person: Person) -> None:
    person.says("什么时候培训")
    status, text = ask(demo=False, channel="wechat", address=person.address)
    assert status == 404
    assert "培训" not in text
