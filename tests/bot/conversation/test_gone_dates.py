"""A date, a place or a store that the record does not have any more: no text prints it, no question asks about it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.content import Content
from bot.conversation import Runtime
from bot.conversation.effects import EFFECTS
from bot.conversation.turn_context import TurnContext
from bot.engine.flow import Effect
from bot.engine.talk import Talk
from bot.engine.turn import TOUCH, Heard, turn
from bot.proactive.replan import plan_these
from bot.proactive.touches import send_due
from bot.record.vocabulary import FACTS
from bot.rhythm import Planned
from bot.store import people, plans, touches
from bot.store.cohorts import CANCELLED, MOVED
from bot.store.db.database import Database
from bot.store.tables import cohorts, outbound
from bot.store.views import case_detail
from tests.conftest import NOW
from tests.talking import Person
from tests.test_conversations import Curtain

pytestmark = pytest.mark.usefixtures("company")
WHO = ("PLANBY", "UNKBY", "NONE", "BARE")


def cohort_is(database: Database, code: str, **columns: Any) -> None:
    changed = sa.update(cohorts).where(cohorts.c.code == code).values(**columns)
    database.write(lambda c: c.execute(changed).rowcount)


def has_no_date(database: Database, code: str) -> None:
    cohort_is(database, code, starts_at=None, ends_at=None, date_state="unknown")


def tell(database: Database, house: Runtime, who: str, entry: str, begins: str, now: Any) -> list[str]:
    """What goes out of this news, as it is read."""
    number = database.read(lambda c: people.by_code(c, who))
    assert number
    planned = Planned(number, entry, f"{who}:2", "notice", begins, now)
    database.write(lambda c: touches.plan(c, [planned], "hr", now, urgent=True))
    database.write(lambda c: send_due(c, house, now))
    rows = database.read(lambda c: c.execute(sa.select(outbound.c.text).where(outbound.c.touch_id.is_not(None))).all())
    return [house.cipher.open(row.text, "outbound.text") for row in rows]


def test_news_of_a_training_ends_what_was_asked_about_its_old_date(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB")
    tell(database, house, "PUB", "training_notice", "notice.training", NOW)
    assert person.says("2").keys == ["training.change"]
    has_no_date(database, "PUB")
    *_, said = tell(database, house, "PUB", CANCELLED, "notice.cancelled", NOW)
    assert "取消" in said
    assert "哪天你能来" not in said
    assert "None" not in said
    assert person.says("你们食堂有饭吃吗").keys[-1] != "training.change"


def test_a_moved_date_asks_its_own_question_and_only_that(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says("换个日子")
    assert person.keys == ["training.change"]
    tell(database, house, "PUB", MOVED, "notice.moved", NOW)
    assert person.says("1").keys == ["training.confirm_done"]


def test_a_question_about_a_date_that_is_gone_is_not_asked_again(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("换个日子")
    assert person.says("我的门店在哪").keys == ["store.mine", "training.change"]
    has_no_date(database, "PUB")
    assert person.says("我的门店在哪").keys == ["store.mine"]
    assert person.says("培训要带什么").keys == ["training.bring_undated"]


class _Midway(TurnContext):
    """Of a walk that goes on from an answer nobody gave here."""

    def fact(self, name: str) -> str:
        return super().fact(name) if name in FACTS else ""

    def do(self, effect: Effect, heard: Heard, saved: Mapping[str, Any]) -> str:
        return ""


def _starts(content: Content) -> Iterator[tuple[str, str]]:
    """Every step at which a walk may begin, or go on from an answer that came later than its question."""
    for name, flow in content.flows.by_name.items():
        steps = {
            *flow.entries.values(),
            *flow.rules.values(),
            *flow.events.values(),
            *flow.touches,
            *flow.acts.values(),
        }
        steps |= {step for branch in flow.branches for step in branch.answers_lead_to()}
        yield from ((name, step) for step in sorted(steps) if step in flow.steps)


def test_no_step_prints_what_the_record_does_not_have(house: Runtime, database: Database) -> None:
    """Whatever was so when its question was asked."""
    content = house.content.only("zh")
    lacking: set[str] = set()
    for who in WHO:
        Person(house, database, NOW, address=f"o-{who}").is_bound_to(who)

    def walk(connection: sa.Connection) -> None:
        for who in WHO:
            for flow, step in _starts(content):
                with connection.begin_nested() as nested:
                    person = people.get_or_create(connection, house.cipher, "wechat", f"o-{who}", NOW)
                    world = _Midway(connection, house, person, Talk(), EFFECTS, NOW)
                    walked = turn(content.flows, world, Talk(), Heard(event=TOUCH, value=f"{flow}.{step}"))
                    lacking.update(f"{said.flow}.{said.key} {who}" for said in walked.said if world.lacks(said))
                    nested.rollback()
        raise Curtain

    with pytest.raises(Curtain):
        database.write(walk)
    assert not lacking, " ".join(sorted(lacking))


def test_hr_sees_that_a_notice_was_answered_and_no_reminder_of_a_cancelled_one(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB")
    number = database.read(lambda c: people.by_code(c, "PUB"))
    assert number
    database.write(lambda c: plans.release(c, [number], NOW))
    tell(database, house, "PUB", "training_notice", "notice.training", NOW)
    database.write(lambda c: plan_these(c, house, [number], NOW))
    assert "unread" in {one.entry for one in database.read(lambda c: case_detail.coming(c, number, NOW, 50))}
    person.now += timedelta(minutes=1)
    person.says("1")
    assert [one.seen for one in database.read(lambda c: case_detail.told(c, number))] == [True]
    has_no_date(database, "PUB")
    tell(database, house, "PUB", CANCELLED, "notice.cancelled", NOW + timedelta(minutes=2))
    database.write(lambda c: plan_these(c, house, [number], NOW + timedelta(minutes=3)))
    assert not {"unread", "unread_again"} & {
        one.entry for one in database.read(lambda c: case_detail.coming(c, number, NOW, 50))
    }
    assert [one.seen for one in database.read(lambda c: case_detail.told(c, number))] == [False, True]
