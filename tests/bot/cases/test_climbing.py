"""A case is given to somebody at once, and climbs where nobody acts: nobody is forgotten by HR."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cases import actions
from bot.conversation import Runtime
from bot.proactive.touches import send_due
from bot.settings import Team
from bot.store import cases
from bot.store.db.database import Database
from bot.store.tables import candidates, outbound
from bot.store.tables import cases as table
from bot.values.worktime import read_week
from tests.bot.cases.desk import alerted, away, case, happened, opened, planned, tick
from tests.bot.rhythm.situations import local
from tests.talking import Person

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_a_new_case_goes_to_its_owner_and_they_hear_of_it(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    tick(database, staffed, now)
    assert case(database, this).assigned == "HR1"
    assert alerted(database) == [("HR1", "new")]


def test_who_is_away_is_passed(staffed: Runtime, database: Database, now: datetime) -> None:
    with away(database, "HR1", now + timedelta(days=3)):
        this = opened(database, "PUB", "doubt", now)
        tick(database, staffed, now)
    assert case(database, this).assigned == "HR2"


def test_nobodys_candidate_goes_to_who_has_least_to_do(staffed: Runtime, database: Database, now: datetime) -> None:
    for code in ("PUB", "PLANBY"):
        opened(database, code, "doubt", now)
    database.write(lambda c: c.execute(sa.update(candidates).where(candidates.c.code == "TOM").values(owner="HR2")))
    opened(database, "TOM", "doubt", now)
    tick(database, staffed, now)
    this = opened(database, "NONE", "doubt", now)
    tick(database, staffed, now)
    assert case(database, this).assigned == "HR3"


def test_it_warns_then_climbs_rung_by_rung_each_at_its_minute(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", start)
    tick(database, staffed, start)
    moments = {
        "09:22": [],
        "09:23": [("HR1", "warned_claim")],
        "09:29": [],
        "09:30": [("HR2", "missed_claim")],  # the deputy
        "10:00": [("HR2", "missed_claim"), ("HR3", "missed_claim")],  # the team
        "10:30": [("BOSS", "missed_claim")],
        "11:00": [("CHIEF", "missed_claim")],
    }
    for moment, expected in moments.items():
        before = len(alerted(database))
        tick(database, staffed, local(f"2026-11-23 {moment}"))
        assert alerted(database)[before:] == expected, moment
    assert case(database, this).assigned == "HR1", "there is always a name on it"


def test_nothing_climbs_at_night_but_danger(staffed: Runtime, database: Database) -> None:
    night = local("2026-11-23 23:00")
    calm, danger = opened(database, "PUB", "doubt", night), opened(database, "TOM", "danger", night)
    for minutes in range(0, 61, 10):
        tick(database, staffed, night + minutes * MINUTE)
    assert case(database, calm).rung == 0
    assert case(database, danger).rung >= 3
    assert ("BOSS", "missed_claim") in alerted(database)


def test_a_claim_stops_the_climb_and_the_answer_is_owed(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    who = opened(database, "PUB", "doubt", start)
    tick(database, staffed, start)
    database.write(lambda c: actions.claim(c, who, "HR1", start + 5 * MINUTE))
    tick(database, staffed, start + 2 * HOUR)
    assert alerted(database) == [("HR1", "new")]


def test_a_claimed_case_without_a_word_goes_back_to_the_bot(staffed: Runtime, database: Database) -> None:
    """After a working day of HR's silence."""
    start = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", start)
    database.write(lambda c: actions.claim(c, this, "HR1", start))
    tick(database, staffed, local("2026-11-24 08:59"))
    assert case(database, this).state == "claimed"
    tick(database, staffed, local("2026-11-24 09:30"))
    assert (case(database, this).state, case(database, this).claimed_by) == ("new", None)
    assert "handed_back" in happened(database, this)


@pytest.mark.parametrize("asked", [True, False], ids=["who asked is told", "who never noticed is not"])
def test_after_silence_who_waited_hears_honestly_that_hr_has_not_answered(
    staffed: Runtime, database: Database, person: Person, now: datetime, asked: bool
) -> None:
    person.is_bound_to("PUB")
    if asked:
        person.says("我要找真人")
        this = next(iter(database.read(lambda c: list(c.execute(sa.select(table.c.id)).scalars()))))
    else:
        this = opened(database, "PUB", "doubt", now)
    database.write(lambda c: actions.claim(c, this, "HR1", now + MINUTE))
    for hours in range(48):  # HR1 is reminded, others hear of it, and nobody writes
        tick(database, staffed, now + hours * HOUR)
    assert case(database, this).claimed_by is None
    assert planned(database, "PUB", "hr.not_yet") == asked
    assert planned(database, "PUB", "hr.back") == 0
    assert case(database, this).clock != cases.REST


def test_a_snooze_wakes_at_its_moment(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", start)
    tick(database, staffed, start)
    database.write(lambda c: actions.snooze(c, this, "HR1", start + 2 * HOUR, start))
    tick(database, staffed, start + 2 * HOUR - MINUTE)
    assert case(database, this).state == "snoozed"
    tick(database, staffed, start + 2 * HOUR)
    assert case(database, this).state == "claimed"
    assert alerted(database)[-1] == ("HR1", "woken")


def test_a_team_has_hours_of_its_own(staffed: Runtime, database: Database) -> None:
    own = {"BOSS": Team(hours=read_week("sat-sun 9:00-18:00"))}
    hr = staffed.settings.hr.model_copy(update={"teams": own})
    other = replace(staffed, settings=staffed.settings.model_copy(update={"hr": hr}))
    monday = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", monday)
    tick(database, other, monday)
    tick(database, other, local("2026-11-27 18:00"))
    assert case(database, this).rung == 0
    tick(database, other, local("2026-11-28 09:30"))
    assert case(database, this).rung == 1


def test_after_an_outage_it_climbs_one_rung_and_floods_nobody(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    opened(database, "PUB", "doubt", start)
    for _ in range(3):
        tick(database, staffed, local("2026-11-25 10:00"))
    assert alerted(database) == [("HR1", "new"), ("HR2", "missed_claim")]
    tick(database, staffed, local("2026-11-25 10:30"))
    assert alerted(database)[2:] == [("HR2", "missed_claim"), ("HR3", "missed_claim")]


def test_who_has_joined_needs_no_case_any_more_but_a_grave_one(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    calm, grave = opened(database, "PUB", "doubt", start), opened(database, "TOM", "danger", start)
    tick(database, staffed, start)
    joined = sa.update(candidates).where(candidates.c.code.in_(["PUB", "TOM"]))
    database.write(lambda c: c.execute(joined.values(stage="joined", stage_at=start + 20 * MINUTE)))
    tick(database, staffed, local("2026-11-23 09:30"))
    assert (case(database, calm).state, case(database, calm).outcome) == ("resolved", "kept")
    assert case(database, grave).state == "new"


def test_what_somebody_who_has_joined_comes_with_is_for_a_person_to_end(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    joined = {"stage": "joined", "stage_at": start - 3 * DAY}
    database.write(lambda c: c.execute(sa.update(candidates).where(candidates.c.code == "PUB").values(joined)))
    this = opened(database, "PUB", "complaint", start)
    ticks(database, staffed, start, 1)
    assert case(database, this).state == "new"
    assert ("HR1", "new") in alerted(database)


def test_who_joins_while_they_wait_for_an_answer_still_gets_it(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", start)
    joined = {"stage": "joined", "stage_at": start + HOUR}
    database.write(lambda c: c.execute(sa.update(candidates).where(candidates.c.code == "PUB").values(joined)))
    database.write(lambda c: cases.change(c, this, start, unanswered_since=start + 2 * HOUR))
    tick(database, staffed, start + 3 * HOUR)
    assert case(database, this).state == "new"


def ticks(database: Database, staffed: Runtime, start: datetime, hours: int) -> None:
    for minutes in range(0, hours * 60, 10):
        tick(database, staffed, start + minutes * MINUTE)


def test_a_logged_call_takes_the_case_and_nobody_is_warned(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", start)
    tick(database, staffed, start)
    database.write(lambda c: actions.log_call(c, staffed.cipher, this, "HR1", "reached", "", start + 3 * MINUTE))
    assert (case(database, this).state, case(database, this).claimed_by) == ("claimed", "HR1")
    ticks(database, staffed, start, 4)
    assert alerted(database) == [("HR1", "new")]


def test_a_call_that_reached_nobody_begins_the_span_anew(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", start)
    tick(database, staffed, start)
    at = start + 20 * MINUTE
    database.write(lambda c: actions.log_call(c, staffed.cipher, this, "HR1", "no_answer", "", at))
    for minutes in (21, 30, 41):
        tick(database, staffed, start + minutes * MINUTE)
    assert alerted(database) == [("HR1", "new")]
    tick(database, staffed, at + 31 * MINUTE)
    assert ("HR2", "missed_claim") in alerted(database)


def test_a_call_by_another_leaves_the_case_where_it_is(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    database.write(lambda c: actions.claim(c, this, "HR1", now))
    database.write(lambda c: actions.log_call(c, staffed.cipher, this, "HR2", "reached", "", now))
    assert case(database, this).claimed_by == "HR1"


def handed_back(database: Database, staffed: Runtime, start: datetime, reason: str = "complaint") -> int:
    this = opened(database, "PUB", reason, start)
    tick(database, staffed, start)
    database.write(lambda c: actions.claim(c, this, "HR1", start))
    database.write(lambda c: actions.hand_back(c, this, "HR1", start + 5 * MINUTE))
    return this


def test_what_was_handed_back_is_nobodys_duty_and_climbs_no_more(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = handed_back(database, staffed, start)
    ticks(database, staffed, start + 6 * MINUTE, 30)
    assert alerted(database) == [("HR1", "new")]
    assert (case(database, this).state, case(database, this).clock) == ("new", "rest")


@pytest.mark.parametrize("who_asks", ["the candidate", "the bot"])
def test_handed_back_it_is_a_duty_again_when_the_candidate_needs_hr(
    staffed: Runtime, database: Database, person: Person, who_asks: str
) -> None:
    start = local("2026-11-23 09:00")
    this = handed_back(database, staffed, start)
    person.is_bound_to("PUB")
    person.now = start + 2 * HOUR
    if who_asks == "the candidate":
        person.says("我要找真人")
    else:
        assert opened(database, "PUB", "task_overdue", person.now) == this
    tick(database, staffed, person.now)
    tick(database, staffed, person.now + 31 * MINUTE)
    assert {("HR1", "reopened"), ("HR2", "missed_claim")} <= set(alerted(database))


def test_danger_that_was_handed_back_stays_a_duty(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = handed_back(database, staffed, start, "danger")
    assert case(database, this).clock != "rest"


def test_whom_hr_answered_and_who_is_silent_is_nobodys_duty_after_the_bot_takes_over(
    staffed: Runtime, database: Database, person: Person
) -> None:
    start = local("2026-11-23 09:00")
    person.is_bound_to("PUB")
    this = opened(database, "PUB", "doubt", start)
    tick(database, staffed, start)
    database.write(lambda c: actions.reply(c, staffed.settings, staffed.cipher, this, "HR1", "别急", start))
    ticks(database, staffed, start, 72)
    assert case(database, this).clock == "rest"
    assert alerted(database) == [("HR1", "new"), ("HR1", "handed_back")]


def test_after_the_talk_with_hr_the_old_question_of_the_bot_is_not_asked_again(
    staffed: Runtime, database: Database, person: Person
) -> None:
    person.is_bound_to("PUB").says("我要投诉")
    assert person.keys == ["trouble.complaint"]
    this = next(iter(database.read(lambda c: list(c.execute(sa.select(table.c.id)).scalars()))))
    later = person.now + HOUR
    database.write(lambda c: actions.reply(c, staffed.settings, staffed.cipher, this, "HR1", "对不起", later))
    database.write(lambda c: actions.hand_back(c, this, "HR1", later))
    database.write(lambda c: send_due(c, staffed, later))
    said = sa.select(outbound.c.said).where(outbound.c.road == "push").order_by(outbound.c.id.desc()).limit(1)
    assert database.read(lambda c: c.execute(said).scalar()) == "hr.back"
