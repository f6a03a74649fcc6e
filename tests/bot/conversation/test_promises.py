""" "As soon as it is fixed I'll tell you": kept by itself when the record has it, once, and only in the hours to write."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.imports import run as importing
from bot.proactive.promises import keep_due
from bot.proactive.replan import plan_these
from bot.proactive.touches import send_due
from bot.store import cohorts as cohort_store
from bot.store import moves, people, plans
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import addresses, case_reasons, cohorts, outbound, promises, touches
from tests.talking import Person

LOOK = timedelta(minutes=5)


def open_promises(database: Database) -> list[str]:
    wanted = sa.select(promises.c.about).where(promises.c.state == "open")
    return database.read(lambda c: sorted(c.execute(wanted).scalars()))


def pushed(database: Database, cipher: Cipher) -> list[tuple[str, str]]:
    wanted = sa.select(outbound.c.said, outbound.c.text).where(outbound.c.road == "push").order_by(outbound.c.id)
    rows = database.read(lambda c: list(c.execute(wanted)))
    return [(row.said, cipher.open(row.text, "outbound.text")) for row in rows]


def publish(database: Database, code: str) -> None:
    changed = sa.update(cohorts).where(cohorts.c.code == code).values(date_state="published")
    database.write(lambda c: c.execute(changed))


def test_a_date_that_is_published_is_told_once(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PLAN").says("什么时候培训")
    assert "date" in open_promises(database)
    assert database.write(lambda c: keep_due(c, house, person.now)) == (0, [])
    later = person.now + LOOK
    assert database.write(lambda c: keep_due(c, house, later)) == (1, [])  # looked, not yet there
    publish(database, "PLAN")
    assert database.write(lambda c: keep_due(c, house, later + timedelta(hours=7)))[1] != []
    ((said, text),) = pushed(database, cipher)
    assert said == "promise.kept training.when_published"
    assert "陈静" in text
    assert "12月14日" in text
    assert "date" not in open_promises(database)
    assert database.write(lambda c: keep_due(c, house, later + timedelta(days=2)))[1] == []


def test_a_change_of_the_record_wakes_the_promise(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNK").says("我的门店在哪")
    assert open_promises(database) == ["store"]
    later = person.now + LOOK
    database.write(lambda c: keep_due(c, house, later))
    soon = later + timedelta(seconds=1)
    assert database.write(lambda c: keep_due(c, house, soon)) == (0, [])
    number = database.read(lambda c: c.execute(sa.text("SELECT id FROM candidates WHERE code = 'UNK'")).scalar_one())
    database.write(lambda c: moves.to_place(c, number, "store", "S1", "hr", (), soon))
    database.write(lambda c: keep_due(c, house, soon))
    ((said, text),) = pushed(database, cipher)
    assert said == "promise.kept store.mine"
    assert "人民广场店" in text


def test_an_import_wakes_the_promises_of_a_cohort(
    person: Person, house: Runtime, database: Database, cipher: Cipher, tmp_path: Path
) -> None:
    person.is_bound_to("UNK").says("在哪里培训")
    assert open_promises(database) == ["place"]
    later = person.now + LOOK
    database.write(lambda c: keep_due(c, house, later))
    file = tmp_path / "more.csv"
    file.write_text("code,name,place\nUNK,一月二期,浦东培训点\n", encoding="utf-8")
    soon = later + timedelta(seconds=5)
    importing.run(importing.ImportJob("cohorts", file, house.settings, database, cipher, soon, "cli:test"))
    database.write(lambda c: keep_due(c, house, soon))
    ((said, text),) = pushed(database, cipher)
    assert said.startswith("promise.kept training.where")
    assert "浦东培训点" in text


def test_at_night_a_kept_promise_waits_for_the_morning(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PLAN").says("什么时候培训")
    publish(database, "PLAN")
    night = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # 01:00 of the 24th in Shanghai
    database.write(lambda c: keep_due(c, house, night))
    assert pushed(database, cipher) == []
    database.write(lambda c: keep_due(c, house, datetime(2026, 11, 24, 1, 0, tzinfo=UTC)))
    assert len(pushed(database, cipher)) == 1


def test_who_left_or_wants_no_pushes_hears_nothing(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PLAN").says("什么时候培训")
    person.says("退订")
    publish(database, "PLAN")
    database.write(lambda c: keep_due(c, house, person.now + LOOK))
    assert (pushed(database, cipher), open_promises(database)) == ([], ["date"])
    number = database.read(lambda c: c.execute(sa.text("SELECT id FROM candidates WHERE code = 'PLAN'")).scalar_one())
    database.write(lambda c: moves.to_stage(c, number, "withdrawn", "hr", person.now))
    database.write(lambda c: keep_due(c, house, person.now + LOOK))
    assert (pushed(database, cipher), open_promises(database)) == ([], [])


def test_an_answer_that_hr_writes_into_the_faq_is_told(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    from bot.content import load

    empty = house.settings.model_copy(update={"faq": house.settings.flows.parent / "faq.yaml"})
    before = replace(house, content=load(empty))
    Person(before, database, person.now).is_bound_to("PUB").says("一个月工资多少")
    assert open_promises(database) == ["faq.pay"]
    assert database.write(lambda c: keep_due(c, before, person.now + LOOK)) == (1, [])
    database.write(lambda c: keep_due(c, house, person.now + timedelta(hours=7)))
    ((said, _),) = pushed(database, cipher)
    assert said.startswith("promise.kept faq.pay_")


def test_a_new_stage_is_told_to_who_was_promised_it(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("CHECK").says("背景核查要多久")
    assert open_promises(database) == ["stage"]
    later = person.now + LOOK
    database.write(lambda c: keep_due(c, house, later))
    assert pushed(database, cipher) == []
    number = database.read(lambda c: c.execute(sa.text("SELECT id FROM candidates WHERE code = 'CHECK'")).scalar_one())
    database.write(lambda c: moves.to_stage(c, number, "training_notice", "hr", later))
    database.write(lambda c: keep_due(c, house, later))
    ((said, text),) = pushed(database, cipher)
    assert said.startswith("promise.kept stage.mine")
    assert "等培训通知" in text


BY = datetime(2026, 12, 4, 16, 0, tzinfo=UTC)  # UNKBY's date is to be known by the 5th of December, in Shanghai
DAY = timedelta(days=1)
MORNING = datetime(2026, 12, 6, 2, 0, tzinfo=UTC)  # 10:00 of the 6th: the 5th is over


def goes_by(house: Runtime, database: Database, now: datetime) -> None:
    """As the jobs do it at this moment."""
    database.write(lambda c: keep_due(c, house, now))
    database.write(lambda c: send_due(c, house, now))


def overdue(database: Database) -> list[str]:
    wanted = sa.select(promises.c.about).where(promises.c.state == "open", promises.c.overdue_at.is_not(None))
    return database.read(lambda c: sorted(c.execute(wanted).scalars()))


def reasons(database: Database) -> list[str]:
    return database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))


def due(database: Database) -> dict[str, datetime | None]:
    wanted = sa.select(promises.c.about, promises.c.due_at)
    return database.read(lambda c: {row.about: row.due_at for row in c.execute(wanted)})


def moves_the_day(database: Database, code: str, by: datetime | None, now: datetime) -> None:
    """As `keepwarm cohorts move CODE --by` does."""

    def move(connection: sa.Connection) -> None:
        before = cohort_store.find(connection, code)
        after = replace(before, date_by=by, version=before.version + 1)
        cohort_store.change(connection, before, after, cohort_store.entry_of(before, after), now)

    database.write(move)


def test_a_promise_that_has_not_come_by_its_day_is_a_case_and_an_apology_once(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    goes_by(house, database, person.now + LOOK)
    goes_by(house, database, BY + timedelta(hours=23))
    assert (overdue(database), reasons(database)) == ([], []), "the day is not over"
    goes_by(house, database, BY + DAY)
    assert (overdue(database), reasons(database)) == (["date"], ["promise_overdue"])
    assert pushed(database, cipher) == [], "it is midnight"
    for moment in (MORNING, MORNING + DAY, MORNING + 5 * DAY):
        goes_by(house, database, moment)
    ((said, text),) = pushed(database, cipher)
    assert said == "promise.overdue_date"
    assert "刘洋" in text
    assert (open_promises(database), reasons(database)) == (["date"], ["promise_overdue"])


def test_an_overdue_promise_is_still_kept(person: Person, house: Runtime, database: Database, cipher: Cipher) -> None:
    person.is_bound_to("PLANBY").says("什么时候培训")
    goes_by(house, database, MORNING)
    publish(database, "PLANBY")
    goes_by(house, database, MORNING + DAY)
    assert [said.partition(" ")[0] for said, _ in pushed(database, cipher)] == ["promise.overdue_date", "promise.kept"]
    assert (open_promises(database), overdue(database)) == ([], [])


def test_what_comes_in_the_night_after_its_day_is_not_apologised_for(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PLANBY").says("什么时候培训")
    night = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
    goes_by(house, database, night)
    assert overdue(database) == ["date"]
    publish(database, "PLANBY")
    morning = night + timedelta(hours=9)
    goes_by(house, database, morning)
    ((said, _),) = pushed(database, cipher)
    assert said.startswith("promise.kept")
    ended = sa.select(touches.c.state).where(touches.c.entry == "promise_overdue")
    assert database.read(lambda c: c.execute(ended).scalars().all()) == ["cancelled"]


def test_only_a_date_is_due_by_a_day(person: Person, house: Runtime, database: Database, cipher: Cipher) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    person.says("在哪里培训").says("培训学什么")
    assert due(database) == {"date": BY, "place": None, "outline": None}
    goes_by(house, database, MORNING)
    goes_by(house, database, MORNING + DAY)
    assert overdue(database) == ["date"]


def test_a_promise_of_no_day_or_of_one_that_has_passed_is_never_overdue(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNK").says("什么时候培训")
    other = Person(house, database, BY + timedelta(hours=3), address="o-other").is_bound_to("UNKBY")
    other.says("什么时候培训")
    assert database.read(lambda c: set(c.execute(sa.select(promises.c.due_at)).scalars())) == {None}
    goes_by(house, database, MORNING + 30 * DAY)
    assert (overdue(database), reasons(database), pushed(database, cipher)) == ([], [], [])


def test_two_promises_of_one_day_are_one_apology(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    number = database.read(lambda c: people.by_code(c, "UNKBY"))
    both = {"candidate_id": number, "about": "cohort", "state": "open", "made_at": person.now, "due_at": BY}
    database.write(lambda c: c.execute(sa.insert(promises).values(both | {"look_at": person.now})))
    goes_by(house, database, MORNING)
    assert overdue(database) == ["cohort", "date"]
    assert len(pushed(database, cipher)) == 1


def test_who_wants_no_messages_or_cannot_be_written_to_is_hrs_to_call(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    person.says("退订")
    goes_by(house, database, MORNING)
    assert reasons(database)[0] == "promise_overdue"
    other = Person(house, database, person.now, address="o-other").is_bound_to("PLANBY").says("什么时候培训")
    gone = sa.update(addresses).values(unfollowed_at=other.now)
    database.write(lambda c: c.execute(gone))
    database.write(lambda c: keep_due(c, house, MORNING + LOOK))
    assert overdue(database) == ["date", "date"]
    assert pushed(database, cipher) == []


def test_who_has_left_is_not_apologised_to(person: Person, house: Runtime, database: Database, cipher: Cipher) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    number = database.read(lambda c: people.by_code(c, "UNKBY"))
    assert number
    database.write(lambda c: keep_due(c, house, BY + DAY))
    database.write(lambda c: moves.to_stage(c, number, "withdrawn", "hr", BY + DAY))
    goes_by(house, database, MORNING)
    assert (pushed(database, cipher), open_promises(database)) == ([], [])


def test_a_talk_that_is_going_on_is_not_interrupted(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    person.now = MORNING - timedelta(minutes=3)
    person.says("你好")
    goes_by(house, database, MORNING)
    assert pushed(database, cipher) == []
    goes_by(house, database, MORNING + timedelta(minutes=8))
    assert len(pushed(database, cipher)) == 1


@pytest.mark.parametrize("how", ["moved", "imported", "another cohort"])
def test_a_later_day_is_when_the_promise_is_due(
    person: Person, house: Runtime, database: Database, cipher: Cipher, how: str, tmp_path: Path
) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    later = BY + 5 * DAY
    if how == "moved":
        moves_the_day(database, "UNKBY", later, person.now + LOOK)
    elif how == "imported":
        file = tmp_path / "more.csv"
        file.write_text("code,name,date_by\nUNKBY,一月一期,2026-12-10\n", encoding="utf-8")
        importing.run(importing.ImportJob("cohorts", file, house.settings, database, cipher, person.now, "cli:test"))
    else:
        database.write(
            lambda c: c.execute(sa.update(cohorts).where(cohorts.c.code == "UNK").values(date_by=later)).rowcount
        )
        number = database.read(lambda c: people.by_code(c, "UNKBY"))
        assert number
        database.write(lambda c: moves.to_place(c, number, "cohort", "UNK", "hr", (), person.now))
    assert due(database)["date"] == later
    goes_by(house, database, MORNING)
    assert overdue(database) == []
    goes_by(house, database, MORNING + 5 * DAY)
    assert overdue(database) == ["date"]


def test_a_day_that_is_taken_back_leaves_what_was_promised(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    moves_the_day(database, "UNKBY", None, person.now + LOOK)
    assert due(database)["date"] == BY


def test_a_new_day_takes_the_apology_back_that_was_not_said_yet(
    person: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    goes_by(house, database, BY + DAY)
    moves_the_day(database, "UNKBY", BY + 5 * DAY, BY + DAY + LOOK)
    goes_by(house, database, MORNING)
    assert (overdue(database), pushed(database, cipher)) == ([], [])
    goes_by(house, database, MORNING + 5 * DAY)
    assert [said for said, _ in pushed(database, cipher)] == ["promise.overdue_date"], "that day has passed as well"


def test_planning_anew_leaves_the_apology(person: Person, house: Runtime, database: Database, cipher: Cipher) -> None:
    person.is_bound_to("UNKBY").says("什么时候培训")
    number = database.read(lambda c: people.by_code(c, "UNKBY"))
    assert number
    database.write(lambda c: keep_due(c, house, BY + DAY))
    database.write(lambda c: plans.release(c, [number], BY + DAY))
    database.write(lambda c: plan_these(c, house, [number], BY + DAY))
    (who,) = database.read(lambda c: plans.situations(c, house.cipher, house.settings, [number]))
    assert who.notice is None
    planned = sa.select(touches.c.state).where(touches.c.entry == "promise_overdue")
    assert database.read(lambda c: c.execute(planned).scalar()) == "planned"
