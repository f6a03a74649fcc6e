"""Nobody answers an open question: its road goes on by itself, in the hours when we may write, and once."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.conversation import Runtime
from bot.proactive.timeouts import continue_timed_out
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.store import people, touches
from bot.store.db.database import Database
from bot.store.tables import addresses, case_reasons, outbound
from tests.talking import Person

ASKED = "店离我家太远了"
HOURS = timedelta(hours=48)  # longer than any question waits


def waits(database: Database) -> datetime | None:
    return database.read(lambda c: c.execute(sa.select(addresses.c.wait_until)).scalar())


def pushed(database: Database) -> list[str]:
    wanted = sa.select(outbound.c.said).where(outbound.c.road == "push").order_by(outbound.c.id)
    return database.read(lambda c: list(c.execute(wanted).scalars()))


def test_a_question_that_waits_goes_on_by_itself_once(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says(ASKED)
    until = waits(database)
    assert until
    assert until > person.now
    assert database.write(lambda c: continue_timed_out(c, house, until - timedelta(seconds=1))) == (0, [])
    later = person.now + HOURS
    count, to_send = database.write(lambda c: continue_timed_out(c, house, later))
    assert count == 1
    assert len(to_send) == len(pushed(database))
    assert "store_far" in database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))
    assert database.write(lambda c: continue_timed_out(c, house, later + HOURS))[0] == 0


def test_an_answer_in_time_leaves_nothing_to_go_on(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says(ASKED)
    person.says("算了")
    assert waits(database) is None
    assert database.write(lambda c: continue_timed_out(c, house, person.now + HOURS)) == (0, [])


def test_at_night_it_waits_for_the_morning_of_the_person(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says(ASKED)
    night = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)  # 00:30 of the 26th in Shanghai
    assert database.write(lambda c: continue_timed_out(c, house, night)) == (1, [])
    assert waits(database) == datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
    assert pushed(database) == []


def test_who_wants_no_pushes_gets_none_but_hr_still_hears(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says("退订")
    person.says(ASKED)
    assert database.write(lambda c: continue_timed_out(c, house, person.now + HOURS))[1] == []
    assert "store_far" in database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))


def test_the_clock_s_job_takes_all_that_waited(person: Person, house: Runtime, database: Database) -> None:
    from bot.outbox import Outbox
    from jobs import waits as job
    from jobs.context import JobContext

    for number in range(25):
        someone = Person(house, database, person.now, address=f"o-{number}")
        someone.is_bound_to("PUB").says(ASKED)
    later = person.now + HOURS
    outbox = Outbox(database, house.cipher, {}, lambda: later)
    assert job.run(JobContext(house.settings, database, house.cipher, outbox, house, lambda: later)) >= 1
    assert waits(database) is None


def test_who_is_asked_the_same_by_two_roads_hears_its_end_once(
    person: Person, house: Runtime, database: Database
) -> None:
    """They said that the store is too far, and chose so again from the notice that came in between."""
    person.is_bound_to("PUB").says(ASKED)
    number = database.read(lambda c: people.by_code(c, "PUB"))
    assert number
    out = person.now + timedelta(hours=1)
    notice = Planned(number, "training_notice", "PUB:1", "notice", "notice.training", out)
    database.write(lambda c: touches.plan(c, [notice], "hr", person.now))
    database.write(lambda c: send_due(c, house, out))
    person.now = out + timedelta(minutes=1)
    assert person.says("3").keys == ["store.far_how_far"]
    later = person.now + HOURS
    while database.write(lambda c: continue_timed_out(c, house, later))[0]:
        pass
    assert pushed(database) == ["notice.training", "store.far_waited"]
