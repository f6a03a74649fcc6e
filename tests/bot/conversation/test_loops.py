"""Two machines never talk for ever."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store.db.database import Database
from bot.store.tables import case_reasons, inbound
from tests.conftest import NOW
from tests.talking import Person

FEW = 8


def reasons(database: Database) -> Sequence[str]:
    return database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))


def answers(person: Person, text: str, times: int) -> int:
    """How often they got an answer, writing every five seconds."""
    got = 0
    for count in range(times):
        person.now += timedelta(seconds=5)
        got += bool(person.says(text.format(count)).text)
    return got


@pytest.mark.parametrize(
    "text", ["Gracias. Ticket #{}", "Thank you very much, we are happy. Ticket #{}", "请问单号 {} 吗"]
)
def test_a_stranger_who_answers_everything_gets_few_answers_and_hr_hears_once(
    text: str, house: Runtime, database: Database
) -> None:
    person = Person(house, database, NOW, "sms", "+12025550188")
    assert 1 <= answers(person, text, 40) <= FEW
    assert list(reasons(database)) == ["loop"]
    assert len(database.read(lambda c: c.execute(sa.select(inbound.c.id)).all())) == 40


def test_a_candidates_machine_is_silenced_too_until_it_says_something(house: Runtime, database: Database) -> None:
    person = Person(house, database, NOW, "sms", "+8613800000001").is_bound_to("PUB")
    assert answers(person, "qwrtz plmk xvb {}", 40) <= FEW
    assert list(reasons(database)).count("loop") == 1
    assert person.says("什么时候培训").keys[0].startswith("training.")


def test_whoever_asks_the_same_again_and_again_is_answered(person: Person) -> None:
    person.is_bound_to("PUB")
    assert answers(person, "什么时候培训", 12) == 12


def test_the_bot_speaks_again_after_a_while(house: Runtime, database: Database) -> None:
    person = Person(house, database, NOW, "sms", "+8613800000001").is_bound_to("PUB")
    answers(person, "qwrtz plmk xvb {}", 20)
    person.now += timedelta(hours=1)
    assert person.says("qwrtz plmk").text


@pytest.mark.parametrize("sender", ["22000", "106900", "95588", "AMAZON", "Bank-Info"])
@pytest.mark.parametrize("text", ["Your code is 123456. Do not reply.", "WANGFANG1", "什么时候培训", "STOP"])
def test_short_codes_and_names_are_never_answered(sender: str, text: str, house: Runtime, database: Database) -> None:
    person = Person(house, database, NOW, "sms", sender)
    assert person.says(text).text == ""
    assert not list(reasons(database))


SENT_BY_A_PHONE = [
    "Sorry, I can't talk right now.",
    "我现在不方便接电话，稍后给您回电",
    "会议中，稍后联系",
    "我在开会，待会儿打给你",
]


@pytest.mark.parametrize("text", SENT_BY_A_PHONE)
def test_what_a_phone_sends_by_itself_gets_no_menu_again_and_again(
    text: str, house: Runtime, database: Database
) -> None:
    person = Person(house, database, NOW, "sms", "+8613800000001").is_bound_to("PUB")
    got = 0
    for _ in range(7):
        person.now += timedelta(hours=5)
        got += bool(person.says(text).text)
    assert got <= 2
    assert list(reasons(database)).count("loop") <= 1
    assert person.says("什么时候培训").keys[0].startswith("training.")


def test_who_writes_the_same_again_in_a_chat_is_answered(person: Person) -> None:
    person.is_bound_to("PUB")
    assert answers(person, "Sorry, I can't talk right now.", 4) == 4
