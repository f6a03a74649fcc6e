"""What a message is kept as meaning, of which the risk is reckoned: what was plainly said, or said yes to."""

from typing import Any

import pytest
import sqlalchemy as sa

from bot.risk.load_history import histories
from bot.risk.signals import doubt
from bot.store.db.database import Database
from bot.store.tables import candidates
from tests.talking import Person


def kinds(person: Person, database: Database) -> set[str]:
    """Which doubts their messages are taken for."""

    def look(connection: Any) -> set[str]:
        number = connection.execute(sa.select(candidates.c.id).where(candidates.c.code == "PUB")).scalar_one()
        history = histories(connection, person.house.settings, [number], person.now)[number]
        return {signal.evidence["kind"] for signal in doubt(history)}

    return database.read(look)


@pytest.mark.parametrize(
    "sentence",
    [
        "要是我不来会怎样",
        "我同学说他不来了",
        "我朋友不来了",
        "i dont not want to come",
        "my friend is not coming anymore",
        "what happens if i quit",
        "我没说不来",
        "如果堵车我就改期",
        "我没生病",
    ],
)
def test_what_is_not_plainly_said_is_no_sign_of_doubt(person: Person, database: Database, sentence: str) -> None:
    person.is_bound_to("PUB").says(sentence)
    assert kinds(person, database) == set()


@pytest.mark.parametrize(
    ("sentences", "kind"),
    [
        (["我不来了"], "leaving"),
        (["i don't want to come anymore"], "leaving"),
        (["i dont not want to come", "1"], "leaving"),
        (["要是我不来会怎样", "1", "1"], "leaving"),
        (["我想换个日子培训"], "date"),
        (["如果堵车我就改期", "1"], "date"),
        (["家里不同意我去"], "personal"),
    ],
)
def test_what_is_said_or_said_yes_to_is(person: Person, database: Database, sentences: list[str], kind: str) -> None:
    person.is_bound_to("PUB")
    for sentence in sentences:
        person.says(sentence)
    assert kind in kinds(person, database), person.keys
