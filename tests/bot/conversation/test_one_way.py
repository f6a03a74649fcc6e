"""An SMS to mainland China cannot be answered: what goes out there asks for no reply and says where to answer."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.engine.turn import TOUCH, Heard
from bot.proactive.push import push, world_of
from bot.proactive.touches import send_due
from bot.store import people
from bot.store.db.database import Database
from bot.store.tables import candidates, outbound
from tests.bot.conversation.test_touching import plan
from tests.conftest import NOW
from tests.talking import Person

pytestmark = pytest.mark.usefixtures("company")
ASKS = re.compile(r"^1\. 确认参加|回数字|回个数字|reply the number|[：:]\n*$|[：:]\n(这条短信|This number)")
STORIES = ("checkin", "greeting", "stories", "story", "tips", "countdown.week", "nudge.here")  # ride open chats alone


def sent(house: Runtime, database: Database) -> list[tuple[str, str]]:
    """What was pushed, and what it is by SMS."""
    rows = database.read(lambda c: c.execute(sa.select(outbound).order_by(outbound.c.id)).all())
    pushed = [row for row in rows if row.road == "push"]
    others = [json.loads(house.cipher.open(row.others, "outbound.others")) if row.others else {} for row in pushed]
    return [
        (house.cipher.open(row.text, "outbound.text"), other.get("sms", {}).get("text", ""))
        for row, other in zip(pushed, others, strict=True)
    ]


def test_by_a_one_way_sms_no_answer_is_asked_for(house: Runtime, database: Database, person: Person) -> None:
    plan(database, "PUB", NOW)
    database.write(lambda c: send_due(c, house, NOW))
    ((text, _),) = sent(house, database)
    assert "12月1日" in text
    assert not ASKS.search(text)
    assert "公众号“暖记餐饮”" in text
    assert "WANGFANG1" in text


def test_who_is_in_the_chat_is_sent_there_without_a_code(house: Runtime, database: Database, person: Person) -> None:
    person.is_bound_to("PUB")
    plan(database, "PUB", NOW)
    database.write(lambda c: send_due(c, house, NOW))
    ((chat, sms),) = sent(house, database)
    assert "1. 确认参加培训" in chat
    assert "12月1日" in sms
    assert not ASKS.search(sms)
    assert "公众号“暖记餐饮”" in sms
    assert "WANGFANG1" not in sms


def test_without_wechat_the_telephone_is_named(house: Runtime, database: Database, person: Person) -> None:
    settings = house.settings
    company = settings.company.model_copy(update={"phone": "400-123-4567"})
    no_chat = settings.model_copy(
        update={"company": company, "wechat": settings.wechat.model_copy(update={"app_id": ""})}
    )
    house = replace(house, settings=no_chat)
    plan(database, "PUB", NOW)
    database.write(lambda c: send_due(c, house, NOW))
    ((text, _),) = sent(house, database)
    assert not ASKS.search(text)
    assert "公众号" not in text
    assert "400-123-4567" in text


def test_an_sms_that_can_be_answered_still_asks(house: Runtime, database: Database) -> None:
    plan(database, "GRACE", NOW + timedelta(hours=14))
    database.write(lambda c: send_due(c, house, NOW + timedelta(hours=14)))
    ((text, _),) = sent(house, database)
    assert "1. " in text
    assert "reply the number" in text


@pytest.mark.parametrize(
    ("who", "phone"), [("PUB", "+8613800000001"), ("TOM", "+8613800000007"), ("TODAY", "+8613800000008")]
)
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_nothing_that_keepwarm_begins_asks_for_a_reply_there(
    house: Runtime, database: Database, who: str, phone: str, locale: str
) -> None:
    flows, words = house.content.flows.by_name, house.content.words[locale]
    begins = [f"{name}.{step}" for name, flow in flows.items() for step in sorted(flow.touches)]
    labels = {*words.about.values(), *(labels[0] for labels in words.choices.values())}

    def say(connection: sa.Connection) -> None:
        connection.execute(sa.update(candidates).values(locale=locale))
        for step in (step for step in begins if not step.startswith(STORIES)):
            with connection.begin_nested() as nested:
                number = people.by_code(connection, who)
                person = people.get_or_create(connection, house.cipher, "sms", phone, NOW)
                assert number
                people.bind(connection, person.id, number, "sms", "number", "1", NOW)
                world = world_of(connection, house, people.at(connection, house.cipher, person.id), NOW)
                push(world, Heard(event=TOUCH, value=step), "notice")
                texts = connection.execute(sa.select(outbound.c.text)).scalars()
                for text in (house.cipher.open(text, "outbound.text") for text in texts):
                    assert not ASKS.search(text), (step, text)
                    offered = {line[3:] for line in text.splitlines() if line[1:3] == ". "}
                    assert not offered & (labels - {"健康证"}), (step, text)
                nested.rollback()

    database.write(say)
