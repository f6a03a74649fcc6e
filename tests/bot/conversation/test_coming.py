"""Whether somebody comes: a plain yes or no to our question does what it says, in whatever words; and it can be undone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.proactive.replan import plan_some
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.store import people, touches
from bot.store import plans as store_plans
from bot.store.db.database import Database
from bot.store.tables import audit, candidates, case_reasons, checkins, events
from bot.store.tables import touches as touches_table
from tests.talking import Person

YES = ("好的，我会来", "可以，我能来", "没问题，一定到", "Yes, I'll be there", "Yes", "能", "可以", "👍🏻", "👌🏽", "[强]", "[强][强]", "/:strong", "👍", "不见不散", "我会到的", "sure, I’ll come")  # fmt: skip
NO = (
    "No, I can't come",
    "No, can't make it",
    "不行，来不了",
    "No",
    "不能",
    "来不了",
    "🙅🏻‍♀️",
    "[弱]",
    "👎🏼",
    "I cannot come",
    "不行",
)
UNSURE = ("好的", "收到", "ok", "got it", "嗯嗯")
STEPS = ("notice.training", "notice.moved", "countdown.week", "reminder.unread", "reminder.unread_again")


def asked(person: Person, database: Database, step: str, who: str = "PUB") -> Person:
    """keepwarm has just begun this step with them."""
    person.is_bound_to(who)

    def begin(connection: Any) -> None:
        number = people.by_code(connection, who)
        assert number
        touches.plan(connection, [Planned(number, "test", step, "notice", step, person.now)], "hr", person.now)
        send_due(connection, person.house, person.now)

    database.write(begin)
    return person


def record(database: Database, who: str = "PUB") -> Mapping[str, Any]:
    row = database.read(lambda c: c.execute(sa.select(candidates).where(candidates.c.code == who)).one())
    return dict(row._mapping)


def reasons(database: Database) -> list[str]:
    return list(database.read(lambda c: c.execute(sa.select(case_reasons.c.reason)).scalars()))


@pytest.mark.parametrize("answer", YES)
def test_a_plain_yes_to_can_you_come_confirms(person: Person, database: Database, answer: str) -> None:
    asked(person, database, "notice.training").says(answer)
    assert person.keys == ["training.confirm_done"]
    assert record(database)["confirmed_at"] == person.now


@pytest.mark.parametrize("answer", NO)
def test_a_plain_no_to_can_you_come_tells_hr_and_asks_for_another_date(
    person: Person, database: Database, answer: str
) -> None:
    asked(person, database, "notice.training").says(answer)
    assert person.keys == ["training.ill_before"]
    assert reasons(database) == ["cannot_come"]
    assert record(database)["confirmed_at"] is None


@pytest.mark.parametrize("answer", UNSURE)
def test_who_only_says_that_they_read_it_is_asked_once(person: Person, database: Database, answer: str) -> None:
    asked(person, database, "notice.training").says(answer)
    assert person.keys == ["training.confirm_sure"]
    assert record(database)["confirmed_at"] is None
    assert person.says("是的").keys == ["training.confirm_done"]


@pytest.mark.parametrize("step", STEPS)
def test_every_way_of_asking_takes_a_yes_and_a_no(
    person: Person, database: Database, house: Runtime, step: str
) -> None:
    assert asked(person, database, step).says("Yes, I will").keys == ["training.confirm_done"]
    other = Person(house, database, person.now, address="o-other")
    assert asked(other, database, step, "LINGANG").says("不行").keys == ["training.ill_before"]


def test_tomorrow_is_answered_with_yes_or_no_too(person: Person, database: Database) -> None:
    asked(person, database, "countdown.tomorrow", "TOM")
    assert person.says("能").keys == ["training.confirm_tomorrow"]


def test_who_can_not_come_says_so_without_being_asked(person: Person, database: Database) -> None:
    assert person.is_bound_to("PUB").says("No, I can't come").keys == ["training.ill_before"]
    assert reasons(database) == ["cannot_come"]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("我来不了…", "cannot_come"),
        ("今天来不了", "cannot_come"),
        ("我孩子发烧了，今天来不了", "cannot_come"),
        ("i can't make it today", "cannot_come"),
        ("my kid is in hospital, i can't make it today", "cannot_come"),
        ("我发烧了来不了", "ill"),
        ("今天来不了，感冒了", "ill"),
        ("i'm sick and can't come today", "ill"),
        ("i broke my leg and can't come today", "ill"),
    ],
)
def test_only_words_of_illness_make_it_an_illness(
    person: Person, database: Database, sentence: str, reason: str
) -> None:
    person.is_bound_to("TODAY").says(sentence)
    assert reasons(database) == [reason]


def test_never_mind_confirms_nothing_whatever_is_asked(person: Person, database: Database) -> None:
    asked(person, database, "notice.training")
    assert person.says("算了").keys == ["repair.never_mind"]
    assert person.says("我可能会来").keys == ["training.confirm_sure"]
    assert person.says("never mind").keys == ["repair.never_mind"]
    assert record(database)["confirmed_at"] is None


def test_a_label_in_a_sentence_that_denies_or_supposes_chooses_nothing(person: Person, database: Database) -> None:
    asked(person, database, "notice.training").says("我没说过，确认参加")
    assert person.keys[0].startswith("training.confirm_")
    assert record(database)["confirmed_at"] is None
    person.says("如果涨工资，确认参加")
    assert record(database)["confirmed_at"] is None


def test_a_label_among_reasons_leaves_nobody_withdrawn(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我不想来了")
    person.says("3")
    person.says("钱")
    assert person.keys == ["leave.sure"]
    person.says("如果不给宿舍，确认放弃")
    assert record(database)["stage"] == "training_notice"


def test_im_on_time_is_neither_late_nor_ill(person: Person, database: Database) -> None:
    person.is_bound_to("TODAY")
    for sentence in (
        "I'll be there on time",
        "I’ll be there on time",
        "ill be there on time",
        "i will be there on time",
    ):
        person.says(sentence)
        assert person.keys[0].startswith("training.confirm")
    assert reasons(database) == []


@pytest.mark.parametrize("sentence", ["ill", "I'm ill", "I’m ill", "im ill", "i am ill"])
def test_ill_alone_is_still_an_illness(person: Person, database: Database, sentence: str) -> None:
    person.is_bound_to("TODAY").says(sentence)
    assert reasons(database) == ["ill"]


@pytest.mark.parametrize("answer", ["4分", "四分", "4", "4/5", "4星", "四颗星", "4分吧", "给4分", "4 out of 5", "four"])
def test_a_score_is_a_score_in_the_words_of_the_question(person: Person, database: Database, answer: str) -> None:
    asked(person, database, "checkin.ask").says(answer)
    assert person.keys == ["checkin.sure"]
    assert list(database.read(lambda c: c.execute(sa.select(checkins.c.score)).scalars())) == [4]
    assert reasons(database) == []


def test_a_score_outside_of_the_scale_is_asked_again(person: Person, database: Database) -> None:
    assert asked(person, database, "checkin.ask").says("10分").keys == ["checkin.ask_again"]


@pytest.mark.parametrize(
    "sentence",
    [
        "刚才确认错了",
        "actually I can't make it",
        "我点错了",
        "confirmed by mistake",
        "I can’t make it after all",
        "撤回确认",
    ],
)
def test_a_confirmation_is_taken_back_by_saying_so(person: Person, database: Database, sentence: str) -> None:
    person.is_bound_to("PUB").says("我会来")
    assert record(database)["confirmed_at"]
    person.says(sentence)
    assert record(database)["confirmed_at"] is None
    assert record(database)["confirmed_start"] is None
    assert "took_back" in reasons(database)
    assert person.outcome
    assert person.outcome.turn
    assert person.outcome.turn.talk.open, "they are asked what they would like"
    newest = database.read(lambda c: c.execute(sa.select(audit.c.action).order_by(audit.c.id.desc())).scalar())
    assert newest == "candidate.unconfirm"


def test_a_confirmation_is_taken_back_also_days_later(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我会来")
    person.now += timedelta(days=3)
    person.says("要带什么")
    person.says("我之前确认了现在来不了了")
    assert record(database)["confirmed_at"] is None


def test_a_wrong_button_after_something_else_undoes_nothing_unasked(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我会来")
    person.says("要带什么")
    assert person.says("点错了").keys == ["training.took_back_sure"]
    assert record(database)["confirmed_at"]
    person.says("不撤回")
    assert record(database)["confirmed_at"]


def test_a_corrected_answer_leaves_no_confirmation_behind(person: Person, database: Database) -> None:
    asked(person, database, "notice.training").says("1")
    assert record(database)["confirmed_at"]
    assert person.says("不对，换个日子").keys == ["training.change"]
    assert record(database)["confirmed_at"] is None


def test_what_was_told_to_hr_by_mistake_is_taken_back_too(person: Person, database: Database) -> None:
    person.is_bound_to("TODAY").says("我要迟到了")
    assert person.says("点错了").keys == ["repair.undone"]
    assert reasons(database) == ["late", "undone"]


def withdrawn(person: Person) -> Person:
    person.is_bound_to("PUB").says("我不想来了")
    for answer in ("3", "1", "是的"):
        person.says(answer)
    assert person.keys == ["leave.gone"]
    return person


@pytest.mark.parametrize(
    "sentence",
    [
        "我点错了 我要来",
        "我又想来了",
        "I changed my mind, I want to come",
        "我后悔了，想回来",
        "我还是会来",
        "i want to come after all",
    ],
)
def test_a_withdrawal_is_taken_back_within_two_days_by_saying_so(
    person: Person, database: Database, sentence: str
) -> None:
    before = record(database)
    withdrawn(person)
    assert record(database)["stage"] == "withdrawn"
    person.now += timedelta(hours=47)
    assert person.says(sentence).keys == ["leave.back"]
    after = record(database)
    assert (after["stage"], after["stage_at"]) == (before["stage"], before["stage_at"])
    assert "back" in reasons(database)
    told = database.read(lambda c: c.execute(sa.select(events.c.kind).order_by(events.c.id)).scalars().all())
    assert len(told) >= 2, "whoever listens hears of both moves"


def test_a_wrong_button_after_leaving_is_asked_about(person: Person, database: Database) -> None:
    withdrawn(person)
    assert person.says("我点错了").keys == ["leave.back_sure"]
    assert record(database)["stage"] == "withdrawn"
    assert person.says("是的").keys == ["leave.back"]
    assert record(database)["stage"] == "training_notice"


def test_after_two_days_hr_is_asked_and_the_person_told_so(person: Person, database: Database) -> None:
    withdrawn(person)
    person.now += timedelta(hours=49)
    assert person.says("我又想来了").keys == ["leave.back_late"]
    assert record(database)["stage"] == "withdrawn"
    assert "back" in reasons(database)


@pytest.mark.parametrize(
    "sentence", ["我朋友又想来了", "如果涨工资我又想来了", "我没说我又想来了", "maybe i want to come after all"]
)
def test_nobody_is_brought_back_by_what_is_not_plainly_said(person: Person, database: Database, sentence: str) -> None:
    withdrawn(person).says(sentence)
    assert record(database)["stage"] == "withdrawn"


def test_what_was_planned_is_cancelled_and_planned_again(person: Person, database: Database, house: Runtime) -> None:
    person.is_bound_to("PUB")
    number = record(database)["id"]
    database.write(lambda c: store_plans.release(c, [number], person.now))

    def plans() -> set[str]:
        """What is planned for them, once the clock has looked."""
        database.write(lambda c: plan_some(c, house, person.now))
        mine = touches_table.c.candidate_id == number, touches_table.c.state == "planned"
        return set(database.read(lambda c: c.execute(sa.select(touches_table.c.entry).where(*mine)).scalars()))

    before = plans()
    assert before
    withdrawn(person)
    assert plans() == set()
    person.says("我又想来了")
    assert plans() == before


MISTAKES = ("呃 撤回撤回 我点错了", "撤回", "哎呀，点错了", "刚才说的不算", "开玩笑的😂", "说着玩的", "oops wrong button", "undo that", "take that back", "I didn't mean that", "jk", "just kidding lol", "oops, sorry, my mistake", "诶我刚说的不算", "等下 我刚刚说的不算", "之前那条不算", "我刚讲的不算数", "wait take that back", "i take back what i said", "scratch what i just said", "that doesnt count", "what i just said does not count")  # fmt: skip


@pytest.mark.parametrize("sentence", MISTAKES)
def test_whatever_was_just_recorded_is_undone_by_saying_that_it_was_not_meant(
    person: Person, database: Database, sentence: str
) -> None:
    person.is_bound_to("TODAY").says("我会来")
    assert record(database, "TODAY")["confirmed_at"]
    assert person.says(sentence).keys == ["training.took_back"]
    assert record(database, "TODAY")["confirmed_at"] is None
    person.says("我要迟到了")
    assert person.says(sentence).keys == ["repair.undone"]
    person.says("退订")
    assert record(database, "TODAY")["pushes_stopped_at"]
    assert person.says(sentence).keys == ["stop.resumed"]
    assert record(database, "TODAY")["pushes_stopped_at"] is None


def test_never_mind_after_a_confirmation_asks_whether_it_stands(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我会来")
    assert person.says("算了").keys == ["training.took_back_sure"]
    assert person.says("1").keys == ["training.took_back"]


def test_what_was_told_long_ago_is_not_offered_to_be_taken_back(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我来不了")
    person.says("要带什么")
    person.now += timedelta(hours=30)
    assert person.says("点错了").keys == ["repair.mistake"]


def test_danger_is_not_taken_back(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我真的不想活了")
    says = {
        "开玩笑的": "trouble.better_helpline",
        "什么时候培训": "training.when_published",
        "撤回": "repair.still_told",
    }
    for sentence, key in says.items():
        assert person.says(sentence).keys == [key]
    assert reasons(database) == ["danger"]


STATES = ("its lyrics from a song im writing, im fine", "im fine", "I'm okay", "i am good, thanks", "all good", "im doing well", "我很好", "我没事，挺好的", "我还好，放心", "我好多了")  # fmt: skip


@pytest.mark.parametrize("sentence", STATES)
def test_how_somebody_is_never_says_that_they_come(person: Person, database: Database, sentence: str) -> None:
    person.is_bound_to("PUB").says(sentence)
    assert record(database)["confirmed_at"] is None
    asked(person, database, "notice.training").says("我不想活了")
    person.says(sentence)
    assert record(database)["confirmed_at"] is None


@pytest.mark.parametrize("sentence", STATES)
def test_nor_is_it_a_yes_to_can_you_come(person: Person, database: Database, sentence: str) -> None:
    asked(person, database, "notice.training").says(sentence)
    assert record(database)["confirmed_at"] is None


def test_a_yes_counts_only_where_the_question_was_the_last_thing_asked(person: Person, database: Database) -> None:
    asked(person, database, "notice.training").says("要带什么")
    person.says("好的")
    person.says("Yes")
    assert record(database)["confirmed_at"] is None


NEVER_SAID = (
    "i never said id come",
    "did you record that i come? i never said that",
    "I didn't say I would come",
    "but i never told you i'm coming",
    "who said im coming",
    "when did i say i would come",
    "我没说我会来啊",
    "谁说我要来了",
    "我什么时候说要来了",
    "可是我没答应过要来",
    "我從來沒說過我會來",
)


@pytest.mark.parametrize("sentence", NEVER_SAID)
def test_who_never_said_that_they_come_is_offered_to_take_it_back(
    person: Person, database: Database, sentence: str
) -> None:
    person.is_bound_to("PUB").says("我会来")
    person.says("要带什么")
    person.now += timedelta(days=2)
    assert person.says(sentence).keys == ["training.took_back_sure"]
    assert person.says("1").keys == ["training.took_back"]
    assert record(database)["confirmed_at"] is None


@pytest.mark.parametrize("sentence", NEVER_SAID)
def test_nothing_is_noted_of_who_never_said_that_they_come(person: Person, database: Database, sentence: str) -> None:
    assert person.is_bound_to("PUB").says(sentence).keys in (["training.confirm_not"], ["training.took_back_nothing"])
    assert record(database)["confirmed_at"] is None


@pytest.mark.parametrize(
    "sentence", ["我说了我会来", "i told you i will come", "谁说我不来了", "i did say i am coming"]
)
def test_who_says_again_that_they_come_hears_that_it_is_noted(person: Person, sentence: str) -> None:
    person.is_bound_to("PUB").says("我会来")
    assert person.says(sentence).keys == ["training.confirm_already"]
