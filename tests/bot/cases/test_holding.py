"""While HR has the candidate the bot starts nothing, suggests, and answers facts where HR is silent."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cases import actions, handover
from bot.conversation import Runtime
from bot.store import cases
from bot.store.db.database import Database
from bot.store.tables import case_reasons, outbound, suggestions
from bot.store.views import case_detail
from tests.bot.cases.desk import alerted, case, number
from tests.talking import Person

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def held(staffed: Runtime, database: Database, person: Person) -> Person:
    """PUB, whom HR1 has claimed."""
    person.is_bound_to("PUB").says("我要找真人")
    person.now += MINUTE
    database.write(lambda c: actions.claim(c, claimed(database), "HR1", person.now))
    return person


def claimed(database: Database) -> int:
    found = database.read(lambda c: cases.open_of(c, number(database, "PUB")))
    assert found
    return found.id


def said(database: Database, house: Runtime) -> list[str]:
    rows = database.read(lambda c: list(c.execute(sa.select(outbound.c.text).order_by(outbound.c.id))))
    return [house.cipher.open(row.text, "outbound.text") for row in rows]


def silence(database: Database, house: Runtime, now: datetime) -> int:
    return database.write(lambda c: handover.answer_from_record(c, house, now))[0]


def test_the_bot_says_nothing_and_suggests(held: Person, staffed: Runtime, database: Database) -> None:
    before = len(said(database, staffed))
    held.says("什么时候培训？")
    assert held.text == ""
    assert len(said(database, staffed)) == before
    (suggested,) = database.read(lambda c: case_detail.suggested(c, staffed.cipher, claimed(database)))
    assert "12月1日" in suggested.text
    assert case(database, claimed(database)).unanswered_since
    held.says("人呢")
    assert alerted(database).count(("HR1", "wrote")) == 1, "told once, until they write"


def test_what_the_record_knows_is_said_after_ten_minutes_of_silence(
    held: Person, staffed: Runtime, database: Database
) -> None:
    held.says("什么时候培训？")
    assert silence(database, staffed, held.now + 9 * MINUTE) == 0
    assert silence(database, staffed, held.now + 10 * MINUTE) == 1
    assert "12月1日" in said(database, staffed)[-1]
    assert silence(database, staffed, held.now + 11 * MINUTE) == 0, "once"


def test_not_where_hr_has_answered_meanwhile(held: Person, staffed: Runtime, database: Database) -> None:
    held.says("什么时候培训？")
    database.write(
        lambda c: actions.reply(
            c, staffed.settings, staffed.cipher, claimed(database), "HR1", "十二月一号", held.now + MINUTE
        )
    )
    assert silence(database, staffed, held.now + 10 * MINUTE) == 0


def test_what_only_a_person_can_say_waits_for_a_person(held: Person, staffed: Runtime, database: Database) -> None:
    held.says("我有别的工作了")
    assert silence(database, staffed, held.now + 24 * HOUR) == 0
    reasons = database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))
    assert "other_offer" not in reasons, "a suggestion does nothing"


def test_stopping_is_obeyed_at_once_and_despair_is_answered(held: Person, staffed: Runtime, database: Database) -> None:
    held.says("不想活了")
    assert held.text
    reasons = database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))
    assert "danger" in reasons
    held.says("退订")
    assert held.text


def test_with_the_case_resolved_the_bot_answers_again(held: Person, staffed: Runtime, database: Database) -> None:
    this = claimed(database)
    held.says("什么时候培训？")
    database.write(
        lambda c: actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "answered", "", held.now)
    )
    states = database.read(lambda c: list(c.execute(sa.select(suggestions.c.state)).scalars()))
    assert states == ["dropped"]
    held.says("培训在哪里？")
    assert "上海培训中心" in held.text


def test_asking_for_a_human_does_not_silence_the_bot(staffed: Runtime, database: Database, person: Person) -> None:
    person.is_bound_to("PUB").says("我要找真人")
    person.says("什么时候培训？")
    assert "12月1日" in person.text


def test_a_message_wakes_what_was_put_off_and_is_answered(held: Person, staffed: Runtime, database: Database) -> None:
    this = claimed(database)
    database.write(lambda c: actions.snooze(c, this, "HR1", held.now + 24 * HOUR, held.now))
    held.says("培训在哪里？")
    assert "上海培训中心" in held.text
    assert case(database, this).state == "claimed"
