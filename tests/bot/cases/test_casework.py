"""What staff do with a case: one wins, the other is told who; and what was typed reaches the candidate."""

import threading
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cases import actions as cases_actions
from bot.cases.actions import Refused
from bot.conversation import Runtime
from bot.store import cases, people
from bot.store.db.database import Database
from bot.store.tables import audit, case_events, outbound
from bot.store.tables import cases as case_table
from tests.bot.cases.desk import alerted, case, happened, number, opened, planned, tick
from tests.talking import Person

HOUR = timedelta(hours=1)


def test_two_claim_and_the_second_is_told_who_was_first(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    database.write(lambda c: cases_actions.claim(c, this, "HR1", now))
    with pytest.raises(Refused) as refused:
        database.write(lambda c: cases_actions.claim(c, this, "HR2", now))
    assert (refused.value.why, refused.value.by) == ("held", "HR1")
    assert case(database, this).claimed_by == "HR1"
    assert happened(database, this).count("claimed") == 1


def test_a_thousand_claims_at_once_give_each_case_one_owner(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    codes = ["PUB", "PLANBY", "PLAN", "UNKBY", "UNK", "NONE", "TOM", "TODAY", "DURING", "OVER"]
    these = [opened(database, code, "doubt", now) for code in codes]
    won: list[tuple[int, str]] = []
    lost: list[tuple[int, str, str]] = []

    def claims(staff: str) -> None:
        for this in these:
            try:
                database.write(lambda c, this=this: cases_actions.claim(c, this, staff, now))  # type: ignore[misc]
                won.append((this, staff))
            except Refused as refused:
                lost.append((this, staff, refused.by))

    threads = [threading.Thread(target=claims, args=(f"S{place}",)) for place in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    owners = {this: case(database, this).claimed_by for this in these}
    assert len(won) == len(these)
    assert dict(won) == owners
    assert len(lost) == 1000 - len(these)
    assert all(by == owners[this] for this, _, by in lost)


def test_a_reply_reaches_the_candidate_where_they_wrote_last(
    staffed: Runtime, database: Database, person: Person, now: datetime
) -> None:
    person.is_bound_to("PUB").says("我要找真人")
    this = database.read(lambda c: cases.open_of(c, number(database, "PUB")))
    assert this
    rows = database.write(
        lambda c: cases_actions.reply(c, staffed.settings, staffed.cipher, this.id, "HR1", "您好，我是钱多", now)
    )
    row = database.read(lambda c: c.execute(sa.select(outbound).where(outbound.c.id == rows[0])).one())
    assert staffed.cipher.open(row.text, "outbound.text") == "您好，我是钱多"
    assert (row.via, row.state) == ("service", "queued")
    after = case(database, this.id)
    assert (after.state, after.claimed_by, after.unanswered_since, after.answered_at) == ("waiting", "HR1", None, now)


def test_a_reply_to_who_cannot_be_written_to_is_refused_and_keeps_nothing(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    this = opened(database, "NOPHONE", "doubt", now)
    with pytest.raises(Refused, match="no_road"):
        database.write(lambda c: cases_actions.reply(c, staffed.settings, staffed.cipher, this, "HR1", "喂", now))
    assert case(database, this).claimed_by is None


def test_handed_over_it_is_free_for_the_other_who_hears_of_it(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    this = opened(database, "PUB", "doubt", now)
    tick(database, staffed, now)
    database.write(lambda c: cases_actions.claim(c, this, "HR1", now))
    database.write(lambda c: cases_actions.assign(c, staffed.cipher, this, "HR1", "HR2", "他认识你", now))
    after = case(database, this)
    assert (after.assigned, after.claimed_by, after.state) == ("HR2", None, "new")
    assert alerted(database)[-1] == ("HR2", "handed_over")
    note = database.read(
        lambda c: c.execute(sa.select(case_events.c.note).where(case_events.c.what == "handed_over")).scalar_one()
    )
    assert staffed.cipher.open(note, "case_events.note") == "他认识你"


def test_resolved_it_needs_an_outcome_and_leaves_no_clock(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    with pytest.raises(Refused, match="outcome"):
        database.write(
            lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "whatever", "", now)
        )
    database.write(lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "kept", "", now))
    after = case(database, this)
    assert (after.state, after.outcome, after.clock, after.next_at) == ("resolved", "kept", None, None)
    with pytest.raises(Refused, match="resolved"):
        database.write(lambda c: cases_actions.claim(c, this, "HR2", now))


def test_somebody_in_danger_is_reached_or_a_note_says_why_not_before_it_is_over(
    staffed: Runtime, database: Database, person: Person, now: datetime
) -> None:
    def ends(this: int, note: str = "") -> None:
        how = (this, "HR1", "answered", note, now + HOUR)
        database.write(lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, *how))

    person.is_bound_to("PUB")
    noted, written, called = (opened(database, who, "danger", now) for who in ("TOM", "PUB", "PLAN"))
    for this in (noted, written, called):
        for note in ("", "  "):
            with pytest.raises(Refused, match="danger_ends"):
                ends(this, note)
        assert case(database, this).claimed_by is None, "a try claims nothing"
    ends(noted, "她妈妈接的电话，人没事")
    reply = (written, "HR1", "我在，给你打电话好吗？", now + HOUR / 2)
    database.write(lambda c: cases_actions.reply(c, staffed.settings, staffed.cipher, *reply))
    database.write(lambda c: cases_actions.log_call(c, staffed.cipher, called, "HR1", "reached", "", now + HOUR / 2))
    ends(written)
    ends(called)
    assert {case(database, this).state for this in (noted, written, called)} == {"resolved"}


def test_a_case_is_about_what_its_candidate_asks(
    staffed: Runtime, database: Database, person: Person, now: datetime
) -> None:
    this = opened(database, "PUB", "silence", now)
    person.is_bound_to("PUB").says("我要投诉")
    assert case(database, this).reason == "complaint"


def test_what_was_resolved_by_mistake_is_opened_again(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    end = (this, "HR1", "kept", "", now)
    database.write(lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, *end))
    for _ in range(2):
        database.write(lambda c: cases_actions.reopen(c, this, "HR2", now + HOUR))
    again = case(database, this)
    assert (again.state, again.claimed_by, again.outcome, again.resolved_at) == ("claimed", "HR2", None, None)
    assert happened(database, this) == ["claimed", "resolved", "reopened"]
    tick(database, staffed, now + 2 * HOUR)
    assert case(database, this).clock


def test_an_old_case_is_not_opened_beside_a_newer_one(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    end = (this, "HR1", "kept", "", now)
    database.write(lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, *end))
    opened(database, "PUB", "doubt", now + 30 * 24 * HOUR)
    with pytest.raises(Refused, match="newer"):
        database.write(lambda c: cases_actions.reopen(c, this, "HR2", now + 31 * 24 * HOUR))


def test_what_comes_up_again_in_a_week_is_the_same_case(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    database.write(lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "kept", "", now))
    assert opened(database, "PUB", "other_offer", now + 24 * HOUR) == this
    assert case(database, this).state == "new"
    database.write(
        lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "kept", "", now + 25 * HOUR)
    )
    assert opened(database, "PUB", "other_offer", now + 24 * 10 * HOUR) != this


@pytest.mark.parametrize(
    ("reason", "wrote", "outcome", "says"),
    [
        ("doubt", True, "kept", True),
        ("doubt", True, "left", False),
        ("doubt", False, "kept", False),
        ("danger", True, "kept", False),
    ],
    ids=["they talked", "who left is not told", "who never noticed is not told", "who was in danger is not told"],
)
def test_who_talked_with_hr_is_told_that_the_bot_is_back(
    staffed: Runtime,
    database: Database,
    person: Person,
    now: datetime,
    reason: str,
    wrote: bool,
    outcome: str,
    says: bool,
) -> None:
    person.is_bound_to("PUB")
    this = opened(database, "PUB", reason, now)
    later = now + HOUR
    if wrote:
        database.write(lambda c: cases_actions.reply(c, staffed.settings, staffed.cipher, this, "HR1", "别急", later))
    database.write(
        lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", outcome, "", later)
    )
    assert planned(database, "PUB", "hr.back") == says


@pytest.mark.parametrize("reached", [True, False])
def test_closed_without_a_word_nobody_says_that_hr_spoke_to_them(
    staffed: Runtime, database: Database, person: Person, now: datetime, reached: bool
) -> None:
    person.is_bound_to("PUB").says("我要找真人")
    (this,) = database.read(lambda c: list(c.scalars(sa.select(case_table.c.id))))
    if reached:
        database.write(lambda c: cases_actions.log_call(c, staffed.cipher, this, "HR1", "reached", "", now + HOUR))
    database.write(
        lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "kept", "", now + 2 * HOUR)
    )
    assert planned(database, "PUB", "hr.back") == reached
    assert planned(database, "PUB", "hr.not_yet") == 0


def test_handed_back_by_hand_before_any_word_of_hr_it_stays_a_duty(
    staffed: Runtime, database: Database, person: Person, now: datetime
) -> None:
    person.is_bound_to("PUB").says("我要找真人")
    (this,) = database.read(lambda c: list(c.scalars(sa.select(case_table.c.id))))
    database.write(lambda c: cases_actions.claim(c, this, "HR1", now + HOUR))
    database.write(lambda c: cases_actions.hand_back(c, this, "HR1", now + 2 * HOUR))
    row = database.read(lambda c: cases.load(c, this))
    assert row
    assert (row.clock == cases.REST, row.unanswered_since is None) == (False, False)
    assert planned(database, "PUB", "hr.not_yet") == 1


def test_handed_back_by_hand_the_candidate_hears_it_once(
    staffed: Runtime, database: Database, person: Person, now: datetime
) -> None:
    person.is_bound_to("PUB")
    this = opened(database, "PUB", "doubt", now)
    later = now + HOUR
    database.write(lambda c: cases_actions.reply(c, staffed.settings, staffed.cipher, this, "HR1", "别急", later))
    database.write(lambda c: cases_actions.hand_back(c, this, "HR1", later))
    assert planned(database, "PUB", "hr.back") == 1
    database.write(
        lambda c: cases_actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "kept", "", later + HOUR)
    )
    assert planned(database, "PUB", "hr.back") == 1


def test_every_move_is_audited_without_names(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "doubt", now)
    cipher, settings = staffed.cipher, staffed.settings
    database.write(lambda c: cases_actions.claim(c, this, "HR1", now))
    database.write(lambda c: cases_actions.write_note(c, cipher, this, "HR1", "王芳家里有事", now))
    database.write(lambda c: cases_actions.log_call(c, cipher, this, "HR1", "reached", "聊了王芳", now))
    database.write(lambda c: cases_actions.snooze(c, this, "HR1", now + HOUR, now))
    database.write(lambda c: cases_actions.hand_back(c, this, "HR1", now))
    database.write(lambda c: cases_actions.resolve(c, settings, cipher, this, "HR1", "kept", "王芳来", now))
    rows = database.read(lambda c: list(c.execute(sa.select(audit).where(audit.c.action.like("case.%")))))
    actions = {row.action for row in rows}
    assert {"case.claimed", "case.note", "case.called", "case.snoozed", "case.handed_back", "case.resolved"} <= actions
    assert all(row.actor == "staff:HR1" for row in rows)
    assert "王芳" not in str([row._mapping for row in rows])


@pytest.mark.parametrize(
    ("code", "outcome", "keeps", "stage"),
    [
        ("PUB", "left", False, "withdrawn"),
        ("PUB", "left", True, "training_notice"),
        ("PUB", "kept", False, "training_notice"),
        ("JOINED", "left", False, "joined"),
        ("REJECTED", "left", False, "rejected"),
    ],
)
def test_who_will_not_come_is_withdrawn_when_the_case_is_resolved(
    staffed: Runtime, database: Database, now: datetime, code: str, outcome: str, keeps: bool, stage: str
) -> None:
    this = opened(database, code, "withdrawing", now)
    settings, cipher = staffed.settings, staffed.cipher
    database.write(lambda c: cases_actions.resolve(c, settings, cipher, this, "HR1", outcome, "", now, keeps))
    assert database.read(lambda c: people.stage_of(c, number(database, code))) == stage
