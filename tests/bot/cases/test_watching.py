"""Risk is reckoned when something happens or its moment comes; the bot tries first, a rung at a time, then HR."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cases import actions
from bot.cases.reasons import sentence
from bot.conversation import Runtime
from bot.proactive.expectations import check_expectations
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.risk.monitor import open_cases, score_due
from bot.store import cases, checkins, plans, risk, touches
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, cohorts, events, outbound, risk_changes, signals
from bot.store.tables import cases as case_table
from bot.store.tables import touches as table
from tests.bot.cases.desk import number
from tests.talking import Person

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def reckon(database: Database, house: Runtime, now: datetime) -> None:
    while database.write(lambda c: score_due(c, house, now))[0]:
        pass
    database.write(lambda c: open_cases(c, house, now))


def stands(database: Database, code: str) -> Any:
    return database.read(lambda c: c.execute(sa.select(candidates).where(candidates.c.code == code)).one())


def release(database: Database, now: datetime, *codes: str) -> None:
    for code in codes:
        database.write(lambda c, code=code: plans.release(c, [number(database, code)], now))  # type: ignore[misc]


def says_low(database: Database, code: str, score: int, now: datetime) -> None:
    who = number(database, code)

    def keep(connection: Any) -> None:
        checkins.keep(connection, who, score, now)
        risk.wake(connection, [who], now)

    database.write(keep)


def planned(database: Database, code: str) -> list[tuple[str, str]]:
    theirs = table.c.candidate_id == number(database, code), table.c.by == "risk"
    rows = database.read(lambda c: list(c.execute(sa.select(table).where(*theirs).order_by(table.c.id))))
    return [(row.entry, row.state) for row in rows]


def risk_cases(database: Database) -> list[Any]:
    wanted = sa.select(case_table).where(case_table.c.reason == "risk").order_by(case_table.c.id)
    return database.read(lambda c: list(c.execute(wanted)))


def test_everybody_is_looked_at_once_and_then_only_when_due(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    first = database.write(lambda c: score_due(c, staffed, now))[0]
    assert first > 10
    reckon(database, staffed, now)
    assert database.write(lambda c: score_due(c, staffed, now))[0] == 0, "nothing is due"
    assert stands(database, "PUB").risk_due_at > now
    assert stands(database, "JOINED").risk_due_at is None, "who does not wait is not looked at again"


def test_a_low_checkin_is_a_change_that_is_kept_and_told(staffed: Runtime, database: Database, now: datetime) -> None:
    reckon(database, staffed, now)
    says_low(database, "PUB", 2, now + MINUTE)
    reckon(database, staffed, now + MINUTE)
    assert stands(database, "PUB").risk == "medium"
    (change,) = database.read(lambda c: list(c.execute(sa.select(risk_changes))))
    assert (change.level, change.signals[0]) == ("medium", "checkin_low")
    kinds = database.read(lambda c: list(c.execute(sa.select(events.c.kind, events.c.body))))
    assert [(kind, body["candidate"]) for kind, body in kinds if kind == "risk.changed"] == [("risk.changed", "PUB")]
    kept = database.read(lambda c: list(c.execute(sa.select(signals).where(signals.c.name == "checkin_low"))))
    assert len(kept) == 1
    reckon(database, staffed, now + HOUR)
    assert len(database.read(lambda c: list(c.execute(sa.select(risk_changes))))) == 1, "once"


@pytest.mark.parametrize(("locale", "words"), [("zh", "把握打了 2 分"), ("en", "is only 2 of 5 sure")])
def test_the_sentence_says_why(staffed: Runtime, database: Database, now: datetime, locale: str, words: str) -> None:
    says_low(database, "PUB", 2, now)
    reckon(database, staffed, now)
    wanted = sa.select(signals.c.name, signals.c.evidence).order_by(signals.c.points.desc())
    found = database.read(lambda c: [(row.name, row.evidence) for row in c.execute(wanted)])
    assert words in sentence(staffed.content.words[locale], found)


def test_the_bot_tries_in_the_chat_then_by_phone_then_hr_has_a_case(
    staffed: Runtime, database: Database, person: Person, now: datetime
) -> None:
    release(database, now, "PUB")
    person.is_bound_to("PUB").says("你好")
    at = now + HOUR
    says_low(database, "PUB", 1, at)
    says_low(database, "PUB", 1, at)
    database.write(lambda c: _asked(c, database, "PUB", at - 4 * DAY))
    reckon(database, staffed, at)
    assert stands(database, "PUB").risk in ("medium", "high")
    assert planned(database, "PUB") == [("nudge", "planned")]
    database.write(lambda c: send_due(c, staffed, at))
    assert planned(database, "PUB") == [("nudge", "sent")]
    reckon(database, staffed, at + DAY - MINUTE)
    assert planned(database, "PUB") == [("nudge", "sent")], "not a minute before"
    later = at + DAY + MINUTE
    database.write(lambda c: check_expectations(c, staffed, later))
    reckon(database, staffed, later)
    assert planned(database, "PUB")[-1] == ("nudge_other", "planned")
    database.write(lambda c: send_due(c, staffed, later))
    vias = database.read(lambda c: list(c.execute(sa.select(outbound.c.via).where(outbound.c.kind == "notice"))))
    assert vias[-1].via == "sms", "by another road than the chat"
    assert not risk_cases(database)
    last = later + DAY + MINUTE
    database.write(lambda c: _asked(c, database, "PUB", at + HOUR, "asked_again"))
    database.write(lambda c: c.execute(sa.update(candidates).values(risk="high", risk_due_at=last)))
    says_low(database, "PUB", 1, last)
    reckon(database, staffed, last)
    (case,) = risk_cases(database)
    assert case.candidate_id == number(database, "PUB")


def _asked(connection: Any, database: Database, code: str, at: datetime, entry: str = "asked") -> None:
    """We asked something, and it arrived."""
    who = number(database, code)
    one = Planned(who, entry, "", "notice", "checkin.ask", at, expects="answer", within=DAY)
    touches.plan(connection, [one], "hr", at)
    sent = sa.update(table).where(table.c.entry == entry).values(state="sent", ended_at=at).returning(table.c.id)
    touch_id = connection.execute(sent).scalar_one()
    address = connection.execute(sa.select(addresses.c.id).where(addresses.c.candidate_id == who)).scalars().first()
    row = {"address_id": address, "candidate_id": who, "touch_id": touch_id, "kind": "notice", "text": b"x"}
    arrived = {"road": "push", "state": "delivered", "created_at": at}
    if address:
        connection.execute(sa.insert(outbound).values(row | arrived))


def test_a_sign_after_the_nudge_ends_the_ladder(
    staffed: Runtime, database: Database, person: Person, now: datetime
) -> None:
    release(database, now, "PUB")
    person.is_bound_to("PUB").says("你好")
    at = now + HOUR
    says_low(database, "PUB", 1, at)
    reckon(database, staffed, at)
    database.write(lambda c: send_due(c, staffed, at))
    person.now = at + 2 * HOUR
    person.says("1")
    reckon(database, staffed, at + 2 * HOUR)
    reckon(database, staffed, at + DAY + MINUTE)
    assert planned(database, "PUB") == [("nudge", "sent")]
    assert not risk_cases(database)


def test_talking_makes_no_risk_smaller_until_hr_is_done_with_a_danger(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    who = number(database, "PUB")
    says_low(database, "PUB", 1, now)
    reckon(database, staffed, now)
    low = stands(database, "PUB").risk_points

    database.write(lambda c: cases.open_case(c, who, None, "danger", now))
    database.write(
        lambda c: c.execute(
            sa.update(candidates)
            .where(candidates.c.id == who)
            .values(
                confirmed_at=now,
                confirmed_start=sa.select(cohorts.c.starts_at)
                .where(cohorts.c.id == candidates.c.cohort_id)
                .scalar_subquery(),
            )
        )
    )
    database.write(lambda c: risk.wake(c, [who], now + MINUTE))
    reckon(database, staffed, now + MINUTE)
    assert stands(database, "PUB").risk_points == low > 0
    database.write(lambda c: c.execute(sa.update(case_table).values(state="resolved")))
    database.write(lambda c: risk.wake(c, [who], now + 2 * MINUTE))
    reckon(database, staffed, now + 2 * MINUTE)
    assert stands(database, "PUB").risk_points < low


def test_who_wants_no_messages_is_never_nudged(staffed: Runtime, database: Database, now: datetime) -> None:
    release(database, now, "PUB")
    stopped = sa.update(candidates).where(candidates.c.code == "PUB").values(pushes_stopped_at=now)
    database.write(lambda c: c.execute(stopped))
    says_low(database, "PUB", 1, now)
    reckon(database, staffed, now)
    assert planned(database, "PUB") == []


def test_who_is_not_released_is_watched_and_left_alone(staffed: Runtime, database: Database, now: datetime) -> None:
    says_low(database, "PUB", 1, now)
    reckon(database, staffed, now)
    assert stands(database, "PUB").risk == "medium"
    assert planned(database, "PUB") == []


def test_a_recruiter_gets_ten_cases_a_day_the_most_urgent_first(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    wanted = {code: points for points, code in enumerate(("PUB", "PLANBY", "TOM", "TODAY", "DURING", "OVER"), 70)}
    few = staffed.settings.hr.model_copy(update={"cases_a_day": 4})
    house = Runtime(
        staffed.settings.model_copy(update={"hr": few}), staffed.content, staffed.understanding, staffed.cipher
    )
    database.write(lambda c: c.execute(sa.update(candidates).values(risk_due_at=None)))
    for code, points in wanted.items():
        this = sa.update(candidates).where(candidates.c.code == code)
        database.write(
            lambda c, this=this, p=points: c.execute(this.values(risk="high", risk_points=p, case_due_at=now))
        )  # type: ignore[misc]
    database.write(lambda c: open_cases(c, house, now))
    given = {case.candidate_id for case in risk_cases(database)}
    assert given == {number(database, code) for code in ("OVER", "DURING", "TODAY", "TOM")}
    database.write(lambda c: open_cases(c, house, now + HOUR))
    assert len(risk_cases(database)) == 4, "the rest is a list"
    database.write(lambda c: open_cases(c, house, now + DAY))
    assert len(risk_cases(database)) == 6, "and comes tomorrow"


def test_what_hr_was_done_with_needs_something_new(staffed: Runtime, database: Database, now: datetime) -> None:
    release(database, now, "PUB")
    who = number(database, "PUB")
    this = database.write(lambda c: cases.open_case(c, who, None, "doubt", now))
    says_low(database, "PUB", 1, now)
    reckon(database, staffed, now)
    assert planned(database, "PUB") == [], "HR has it in hand"
    database.write(lambda c: actions.resolve(c, staffed.settings, staffed.cipher, this, "HR1", "kept", "", now + HOUR))
    reckon(database, staffed, now + HOUR)
    assert planned(database, "PUB") == [], "nothing new since"
    says_low(database, "PUB", 1, now + DAY)
    reckon(database, staffed, now + DAY)
    assert planned(database, "PUB") == [("nudge", "planned")]


@pytest.mark.parametrize("order", [0, 1])
def test_the_order_in_which_a_tick_finds_things_does_not_matter(
    staffed: Runtime, database: Database, now: datetime, order: int
) -> None:
    steps = [
        lambda: says_low(database, "PUB", 2, now),
        lambda: database.write(lambda c: _asked(c, database, "PUB", now - 4 * DAY)),
    ]
    for step in steps if order == 0 else reversed(steps):
        step()
        reckon(database, staffed, now)
    assert stands(database, "PUB").risk_points == 47
