"""keepwarm starts nothing with whom HR talks to, nor with who has said twice that they will not come."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cases import actions
from bot.content import Content
from bot.conversation import Runtime
from bot.proactive.promises import keep_due
from bot.proactive.timeouts import continue_timed_out
from bot.proactive.touches import send_due
from bot.rhythm import Entry, Planned
from bot.rhythm.entries import CASE
from bot.store import cases, pauses, people, promises, touches
from bot.store.db.database import Database
from bot.store.tables import addresses, case_reasons, cohorts, outbound
from bot.store.tables import cases as case_table
from bot.store.tables import touches as table
from tests.talking import Person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEWS = {
    "training_notice": "notice.training",
    "training_moved": "notice.moved",
    "training_cancelled": "notice.cancelled",
    "training_slipped": "notice.slipped",
}


def number(database: Database, code: str = "PUB") -> int:
    found = database.read(lambda c: people.by_code(c, code))
    assert found
    return found


def plan(
    database: Database,
    entry: str,
    begins: str,
    now: datetime,
    by: touches.By = "rhythm",
    kind: str = "notice",
    who: str = "PUB",
    version: int = 1,
) -> None:
    about = f"{who}:{version}" if entry in touches.TRAINING else ""
    one = Planned(number(database, who), entry, about, kind, begins, now, expires_at=now + 3 * DAY)
    database.write(lambda c: touches.plan(c, [one], by, now))


def pushed(database: Database) -> list[str]:
    wanted = sa.select(outbound.c.said).where(outbound.c.road == "push").order_by(outbound.c.id)
    return database.read(lambda c: list(c.execute(wanted).scalars()))


def put_off(database: Database, names: list[str]) -> dict[str, str | None]:
    """Why each of these entries waits."""
    rows = database.read(lambda c: list(c.execute(sa.select(table))))
    return {row.entry: row.deferred for row in rows if row.entry in names and row.state == "planned"}


def claimed(database: Database, now: datetime, who: str = "PUB") -> int:
    whose = number(database, who)

    def claim(connection: sa.Connection) -> int:
        case = cases.open_case(connection, whose, None, "human", now)
        actions.claim(connection, case, "HR1", now)
        return case

    return database.write(claim)


def all_entries(database: Database, content: Content, now: datetime) -> list[str]:
    """Plans each entry of the rhythm, and what keepwarm begins by itself beside it; gives those that speak whatever the
    plan says by then."""
    speaking = {name: entry for name, entry in content.rhythm.entries.items() if not entry.begins[0].startswith(CASE)}
    for name, entry in speaking.items():
        begins = entry.begins[0] if "." in entry.begins[0] else content.rhythm.stories[0]
        plan(database, name, begins, now, kind=entry.kind)
    others: dict[str, tuple[str, touches.By]] = {
        touches.NUDGE: ("nudge.here", "risk"),
        touches.NUDGE_OTHER: ("nudge.other", "risk"),
        actions.BACK: ("hr.back", "risk"),
        promises.OVERDUE: ("promise.overdue", "promise"),
    }
    for name, (begins, by) in others.items():
        plan(database, name, begins, now, by)
    sure = [name for name, entry in speaking.items() if "unseen" not in entry.only and not follows(entry)]
    return [*sure, *(name for name in others if name != promises.OVERDUE)]


def follows(entry: Entry) -> bool:
    return any(base.startswith(("due ", "said ")) for base in entry.bases)


def test_whatever_the_rhythm_says_waits_for_hr_and_for_who_does_not_come(content: Content) -> None:
    others = (touches.NUDGE, touches.NUDGE_OTHER, actions.BACK, promises.OVERDUE)
    for why in (pauses.CLAIMED, pauses.LEAVING, pauses.ENDANGERED):
        assert all(pauses.holds_back(why, name, "notice") for name in (*content.rhythm.entries, *others))
    assert not any(pauses.holds_back("", name, "story") for name in content.rhythm.entries)


@pytest.fixture
def leaver(person: Person) -> Person:
    """Has said twice that they will not come, has said why, and left the last question open."""
    person.is_bound_to("PUB")
    for said, heard in (
        ("我不来了", "leave.withdraw"),
        ("已经决定了", "leave.reason"),
        ("有别的工作机会", "leave.sure"),
    ):
        assert person.says(said).keys == [heard]
    return person


def test_while_hr_has_a_candidate_every_entry_of_the_rhythm_waits(
    person: Person, house: Runtime, database: Database, content: Content
) -> None:
    person.is_bound_to("PUB")
    claimed(database, person.now + HOUR)
    later = person.now + 2 * DAY + HOUR
    names = all_entries(database, content, later)
    assert len(names) > 15
    for _ in range(3):
        database.write(lambda c: send_due(c, house, later))
    assert pushed(database) == []
    assert put_off(database, names) == dict.fromkeys(names, pauses.CLAIMED)


def test_nobody_who_may_be_in_danger_hears_of_work_before_hr_is_done(
    person: Person, house: Runtime, database: Database, content: Content
) -> None:
    """Also while nobody has taken the case, and however late that is; news of a changed training goes out, so that
    nobody travels in vain."""
    person.is_bound_to("PUB").says("我不想活了")
    later = person.now + 2 * DAY + HOUR
    names = [*all_entries(database, content, later), "training_notice"]
    plan(database, "training_notice", NEWS["training_notice"], later - touches.TAKE_BACK, "hr")
    before = pushed(database)
    database.write(lambda c: continue_timed_out(c, house, later))
    for _ in range(3):
        database.write(lambda c: send_due(c, house, later))
    assert pushed(database) == before
    assert put_off(database, names) == dict.fromkeys(names, pauses.ENDANGERED)
    plan(database, "training_moved", NEWS["training_moved"], later, "hr", version=2)
    database.write(lambda c: send_due(c, house, later))
    assert len(pushed(database)) == len(before) + 1


@pytest.mark.parametrize("again", [False, True], ids=["all is quiet", "they ask for a person since"])
def test_for_a_day_after_danger_nothing_cheerful_is_said(
    person: Person, house: Runtime, database: Database, again: bool
) -> None:
    """A training does not wait for that."""
    person.is_bound_to("PUB").says("我不想活了")
    (case,) = database.read(lambda c: list(c.scalars(sa.select(case_table.c.id))))
    ended = person.now + HOUR
    database.write(
        lambda c: actions.resolve(c, house.settings, house.cipher, case, "HR1", "kept", "和她通了电话", ended)
    )
    if again:
        database.write(lambda c: cases.open_case(c, number(database), None, "human", ended + HOUR))
    plan(database, "tips", "tips.clothes", ended + HOUR, kind="story")
    plan(database, "checkin_third", "checkin.ask", ended + HOUR, kind="story")
    plan(database, "training_moved", NEWS["training_moved"], ended + HOUR, "hr")
    before = len(pushed(database))
    for _ in range(3):
        database.write(lambda c: send_due(c, house, ended + 3 * HOUR))
    assert pushed(database)[before:] == [NEWS["training_moved"]]
    assert put_off(database, ["tips", "checkin_third"]) == {"tips": pauses.SHAKEN, "checkin_third": pauses.SHAKEN}
    database.write(lambda c: send_due(c, house, ended + DAY + HOUR))
    assert len(pushed(database)) > before + 1


@pytest.mark.parametrize("entry", touches.TRAINING)
def test_while_hr_has_a_candidate_news_of_the_training_goes_out(
    person: Person, house: Runtime, database: Database, entry: str
) -> None:
    who = "PLAN" if entry == "training_slipped" else "PUB"
    person.is_bound_to(who)
    claimed(database, person.now, who)
    plan(database, entry, NEWS[entry], person.now + HOUR, "hr", who=who)
    database.write(lambda c: send_due(c, house, person.now + HOUR))
    assert len(pushed(database)) == 1


def test_while_hr_has_a_candidate_a_promise_is_still_kept(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("UNK").says("什么时候培训")
    case = database.write(lambda c: cases.open_case(c, number(database, "UNK"), None, "human", person.now))
    database.write(lambda c: actions.claim(c, case, "HR1", person.now))
    whose = database.read(lambda c: int(c.execute(sa.select(cohorts.c.id).where(cohorts.c.code == "UNK")).scalar_one()))
    fixed = {"date_state": "published", "starts_at": person.now + 20 * DAY}
    database.write(lambda c: c.execute(sa.update(cohorts).where(cohorts.c.code == "UNK").values(fixed)))
    database.write(lambda c: promises.wake(c, cohorts, [whose], person.now))
    database.write(lambda c: keep_due(c, house, person.now + HOUR))
    assert any(said.startswith("promise.kept") for said in pushed(database))


def test_a_question_that_waits_says_nothing_while_hr_has_the_candidate(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("我14号有考试 能改吗")
    person.says("15号以后")
    claimed(database, person.now)
    database.write(lambda c: continue_timed_out(c, house, person.now + 2 * DAY))
    assert pushed(database) == []


def test_who_said_twice_that_they_do_not_come_hears_nothing_more(
    leaver: Person, house: Runtime, database: Database, content: Content
) -> None:
    morning = leaver.now + 23 * HOUR
    names = all_entries(database, content, morning)
    for entry in ("training_notice", "training_slipped"):
        plan(database, entry, NEWS[entry], morning, "hr")
    for hours in (0, 1, 9):
        database.write(lambda c, hours=hours: continue_timed_out(c, house, morning + hours * HOUR))  # type: ignore[misc]
        database.write(lambda c, hours=hours: send_due(c, house, morning + hours * HOUR))  # type: ignore[misc]
    assert pushed(database) == []
    names += ["training_notice", "training_slipped"]
    assert put_off(database, names) == dict.fromkeys(names, pauses.LEAVING)


@pytest.mark.parametrize("entry", touches.CHANGES)
def test_who_said_twice_that_they_do_not_come_hears_what_has_changed_and_no_old_question(
    leaver: Person, house: Runtime, database: Database, entry: str
) -> None:
    plan(database, entry, NEWS[entry], leaver.now + 23 * HOUR, "hr")
    database.write(lambda c: send_due(c, house, leaver.now + 23 * HOUR))
    (said,) = pushed(database)
    assert "leave.sure" not in said


def test_hr_has_a_case_of_who_does_not_come(leaver: Person, database: Database) -> None:
    wanted = sa.select(case_reasons.c.reason).order_by(case_reasons.c.id)
    assert database.read(lambda c: list(c.execute(wanted).scalars())) == ["withdrawing", "leaving"]


@pytest.mark.parametrize("said", ["先不放弃", "能来", "确认参加培训"])
def test_who_takes_it_back_is_spoken_with_again(leaver: Person, house: Runtime, database: Database, said: str) -> None:
    leaver.says(said)
    plan(database, "tips", "tips.day3", leaver.now + HOUR)
    database.write(lambda c: send_due(c, house, leaver.now + HOUR))
    assert len(pushed(database)) == 1


def test_who_withdrew_and_took_it_back_is_spoken_with_again(leaver: Person, house: Runtime, database: Database) -> None:
    assert leaver.says("确认放弃").keys == ["leave.gone"]
    leaver.now += DAY
    assert leaver.says("我又想来了").keys == ["leave.back"]
    assert database.read(lambda c: pauses.leaving(c, number(database))) == "no"
    plan(database, "tips", "tips.day3", leaver.now + HOUR)
    database.write(lambda c: send_due(c, house, leaver.now + HOUR))
    assert len(pushed(database)) == 1
    assert leaver.says("我不来了").keys == ["leave.withdraw"]


def test_once_hr_has_settled_it_keepwarm_speaks_again_and_an_old_no_counts_no_more(
    leaver: Person, house: Runtime, database: Database
) -> None:
    wanted = sa.select(case_table.c.id).where(case_table.c.candidate_id == number(database))
    case = database.read(lambda c: int(c.execute(wanted).scalar_one()))
    later = leaver.now + HOUR
    database.write(lambda c: actions.resolve(c, house.settings, house.cipher, case, "HR1", "kept", "", later))
    database.write(lambda c: cases.open_case(c, number(database), None, "bring", later + HOUR))
    assert database.read(lambda c: pauses.why(c, number(database), later + HOUR)) == ""
    leaver.now = later + 2 * HOUR
    database.write(lambda c: continue_timed_out(c, house, leaver.now))
    assert leaver.says("我不来了").keys == ["leave.withdraw"]


def test_a_second_no_another_day_is_heard_as_the_second(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我不来了")
    person.says("什么时候培训")
    person.now += DAY
    assert person.says("我不来了").keys == ["leave.reason"]
    assert database.read(lambda c: pauses.why(c, number(database), person.now)) == pauses.LEAVING
    person.now += DAY
    assert person.says("我不来了").keys == ["leave.sure"]


def test_one_no_alone_pauses_nothing(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我不来了")
    assert database.read(lambda c: pauses.why(c, number(database), person.now)) == ""


def test_a_question_that_was_left_is_not_asked_again_with_what_is_said_later(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("我想让HR给我打电话")
    assert person.keys == ["hr.call"]
    for version, hours in ((1, 7), (2, 23)):
        later = person.now + hours * HOUR
        plan(database, "training_cancelled", "notice.cancelled", later, "hr", version=version)
        database.write(lambda c, later=later: send_due(c, house, later))  # type: ignore[misc]
    assert ["hr.call" in said for said in pushed(database)] == [False, False]


def test_a_question_below_another_is_given_up_in_its_own_time(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("我想让HR给我打电话")
    plan(database, "id_copy", "tasks.id_copy", person.now + HOUR)
    database.write(lambda c: send_due(c, house, person.now + HOUR))
    waits = database.read(lambda c: c.execute(sa.select(addresses.c.wait_until)).scalar())
    assert waits == person.now + 2 * HOUR
    database.write(lambda c: continue_timed_out(c, house, person.now + 2 * HOUR))
    person.now += 3 * HOUR
    assert person.says("办好了").keys[0] == "tasks.done"
    assert person.keys.count("hr.call") == 0
