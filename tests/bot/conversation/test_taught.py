"""What staff taught is in force with the next message, in this process and in every other."""

import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store import lessons
from bot.store.db.database import Database
from bot.understanding.text import key, normal
from tests.talking import Person

ODD = "啥子时候开整哦"


def teach(database: Database, house: Runtime, ask: str, intent: str, person: Person) -> None:
    same = key(normal(ask))
    database.write(lambda c: lessons.teach(c, house.cipher, same, ask, "zh", intent, "HR1", person.now))


def test_a_taught_sentence_is_answered_at_once(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says(ODD)
    assert person.keys != ["training.when_published"]
    teach(database, house, ODD, "training.when", person)
    person.says(f"{ODD}？！")
    assert person.keys == ["training.when_published"]
    assert "12月1日" in person.text


def test_forgotten_it_is_not_understood_again(person: Person, house: Runtime, database: Database) -> None:
    teach(database, house, ODD, "training.when", person)
    (one,) = database.read(lambda c: lessons.export(c, house.cipher, sa.true()))
    assert database.write(lambda c: lessons.forget(c, one.id, sa.true()))
    person.is_bound_to("PUB").says(ODD)
    assert person.keys != ["training.when_published"]


def test_what_is_understood_already_is_not_overruled(person: Person, house: Runtime, database: Database) -> None:
    teach(database, house, "什么时候培训", "store.mine", person)
    person.is_bound_to("PUB").says("什么时候培训")
    assert person.keys == ["training.when_published"]
