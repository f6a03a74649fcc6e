"""Whoever wants no messages says so once, and whoever wants them again says that, in whatever words."""

import pytest

from bot.conversation import Runtime
from bot.store.db.database import Database
from tests.conftest import NOW
from tests.talking import Person

STOPS = (
    "以后别给我发消息了",
    "以后不用给我发消息了",
    "你们以后不要再发信息给我",
    "今后别给我发短信了",
    "从现在起别给我发消息了",
    "以後唔好再發訊息俾我",
    "stop messaging me",
    "stop texting me from now on",
    "from now on don't message me",
)
STARTS = (
    "算了 还是发吧",
    "还是给我发吧",
    "恢复发消息",
    "重新给我发消息吧",
    "可以继续发消息了",
    "ok start again",
    "you can text me again",
    "ok you can message me again",
)


@pytest.mark.parametrize("sentence", STOPS)
def test_who_wants_no_messages_is_stopped_at_once(person: Person, sentence: str) -> None:
    assert person.is_bound_to("PUB").says(sentence).keys == ["stop.stopped"]


@pytest.mark.parametrize("sentence", STARTS)
def test_who_wants_them_again_gets_them(person: Person, sentence: str) -> None:
    person.is_bound_to("PUB").says("退订")
    assert person.says(sentence).keys == ["stop.resumed"]


def test_who_stops_again_in_a_chat_hears_that_it_is_so(person: Person) -> None:
    person.is_bound_to("PUB").says("退订")
    assert person.says("dont text me anymore").keys == ["stop.stopped_already"]
    assert person.says("以后别给我发消息了").keys == ["stop.stopped_already"]


def test_after_stop_an_sms_stays_unanswered(house: Runtime, database: Database) -> None:
    person = Person(house, database, NOW, "sms", "+8613800000001").is_bound_to("PUB")
    for text in ("STOP", "STOP", "dont text me anymore"):
        assert person.says(text).text == ""
