"""Why the bot answered so: told to the demo's simulator, and to nobody else."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp.test_utils import TestClient, TestServer

from bot.conversation import Runtime
from bot.store import people
from bot.store.db.database import Database
from bot.store.tables import addresses, inbound, outbound, touches
from bot.web.app import build
from tests.talking import Person

WHY = {
    "decision": "answer",
    "p": 0.93,
    "top": [["training.when", 0.93], ["training.where", 0.04]],
    "road": ["training.when"],
    "facts": {"date": "published"},
}
HOUR = timedelta(hours=1)
Answer = tuple[int, Any]
Ask = Callable[..., Answer]


@pytest.fixture
def ask(house: Runtime, database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """GET /sim/why at the whole door, in the demo (`demo=True`) or not."""

    def asked(demo: bool = True, path: str = "/sim/why", **query: str) -> Answer:
        if demo:
            monkeypatch.setenv("KEEPWARM_SIM_URL", "http://127.0.0.1:1")
        else:
            monkeypatch.delenv("KEEPWARM_SIM_URL", raising=False)
        return asyncio.run(_got(lambda client: _answer(client, path, query), house, database))

    return asked


async def _got(call: Callable[[Any], Awaitable[Answer]], house: Runtime, database: Database) -> Answer:
    async with TestClient(TestServer(build(house, database))) as client:
        return await call(client)


async def _answer(client: Any, path: str, query: dict[str, str]) -> Answer:
    async with client.get(path, params=query) as response:
        return response.status, await response.json() if response.status == 200 else await response.text()


def _noted(database: Database, house: Runtime, why: dict[str, Any] | None) -> None:
    """As if the conversation had kept this beside every message."""
    sealed = house.cipher.seal(json.dumps(why), "inbound.why") if why is not None else None
    database.write(lambda connection: connection.execute(sa.update(inbound).values(why=sealed)))


def test_each_message_comes_with_its_why_newest_first(
    ask: Ask, person: Person, database: Database, house: Runtime
) -> None:
    person.says("什么时候培训").says("要带什么")
    _noted(database, house, WHY)
    status, whys = ask(channel="wechat", address=person.address)
    assert (status, [why["text"] for why in whys]) == (200, ["要带什么", "什么时候培训"])
    assert whys[0]["why"] == WHY
    assert whys[0]["received_at"] == person.now.isoformat()


def test_meanings_come_with_what_they_are_called(ask: Ask, person: Person, database: Database, house: Runtime) -> None:
    person.says("什么时候培训")
    _noted(database, house, WHY | {"also": ["training.bring"]})
    names = ask(channel="wechat", address=person.address)[1][0]["names"]
    assert names["training.when"]["zh"] == house.content.words["zh"].about["training.when"]
    assert names.keys() == {"training.when", "training.where", "training.bring"}


def test_a_message_of_which_nothing_was_noted_is_told_without(
    ask: Ask, person: Person, database: Database, house: Runtime
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


def _pushed(database: Database, house: Runtime, person: Person) -> None:
    """A notice of the rhythm whose chat was closed, and which went by a template then."""
    who = database.read(lambda c: people.by_code(c, "PUB"))
    due, text = person.now + HOUR, house.cipher.seal("培训时间定了", "outbound.text")

    def push(connection: sa.Connection) -> None:
        where = connection.execute(sa.select(addresses.c.id)).scalar_one()
        planned = {"entry": "unread", "occasion": "PUB:2", "kind": "notice", "begins": "reminder.unread"}
        moments = {"meant_at": person.now, "due_at": due, "deferred": "hours", "created_at": person.now}
        touch = sa.insert(touches).values(candidate_id=who, state="sent", **planned, **moments).returning(touches.c.id)
        row = {"address_id": where, "kind": "notice", "text": text, "road": "push", "created_at": due}
        row |= {"touch_id": connection.execute(touch).scalar_one(), "said": "reminder.unread"}
        closed = sa.insert(outbound).values(row | {"via": "service", "state": "failed", "error_code": "45015"})
        number = connection.execute(closed.returning(outbound.c.id)).scalar_one()
        went = {"via": "template", "state": "delivered", "sent_at": due, "provider_id": "7", "after_id": number}
        connection.execute(sa.insert(outbound).values(row | went))

    database.write(push)


def test_what_was_said_unasked_comes_with_entry_moments_and_roads(
    ask: Ask, person: Person, database: Database, house: Runtime
) -> None:
    person.is_bound_to("PUB")
    _pushed(database, house, person)
    ((status, told),) = [ask(path="/sim/why/pushed", channel="wechat", address=person.address)]
    (one,) = told
    assert (status, one["text"], one["via"], one["state"], one["provider_id"]) == (
        200,
        "培训时间定了",
        "template",
        "delivered",
        "7",
    )
    assert [(way["via"], way["state"], way["error_code"]) for way in one["trail"]] == [("service", "failed", "45015")]
    touch = one["touch"]
    assert (touch["entry"], touch["occasion"], touch["deferred"]) == ("unread", "PUB:2", "hours")
    assert touch["meant_at"] == person.now.isoformat()


def test_what_was_said_unasked_is_shown_to_the_demo_alone(
    ask: Ask, person: Person, database: Database, house: Runtime
) -> None:
    person.is_bound_to("PUB")
    _pushed(database, house, person)
    assert ask(demo=False, path="/sim/why/pushed", channel="wechat", address=person.address)[0] == 404
    assert ask(path="/sim/why/pushed", channel="wechat", address="o-nobody") == (200, [])
    assert ask(path="/sim/why/pushed", channel="mail", address="x")[0] == 400


def test_outside_the_demo_there_is_no_such_door(ask: Ask, person: Person) -> None:
    person.says("什么时候培训")
    status, text = ask(demo=False, channel="wechat", address=person.address)
    assert status == 404
    assert "培训" not in text
