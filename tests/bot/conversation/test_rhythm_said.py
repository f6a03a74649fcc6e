"""What is due is said by the rhythm's rules: caps, spacing, hours, cases of HR's, silence, and what is hoped for after."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.proactive import caps
from bot.proactive.expectations import check_expectations
from bot.proactive.replan import plan_some
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.settings import Email
from bot.store import cases, people, plans, touches
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import candidates, case_reasons, outbound
from bot.store.tables import cases as case_table
from bot.store.tables import touches as table
from tests.bot.rhythm.situations import SHANGHAI, local
from tests.talking import Person

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def number(database: Database, code: str) -> int:
    found = database.read(lambda c: people.by_code(c, code))
    assert found
    return found


def plan(database: Database, code: str, entry: str, at: datetime, by: touches.By = "rhythm", **more: object) -> None:
    wanted = {"kind": "story", "begins": "stage.mine", "at": at, **more}
    urgent = bool(wanted.pop("urgent", False))
    one = Planned(number(database, code), entry, str(wanted.pop("occasion", "")), **wanted)  # type: ignore[arg-type]
    database.write(lambda c: touches.plan(c, [one], by, at, urgent))


def say(database: Database, house: Runtime, now: datetime) -> list[int]:
    return database.write(lambda c: send_due(c, house, now))[1]


def states(database: Database) -> dict[str, tuple[str, str | None, str | None]]:
    rows = database.read(lambda c: list(c.execute(sa.select(table).order_by(table.c.id))))
    return {row.entry: (row.state, row.reason, row.deferred) for row in rows}


def reasons(database: Database) -> list[str]:
    return database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))


def due_at(database: Database, entry: str) -> datetime:
    wanted = sa.select(table.c.due_at).where(table.c.entry == entry)
    return database.read(lambda c: c.execute(wanted).scalar_one())


@pytest.fixture
def talking(person: Person) -> Person:
    """PUB, who wrote an hour ago: the chat is open and the talk is over."""
    person.is_bound_to("PUB").says("你好")
    person.now += HOUR
    return person


def test_one_story_a_day_the_most_important_first(talking: Person, house: Runtime, database: Database) -> None:
    plan(database, "PUB", "tip", talking.now, priority=1)
    plan(database, "PUB", "checkin", talking.now, priority=5)
    assert len(say(database, house, talking.now)) == 1
    assert states(database)["checkin"][0] == "sent"
    assert states(database)["tip"] == ("planned", None, "cap")
    assert due_at(database, "tip") == local("2026-11-24 00:00")


@pytest.mark.parametrize(
    ("said", "now", "free"),
    [
        ([], "2026-11-23 10:00", "2026-11-23 10:00"),
        (["2026-11-23 09:00"], "2026-11-23 10:00", "2026-11-24 00:00"),
        (["2026-11-22 23:59"], "2026-11-23 00:01", "2026-11-23 00:01"),
        (["2026-11-17 10:00", "2026-11-18 10:00", "2026-11-19 10:00"], "2026-11-20 10:00", "2026-11-24 10:00"),
        (["2026-11-12 10:00", "2026-11-18 10:00", "2026-11-19 10:00"], "2026-11-20 10:00", "2026-11-20 10:00"),
    ],
)
def test_caps_count_the_persons_own_days_and_the_last_seven(said: list[str], now: str, free: str) -> None:
    before = [local(at) for at in said]
    assert caps.next_free(before, local(now), SHANGHAI, a_day=1, a_week=3) == local(free)


def test_notices_are_not_counted_and_not_held_up(talking: Person, house: Runtime, database: Database) -> None:
    plan(database, "PUB", "tip", talking.now)
    say(database, house, talking.now)
    news = {"kind": "notice", "begins": "notice.training", "occasion": "PUB:2"}
    plan(database, "PUB", "training_notice", talking.now, "hr", **news)
    assert len(say(database, house, talking.now)) == 1


def test_what_the_rhythm_says_comes_one_by_one(talking: Person, house: Runtime, database: Database) -> None:
    for entry, priority in (("papers", 9), ("more_papers", 5)):
        plan(database, "PUB", entry, talking.now, kind="notice", priority=priority)
    assert len(say(database, house, talking.now)) == 1
    assert due_at(database, "more_papers") == talking.now + timedelta(minutes=30)


def test_a_story_does_not_come_on_the_heels_of_a_notice(talking: Person, house: Runtime, database: Database) -> None:
    plan(database, "PUB", "papers", talking.now, kind="notice", priority=9)
    plan(database, "PUB", "tip", talking.now)
    say(database, house, talking.now)
    assert states(database)["tip"] == ("planned", None, "spacing")
    assert due_at(database, "tip") == talking.now + 2 * HOUR


def test_while_hr_talks_stories_and_notices_wait_and_news_goes(
    talking: Person, house: Runtime, database: Database
) -> None:
    who = number(database, "PUB")
    database.write(lambda c: cases.open_case(c, who, None, "human", talking.now))
    database.write(lambda c: c.execute(sa.update(case_table).values(state="claimed")))
    plan(database, "PUB", "tip", talking.now)
    say(database, house, talking.now)
    plan(database, "PUB", "papers", talking.now, kind="notice")
    plan(database, "PUB", "training_moved", talking.now, by="hr", kind="notice", occasion="PUB:2")
    say(database, house, talking.now)
    assert states(database)["tip"] == ("planned", None, "case")
    assert states(database)["papers"] == ("planned", None, "case")
    assert states(database)["training_moved"][0] == "sent"


def test_who_wants_notices_only_gets_those_only(talking: Person, house: Runtime, database: Database) -> None:
    only = sa.update(candidates).where(candidates.c.code == "PUB").values(notices_only_at=talking.now)
    database.write(lambda c: c.execute(only))
    plan(database, "PUB", "tip", talking.now)
    plan(database, "PUB", "papers", talking.now, kind="notice")
    say(database, house, talking.now)
    assert states(database)["tip"] == ("suppressed", "wants notices only", None)
    assert states(database)["papers"][0] == "sent"


def test_a_story_waits_for_the_chat_and_comes_soon_after_it_opens(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("你好")
    later = person.now + 3 * DAY
    plan(database, "PUB", "tip", later, expires_at=later + 2 * DAY)
    assert say(database, house, later) == []
    assert states(database)["tip"] == ("planned", None, "window")
    assert say(database, house, later + DAY) == [], "nobody looks in vain each hour"
    person.now = later + DAY
    person.says("培训在哪里")
    assert say(database, house, person.now) == [], "not into the talk"
    assert len(say(database, house, person.now + HOUR)) == 1


def test_a_story_that_found_no_open_chat_expires_with_its_reason(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says("你好")
    later = person.now + 3 * DAY
    plan(database, "PUB", "tip", later, expires_at=later + DAY)
    say(database, house, later)
    say(database, house, later + DAY)
    assert states(database)["tip"] == ("expired", "too late to be useful, put off: window", "window")


def test_a_story_is_never_an_sms(house: Runtime, database: Database, texter: Callable[[str], Person]) -> None:
    writer = texter("+12025550143").says("when is training")
    plan(database, "GRACE", "tip", writer.now + HOUR, expires_at=writer.now + DAY)
    assert say(database, house, writer.now + HOUR) == []
    assert states(database)["tip"][0] == "suppressed"


def test_a_typhoon_breaks_the_quiet_hours_and_who_does_not_answer_in_an_hour_is_called(
    talking: Person, house: Runtime, database: Database
) -> None:
    night = local("2026-11-30 23:30")
    plan(
        database,
        "PUB",
        "training_moved",
        night,
        "hr",
        occasion="PUB:2",
        kind="notice",
        begins="notice.moved",
        urgent=True,
        expects="confirm",
        within=HOUR,
        unmet="unconfirmed",
    )
    assert len(say(database, house, night)) == 1
    assert database.write(lambda c: check_expectations(c, house, night + HOUR - timedelta(minutes=1)))[0] == 0
    assert database.write(lambda c: check_expectations(c, house, night + HOUR))[0] == 1
    assert reasons(database) == ["unconfirmed"]
    assert database.write(lambda c: check_expectations(c, house, night + 2 * HOUR))[0] == 0


def test_who_confirms_in_time_is_not_called(talking: Person, house: Runtime, database: Database) -> None:
    hoped = {"expects": "confirm", "within": DAY, "unmet": "unconfirmed"}
    news = {"kind": "notice", "begins": "notice.training", "occasion": "PUB:2"}
    plan(database, "PUB", "training_notice", talking.now, "hr", **news, **hoped)
    say(database, house, talking.now)
    talking.now += HOUR
    assert talking.says("1").keys == ["training.confirm_done"]
    database.write(lambda c: check_expectations(c, house, talking.now + DAY))
    assert reasons(database) == []
    assert database.read(lambda c: c.execute(sa.select(table.c.answered_at)).scalar()) == talking.now


def test_an_answer_counts_only_if_it_came_after_what_was_said(
    talking: Person, house: Runtime, database: Database
) -> None:
    plan(database, "PUB", "checkin", talking.now, expects="answer", within=DAY, unmet="quiet")
    say(database, house, talking.now)
    database.write(lambda c: check_expectations(c, house, talking.now + DAY))
    assert reasons(database) == ["quiet"]


def notified(database: Database, house: Runtime, person: Person) -> None:
    """PUB is released, and has just heard the training notice."""
    who = number(database, "PUB")
    database.write(lambda c: plans.release(c, [who], person.now))
    news = {"kind": "notice", "begins": "notice.training", "occasion": "PUB:2", "template": "training"}
    plan(database, "PUB", "training_notice", person.now, "hr", **news)
    say(database, house, person.now)
    database.write(lambda c: plan_some(c, house, person.now))


def test_who_does_not_answer_the_notice_is_reminded_after_a_day_and_after_two(
    talking: Person, house: Runtime, database: Database
) -> None:
    notified(database, house, talking)
    assert due_at(database, "unread") == talking.now + DAY
    say(database, house, talking.now + DAY)
    say(database, house, talking.now + 2 * DAY)
    assert (states(database)["unread"][0], states(database)["unread_again"][0]) == ("sent", "sent")


def test_who_wrote_meanwhile_is_not_reminded(talking: Person, house: Runtime, database: Database) -> None:
    notified(database, house, talking)
    told_at = talking.now
    talking.now += HOUR
    talking.says("带什么")
    say(database, house, told_at + DAY)
    assert states(database)["unread"] == ("suppressed", "the candidate has answered meanwhile", None)


def test_a_reminder_of_what_may_not_have_arrived_takes_another_road(
    talking: Person, house: Runtime, database: Database
) -> None:
    notified(database, house, talking)
    database.write(lambda c: c.execute(sa.update(outbound).where(outbound.c.road == "push").values(state="unknown")))
    say(database, house, talking.now + DAY)
    reminder = (
        sa.select(outbound.c.via).join(table, table.c.outbound_id == outbound.c.id).where(table.c.entry == "unread")
    )
    assert database.read(lambda c: list(c.execute(reminder).scalars())) == ["sms"]


def test_a_newer_notice_asks_anew_and_the_old_ones_deadline_calls_nobody(
    talking: Person, house: Runtime, database: Database
) -> None:
    hoped = {"expects": "confirm", "within": DAY, "unmet": "unconfirmed", "kind": "notice"}
    plan(database, "PUB", "training_notice", talking.now, "hr", occasion="PUB:2", begins="notice.training", **hoped)
    say(database, house, talking.now)
    later = talking.now + 2 * HOUR
    plan(database, "PUB", "training_moved", later, "hr", occasion="PUB:3", begins="notice.moved", **hoped)
    say(database, house, later)
    database.write(lambda c: check_expectations(c, house, talking.now + DAY))
    assert reasons(database) == []
    database.write(lambda c: check_expectations(c, house, later + DAY))
    assert reasons(database) == ["unconfirmed"]


def test_what_the_rhythm_asks_to_be_so_is_asked_when_it_is_said(
    talking: Person, house: Runtime, database: Database
) -> None:
    planned = sa.text("UPDATE cohorts SET date_state = 'planned' WHERE code = 'PUB'")
    database.write(lambda c: c.execute(planned))
    plan(database, "PUB", "day_before", talking.now, kind="notice", begins="countdown.tomorrow")
    say(database, house, talking.now)
    assert states(database)["day_before"] == ("suppressed", "date is planned", None)


def test_the_morning_of_the_first_day_may_come_before_nine(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB")
    seven = local("2026-12-01 07:00")
    plan(database, "PUB", "morning_of", seven, kind="notice", begins="countdown.today")
    plan(database, "PUB", "papers", seven, kind="notice")
    say(database, house, seven)
    assert states(database)["morning_of"][0] == "sent"
    assert states(database)["papers"] == ("planned", None, "hours")


def test_who_scans_a_card_is_welcomed_within_the_minute_that_this_opens(
    person: Person, house: Runtime, database: Database
) -> None:
    assert person.event("scan", "WANGFANG1").keys
    person.now += timedelta(seconds=20)
    plan(database, "PUB", "welcome", person.now, kind="notice", begins="welcome.pack")
    plan(database, "PUB", "papers", person.now, kind="notice")
    (row,) = say(database, house, person.now)
    assert states(database)["papers"][0] == "planned", "nothing else comes into the talk"
    via = sa.select(outbound.c.via).where(outbound.c.id == row)
    assert database.read(lambda c: c.execute(via).scalar()) == "service"


def test_an_entry_may_open_a_case_instead_of_speaking(house: Runtime, database: Database, now: datetime) -> None:
    plan(database, "NOPHONE", "unbound", now, kind="notice", begins="case unbound")
    plan(database, "WITHDRAWN", "unbound", now, kind="notice", begins="case unbound")
    assert say(database, house, now) == []
    assert reasons(database) == ["unbound"]


def test_who_has_neither_chat_nor_phone_is_written_an_email(
    house: Runtime, database: Database, cipher: Cipher, now: datetime
) -> None:
    mail = cipher.seal("xu@example.com", "candidates.email")
    given = sa.update(candidates).where(candidates.c.code == "NOPHONE").values(email=mail)
    database.write(lambda c: c.execute(given))
    plan(database, "NOPHONE", "papers", now, kind="notice")
    assert say(database, house, now) == []
    assert reasons(database) == ["unreachable"], "no mail server is named"
    mailing = Email(url="smtp://localhost:25", **{"from": "hr@example.com"})
    writing = replace(house, settings=house.settings.model_copy(update={"email": mailing}))
    plan(database, "NOPHONE", "more_papers", now, kind="notice")
    assert len(say(database, writing, now)) == 1
    assert database.read(lambda c: c.execute(sa.select(outbound.c.via)).scalar()) == "email"


def test_the_welcome_is_mailed_too_and_its_copy_is_no_notice(
    talking: Person, house: Runtime, database: Database, cipher: Cipher
) -> None:
    mail = cipher.seal("wang@example.com", "candidates.email")
    database.write(lambda c: c.execute(sa.update(candidates).where(candidates.c.code == "PUB").values(email=mail)))
    mailing = Email(url="smtp://localhost:25", **{"from": "hr@example.com"})
    writing = replace(house, settings=house.settings.model_copy(update={"email": mailing}))
    plan(database, "PUB", "welcome", talking.now, kind="notice", begins="welcome.pack")
    assert len(say(database, writing, talking.now)) == 2
    rows = sa.select(outbound.c.kind, outbound.c.via).where(outbound.c.road == "push").order_by(outbound.c.id)
    assert database.read(lambda c: [tuple(row) for row in c.execute(rows)]) == [
        ("notice", "service"),
        ("copy", "email"),
    ]


def test_after_three_days_without_a_clock_the_urgent_comes_first_and_the_stale_expires(
    talking: Person, house: Runtime, database: Database
) -> None:
    """What is late but useful goes out in its order and under the caps; what is stale expires, each with a reason."""
    back = talking.now + 3 * DAY
    plan(database, "PUB", "notice", talking.now, kind="notice", priority=90, expires_at=talking.now + 7 * DAY)
    plan(database, "PUB", "reminder", talking.now + DAY, kind="notice", priority=95, expires_at=back - HOUR)
    plan(database, "PUB", "tip", talking.now + DAY, priority=10, expires_at=back + 2 * DAY)
    plan(database, "PUB", "story", talking.now + DAY, priority=20, expires_at=back - HOUR)
    talking.now = back - HOUR
    talking.says("在吗")
    say(database, house, back)
    found = states(database)
    assert found["notice"][0] == "sent"
    assert found["reminder"][:2] == found["story"][:2] == ("expired", "too late to be useful")
    assert found["tip"] == ("planned", None, "spacing")
    say(database, house, back + 2 * HOUR)
    assert states(database)["tip"][0] == "sent"


def test_times_are_those_of_the_clock_that_is_given(talking: Person, house: Runtime, database: Database) -> None:
    plan(database, "PUB", "tip", talking.now + HOUR)
    assert say(database, house, talking.now + HOUR - timedelta(seconds=1)) == []
    assert len(say(database, house, talking.now + HOUR)) == 1
    said = database.read(lambda c: c.execute(sa.select(table.c.ended_at)).scalar())
    assert said == talking.now.astimezone(UTC) + HOUR


def test_what_follows_an_announcement_is_planned_when_that_was_said(
    talking: Person, house: Runtime, database: Database
) -> None:
    who = number(database, "PUB")
    database.write(lambda c: plans.release(c, [who], talking.now - 2 * DAY))
    for _ in range(2):
        database.write(lambda c: plan_some(c, house, talking.now))
    assert {"id_copy"} == {name for name in states(database) if name.startswith("id_copy")}
    later = max(due_at(database, "id_copy"), talking.now) + HOUR
    say(database, house, later)
    later += HOUR  # what else was due first keeps its distance
    say(database, house, later)
    assert states(database)["id_copy"][0] == "sent"
    database.write(lambda c: plan_some(c, house, later))
    assert "id_copy_overdue" in states(database)


def test_a_task_whose_day_was_moved_a_moment_ago_is_not_asked_for(
    talking: Person, house: Runtime, database: Database
) -> None:
    who = number(database, "PUB")
    database.write(lambda c: plans.release(c, [who], talking.now - 9 * DAY))
    plan(database, "PUB", "id_copy_overdue", talking.now, kind="notice", begins="tasks.overdue_id_copy")
    say(database, house, talking.now + HOUR)
    assert states(database)["id_copy_overdue"][:2] == ("suppressed", "no longer in the plan")
