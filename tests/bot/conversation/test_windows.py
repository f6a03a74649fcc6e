"""What people do opens WeChat's windows, inside the transaction that answers them; what providers tell does not."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store import people
from bot.store.db.database import Database
from bot.store.tables import addresses, credits, inbound, outbound, receipts
from bot.values import windows
from bot.values.message import Incoming
from tests.talking import Person

HOURS, SECOND = timedelta(hours=48), timedelta(seconds=1)


def row(database: Database) -> Any:
    return database.read(lambda c: c.execute(sa.select(addresses)).one())


def known(database: Database, person: Person) -> people.Person:
    found = database.write(lambda c: people.find(c, person.house.cipher, person.channel, person.address))
    assert found
    return found


@pytest.mark.parametrize("kind", ["text", "picture", "voice", "location", "sticker"])
def test_a_message_of_any_kind_opens_the_window(person: Person, database: Database, kind: str) -> None:
    person.does(Incoming("wechat", person.address, "m1", kind, "你好" if kind == "text" else ""))
    assert (row(database).window_left, row(database).window_until) == (5, person.now + HOURS)
    assert windows.open_at(known(database, person).window, person.now) is True


@pytest.mark.parametrize("event", ["follow", "scan", "menu"])
def test_an_event_opens_the_brief_one(person: Person, database: Database, event: str) -> None:
    person.event(event)
    found = row(database)
    assert (found.brief_left, found.brief_until, found.brief_by) == (3, person.now + 60 * SECOND, event)
    assert found.window_until is None


def test_a_window_begins_when_they_wrote_not_when_we_heard_of_it(person: Person, database: Database) -> None:
    person.says("你好", sent_at=person.now - timedelta(hours=1))
    assert row(database).window_until == person.now - timedelta(hours=1) + HOURS


def test_an_answer_in_their_own_call_costs_nothing(person: Person, database: Database) -> None:
    person.says("你好").says("培训在哪里")
    assert row(database).window_left == 5


def test_leaving_closes_it(person: Person, database: Database) -> None:
    person.says("你好").event("unfollow")
    assert windows.open_at(known(database, person).window, person.now) is False
    assert row(database).unfollowed_at == person.now


def test_an_sms_opens_no_window(texter: Any, database: Database) -> None:
    texter("+12025550123").says("hello")
    assert row(database).window_until is None


def test_whoever_writes_is_reachable_again(person: Person, database: Database) -> None:
    person.says("你好")
    dead = {"unreachable_at": person.now, "unreachable_code": "40003"}
    database.write(lambda c: people.change(c, row(database).id, **dead))
    assert known(database, person).unreachable
    person.says("你好")
    assert (row(database).unreachable_at, row(database).unreachable_code) == (None, None)


# What WeChat tells of what we sent and may send.


def tells(person: Person, event: str, scene: str = "", key: str = "", **detail: Any) -> None:
    person.does(Incoming("wechat", person.address, key or f"{event}-{scene}", "event", "", event, scene, detail))


def test_news_are_no_message_and_get_no_answer(person: Person, house: Runtime, database: Database) -> None:
    person.says("你好")
    before = row(database)
    person.now += timedelta(hours=1)
    for event, scene, detail in (
        ("template_done", "123", {"status": "success"}),
        ("subscribed", "", {"templates": {"S1": "accept"}}),
        ("subscription_sent", "", {"results": [{"template_id": "S1", "msgid": "9", "code": 0, "status": "ok"}]}),
    ):
        tells(person, event, scene, **detail)
        assert (person.text, person.keys) == ("", [])
    after = row(database)
    for column in ("turn", "last_inbound_at", "window_left", "window_until", "talk", "brief_until"):
        assert getattr(after, column) == getattr(before, column), column
    assert database.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(inbound)).scalar()) == 4


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [("success", "delivered", None), ("failed:user block", "failed", "failed:user block")],
)
def test_a_template_s_fate_is_written_down(
    person: Person, database: Database, status: str, state: str, code: str | None
) -> None:
    person.says("你好")
    sent = {"provider_id": "2918131553548107776", "state": "sent", "via": "template", "kind": "answer"}
    database.write(lambda c: c.execute(sa.update(outbound).values(sent)))
    tells(person, "template_done", "2918131553548107776", status=status)
    found = database.read(lambda c: c.execute(sa.select(outbound.c.state, outbound.c.error_code)).one())
    assert tuple(found) == (state, code)


def test_each_consent_is_one_credit_and_a_repeat_is_none(person: Person, database: Database) -> None:
    def left() -> dict[str, int]:
        found = sa.select(credits.c.template_id, credits.c.left)
        return database.read(lambda c: {row.template_id: row.left for row in c.execute(found)})

    tells(person, "subscribed", key="1", templates={"S1": "accept", "S2": "reject"})
    tells(person, "subscribed", key="1", templates={"S1": "accept", "S2": "reject"})
    assert left() == {"S1": 1}
    tells(person, "subscribed", key="2", templates={"S1": "accept"})
    assert left() == {"S1": 2}
    tells(person, "subscribed", key="3", templates={"S1": "reject"})
    assert left() == {"S1": 0}


def test_a_subscription_notice_that_was_not_sent_is_known_by_its_id(person: Person, database: Database) -> None:
    person.says("你好")
    sent = {"provider_id": "77", "state": "sent", "via": "subscription"}
    database.write(lambda c: c.execute(sa.update(outbound).values(sent)))
    results = [
        {"template_id": "S1", "msgid": "77", "code": 43101, "status": "refused"},
        {"template_id": "S1", "msgid": "78", "code": 0, "status": "success"},
    ]
    tells(person, "subscription_sent", results=results)
    assert database.read(lambda c: c.execute(sa.select(outbound.c.state)).scalar()) == "failed"
    assert database.read(lambda c: c.execute(sa.select(receipts.c.provider_id)).scalars().all()) == ["77"]
