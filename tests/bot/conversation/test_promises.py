""" "As soon as it is fixed I'll tell you": kept by itself when the record has it, once, and only in the hours to write."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.conversation import House
from bot.conversation.promises import keep
from bot.store import moves
from bot.store.cipher import Cipher
from bot.store.database import Database
from bot.store.tables import cohorts, outbound, promises
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
    person: Person, house: House, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PLAN").says("什么时候培训")
    assert "date" in open_promises(database)
    assert database.write(lambda c: keep(c, house, person.now)) == (0, [])
    later = person.now + LOOK
    assert database.write(lambda c: keep(c, house, later)) == (1, [])  # looked, not yet there
    publish(database, "PLAN")
    assert database.write(lambda c: keep(c, house, later + timedelta(hours=7)))[1] != []
    ((said, text),) = pushed(database, cipher)
    assert said == "promise.kept training.when_published"
    assert "陈静" in text
    assert "12月14日" in text
    assert "date" not in open_promises(database)
    assert database.write(lambda c: keep(c, house, later + timedelta(days=2)))[1] == []


def test_a_change_of_the_record_wakes_the_promise(
    person: Person, house: House, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("UNK").says("我的门店在哪")
    assert open_promises(database) == ["store"]
    later = person.now + LOOK
    database.write(lambda c: keep(c, house, later))
    soon = later + timedelta(seconds=1)
    assert database.write(lambda c: keep(c, house, soon)) == (0, [])
    number = database.read(lambda c: c.execute(sa.text("SELECT id FROM candidates WHERE code = 'UNK'")).scalar_one())
    database.write(lambda c: moves.to_place(c, number, "store", "S1", "hr", soon))
    database.write(lambda c: keep(c, house, soon))
    ((said, text),) = pushed(database, cipher)
    assert said == "promise.kept store.mine"
    assert "人民广场店" in text


def test_an_import_wakes_the_promises_of_a_cohort(
    person: Person, house: House, database: Database, cipher: Cipher, tmp_path: object
) -> None:
    from pathlib import Path

    from bot.importing import run as importing

    person.is_bound_to("UNK").says("在哪里培训")
    assert open_promises(database) == ["place"]
    later = person.now + LOOK
    database.write(lambda c: keep(c, house, later))
    file = Path(str(tmp_path)) / "more.csv"
    file.write_text("code,name,place\nUNK,一月二期,浦东培训点\n", encoding="utf-8")
    soon = later + timedelta(seconds=5)
    importing.run(importing.Job("cohorts", file, house.settings, database, cipher, soon, "cli:test"))
    database.write(lambda c: keep(c, house, soon))
    ((said, text),) = pushed(database, cipher)
    assert said.startswith("promise.kept training.where")
    assert "浦东培训点" in text


def test_at_night_a_kept_promise_waits_for_the_morning(
    person: Person, house: House, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PLAN").says("什么时候培训")
    publish(database, "PLAN")
    night = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # 01:00 of the 24th in Shanghai
    database.write(lambda c: keep(c, house, night))
    assert pushed(database, cipher) == []
    database.write(lambda c: keep(c, house, datetime(2026, 11, 24, 1, 0, tzinfo=UTC)))
    assert len(pushed(database, cipher)) == 1


def test_who_left_or_wants_no_pushes_hears_nothing(
    person: Person, house: House, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("PLAN").says("什么时候培训")
    person.says("退订")
    publish(database, "PLAN")
    database.write(lambda c: keep(c, house, person.now + LOOK))
    assert (pushed(database, cipher), open_promises(database)) == ([], ["date"])
    number = database.read(lambda c: c.execute(sa.text("SELECT id FROM candidates WHERE code = 'PLAN'")).scalar_one())
    database.write(lambda c: moves.to_stage(c, number, "withdrawn", "hr", person.now))
    database.write(lambda c: keep(c, house, person.now + LOOK))
    assert (pushed(database, cipher), open_promises(database)) == ([], [])


def test_an_answer_that_hr_writes_into_the_faq_is_told(
    person: Person, house: House, database: Database, cipher: Cipher
) -> None:
    from dataclasses import replace

    from bot.content import load

    empty = house.settings.model_copy(update={"faq": house.settings.flows.parent / "faq.yaml"})
    before = replace(house, content=load(empty))
    Person(before, database, person.now).is_bound_to("PUB").says("一个月工资多少")
    assert open_promises(database) == ["faq.pay"]
    assert database.write(lambda c: keep(c, before, person.now + LOOK)) == (1, [])
    database.write(lambda c: keep(c, house, person.now + timedelta(hours=7)))
    ((said, _),) = pushed(database, cipher)
    assert said.startswith("promise.kept faq.pay_")


def test_a_new_stage_is_told_to_who_was_promised_it(
    person: Person, house: House, database: Database, cipher: Cipher
) -> None:
    person.is_bound_to("CHECK").says("背景核查要多久")
    assert open_promises(database) == ["stage"]
    later = person.now + LOOK
    database.write(lambda c: keep(c, house, later))
    assert pushed(database, cipher) == []
    number = database.read(lambda c: c.execute(sa.text("SELECT id FROM candidates WHERE code = 'CHECK'")).scalar_one())
    database.write(lambda c: moves.to_stage(c, number, "training_notice", "hr", later))
    database.write(lambda c: keep(c, house, later))
    ((said, text),) = pushed(database, cipher)
    assert said.startswith("promise.kept stage.mine")
    assert "等培训通知" in text
