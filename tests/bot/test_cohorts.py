"""HR publishes, moves and cancels a training and calls the roll: who hears what, when, and once."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import links
from bot.errors import ConfigError
from bot.settings import Settings
from bot.store import cohorts, messages, people, promises, rollcall
from bot.store.cohorts import CANCELLED, MOVED, NOTICE, SLIPPED, CohortRow
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.messages import Draft
from bot.store.tables import audit, candidates, cases, touches
from bot.store.tables import cohorts as cohort_table
from bot.store.tables import promises as promise_table
from tests.conftest import NOW
from tests.nursery import nursery

pytestmark = pytest.mark.usefixtures("company")
ROOT = Path(__file__).parents[2]
CLOSED = ("joined", "withdrawn", "rejected", "no_show")
OPEN_OF_PUB = {"PUB", "NOPHONE", "HK", "TRAINEE", "LINGANG", "CANTON"}
TEN_MINUTES = timedelta(minutes=10)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    def run(*line: str) -> "subprocess.CompletedProcess[str]":
        return nursery().run(["-m", "bot", "cohorts", *line], environment)

    return run


def find(database: Database, code: str) -> CohortRow:
    return database.read(lambda connection: cohorts.find(connection, code))


def planned(database: Database, **where: Any) -> dict[str, sa.Row[Any]]:
    """The touches that are planned, by candidate; every one if `state` says so."""
    wanted = sa.select(candidates.c.code, touches).join(candidates, touches.c.candidate_id == candidates.c.id)
    for name, value in {"state": "planned", **where}.items():
        wanted = wanted.where(touches.c[name] == value)
    rows = database.read(lambda connection: connection.execute(wanted).all())
    found = {row.code: row for row in rows}
    assert len(found) == len(rows), "somebody would hear it twice"
    return found


def begins(database: Database, code: str, at: datetime | None, **columns: Any) -> None:
    changed = sa.update(cohort_table).where(cohort_table.c.code == code).values(starts_at=at, ends_at=None, **columns)
    database.write(lambda connection: connection.execute(changed).rowcount)


def becomes(database: Database, before: CohortRow, after: CohortRow, now: datetime) -> int:
    """As a command does it."""
    after = replace(after, version=before.version + 1)
    entry = cohorts.entry_of(before, after)
    database.write(lambda c: cohorts.change(c, before, after, entry, now))
    if not entry:
        return 0
    news = cohorts.news(entry, before, after, now)
    return database.write(lambda c: cohorts.plan_announcement(c, after, news, CLOSED, now))


def published(database: Database, code: str, now: datetime = NOW) -> CohortRow:
    before = find(database, code)
    becomes(database, before, replace(before, date_state="published"), now)
    return find(database, code)


def goes_out(database: Database) -> None:
    """What is planned is said."""
    database.write(lambda c: c.execute(sa.update(touches).values(state="sent", ended_at=NOW)).rowcount)


def published_again(database: Database, held: CohortRow) -> CohortRow:
    """With another place, which is told as a change."""
    becomes(database, held, replace(held, place="别处"), NOW)
    return find(database, held.code)


def reads(database: Database, cipher: Cipher, code: str, key: str) -> None:
    """They are told this in an answer."""

    def keep(connection: sa.Connection) -> None:
        person = people.get_or_create(connection, cipher, "wechat", f"o-{code}", NOW)
        number = people.by_code(connection, code)
        messages.enqueue(connection, cipher, person.id, number, None, [Draft("…", key)], NOW)

    database.write(keep)


def promise(database: Database, code: str, about: str, now: datetime) -> None:
    def make(connection: sa.Connection) -> None:
        number = people.by_code(connection, code)
        assert number
        promises.make(connection, number, about, None, now)

    database.write(make)


def promised(database: Database) -> list[tuple[str, str]]:
    wanted = sa.select(promise_table.c.about, promise_table.c.state).order_by(promise_table.c.id)
    return [tuple(row) for row in database.read(lambda connection: connection.execute(wanted).all())]


def test_publishing_plans_one_notice_for_each_open_candidate(database: Database) -> None:
    held = published(database, "PLANBY")
    assert (held.date_state, held.version) == ("published", 2)
    (touch,) = planned(database).values()
    assert (touch.code, touch.entry, touch.occasion) == ("PLANBY", NOTICE, "PLANBY:2")
    assert (touch.kind, touch.begins, touch.priority) == ("notice", "notice.training", 100)
    assert (touch.due_at, touch.expires_at) == (NOW + TEN_MINUTES, held.starts_at)


def test_who_is_closed_hears_nothing_and_who_comes_later_is_told_once(database: Database) -> None:
    held = find(database, "PUB")
    news = cohorts.news(NOTICE, held, held, NOW)
    assert database.write(lambda c: cohorts.plan_announcement(c, held, news, CLOSED, NOW)) == 6
    assert planned(database).keys() == OPEN_OF_PUB
    database.write(
        lambda c: c.execute(sa.update(candidates).where(candidates.c.code == "NONE").values(cohort_id=held.id)).rowcount
    )
    assert database.write(lambda c: cohorts.plan_announcement(c, held, news, CLOSED, NOW)) == 1
    assert planned(database).keys() == OPEN_OF_PUB | {"NONE"}


def test_what_broke_off_between_two_transactions_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohorts, "AT_ONCE", 4)
    held = find(database, "PUB")
    news = cohorts.news(NOTICE, held, held, NOW)
    assert [database.write(lambda c: cohorts.plan_announcement(c, held, news, CLOSED, NOW)) for _ in range(3)] == [
        4,
        2,
        0,
    ]
    assert planned(database).keys() == OPEN_OF_PUB


def test_the_notice_keeps_what_was_promised_about_the_date_and_nothing_else(database: Database) -> None:
    for about in ("date", "cohort", "outline"):
        promise(database, "PLANBY", about, NOW)
    published(database, "PLANBY")
    assert promised(database) == [("date", "kept"), ("cohort", "kept"), ("outline", "open")]


def test_a_promise_to_who_wants_no_messages_stays_open(database: Database) -> None:
    promise(database, "PLANBY", "date", NOW)
    stopped = sa.update(candidates).where(candidates.c.code == "PLANBY").values(pushes_stopped_at=NOW)
    database.write(lambda c: c.execute(stopped).rowcount)
    published(database, "PLANBY")
    assert promised(database) == [("date", "open")]


def test_a_notice_is_taken_back_within_ten_minutes_and_promises_are_open_again(database: Database) -> None:
    promise(database, "PLANBY", "date", NOW)
    held = published(database, "PLANBY")
    assert database.write(lambda c: cohorts.unpublish(c, held, NOW + timedelta(minutes=9))) == 1
    assert find(database, "PLANBY").date_state == "planned"
    assert not planned(database)
    assert promised(database) == [("date", "open")]
    again = published(database, "PLANBY", NOW + TEN_MINUTES)
    assert planned(database)["PLANBY"].occasion == again.occasion == "PLANBY:3"


@pytest.mark.parametrize("late", ["ten minutes", "somebody was told"])
def test_it_is_too_late_to_take_back(database: Database, late: str) -> None:
    held, now = published(database, "PLANBY"), NOW
    if late == "ten minutes":
        now += TEN_MINUTES
    else:
        database.write(lambda c: c.execute(sa.update(touches).values(state="sent")).rowcount)
    with pytest.raises(ConfigError, match=r"too late.*keepwarm cohorts move PLANBY"):
        database.write(lambda c: cohorts.unpublish(c, held, now))
    assert find(database, "PLANBY").published
    assert len(planned(database)) == (late == "ten minutes")


def test_nothing_is_taken_back_where_no_notice_was_planned(database: Database) -> None:
    with pytest.raises(ConfigError, match="no notice is planned"):
        database.write(lambda c: cohorts.unpublish(c, find(database, "PUB"), NOW))


def test_a_move_is_not_taken_back_though_some_hear_of_it_by_a_notice(database: Database) -> None:
    """Whose notice did not go out gets one for the new date; all others were told the old one."""
    held = find(database, "PUB")
    database.write(lambda c: cohorts.plan_announcement(c, held, cohorts.news(NOTICE, held, held, NOW), CLOSED, NOW))
    goes_out(database)
    one = sa.select(candidates.c.id).where(candidates.c.code == "CANTON").scalar_subquery()
    missed = sa.update(touches).where(touches.c.candidate_id == one).values(state="expired")
    database.write(lambda c: c.execute(missed).rowcount)
    becomes(database, held, replace(held, starts_at=NOW + timedelta(days=30)), NOW)
    newer = find(database, "PUB")
    before = planned(database)
    assert {touch.entry for touch in before.values()} == {NOTICE, MOVED}
    assert database.read(lambda c: cohorts.take_back_until(c, newer)) is None
    with pytest.raises(ConfigError, match=r"it moved.*keepwarm cohorts move PUB"):
        database.write(lambda c: cohorts.unpublish(c, newer, NOW))
    assert find(database, "PUB").published
    assert planned(database).keys() == before.keys(), "everybody hears of the new date"


def test_a_published_training_that_moves_is_told_instead_of_what_waits(database: Database) -> None:
    held = published(database, "PLANBY")
    goes_out(database)
    newer = published_again(database, held)
    later = replace(newer, starts_at=NOW + timedelta(days=30))
    assert becomes(database, newer, later, NOW) == 1
    (touch,) = planned(database).values()
    assert (touch.entry, touch.occasion, touch.begins, touch.priority) == (MOVED, "PLANBY:4", "notice.moved", 110)
    assert (touch.due_at, touch.expires_at) == (NOW + TEN_MINUTES, later.starts_at)
    assert planned(database, state="cancelled")["PLANBY"].entry == MOVED


@pytest.mark.parametrize("change", ["moved", "cancelled"])
def test_who_has_not_had_the_notice_yet_hears_no_apology_for_its_date(database: Database, change: str) -> None:
    held = published(database, "PLANBY")
    if change == "moved":
        assert becomes(database, held, replace(held, starts_at=NOW + timedelta(days=30)), NOW) == 1
        (touch,) = planned(database).values()
        assert (touch.entry, touch.begins, touch.occasion) == (NOTICE, "notice.training", "PLANBY:3")
    else:
        assert becomes(database, held, replace(held, starts_at=None, date_state="unknown"), NOW) == 0
        assert not planned(database)


@pytest.mark.parametrize(("old", "new"), [(1, 30), (30, 1)])
def test_a_move_is_told_at_once_where_the_old_day_or_the_new_one_is_near(
    database: Database, old: int, new: int
) -> None:
    begins(database, "PUB", NOW + timedelta(days=old, hours=-1))
    held = find(database, "PUB")
    becomes(database, held, replace(held, starts_at=NOW + timedelta(days=new, hours=-1)), NOW)
    assert {touch.due_at for touch in planned(database).values()} == {NOW}


def test_a_change_on_the_way_stays_worth_telling_after_the_start(database: Database) -> None:
    held = find(database, "DURING")
    becomes(database, held, replace(held, place="别处"), NOW)
    assert planned(database)["DURING"].expires_at == held.ends_at


def test_a_move_makes_a_confirmation_void_and_keeps_it_in_the_record(database: Database, cipher: Cipher) -> None:
    held = find(database, "PUB")
    said = sa.update(candidates).where(candidates.c.code == "PUB").values(confirmed_start=held.starts_at)
    database.write(lambda c: c.execute(said).rowcount)
    assert confirmed(database, cipher) == (1, ["PUB"])
    becomes(database, held, replace(held, starts_at=NOW + timedelta(days=30)), NOW)
    assert confirmed(database, cipher) == (0, [])
    kept = sa.select(candidates.c.confirmed_start).where(candidates.c.code == "PUB")
    assert database.read(lambda c: c.execute(kept).scalar()) == held.starts_at


@pytest.mark.parametrize("slip", [{"starts_at": NOW + timedelta(days=30)}, {"date_by": NOW + timedelta(days=9)}])
def test_a_planned_date_that_slips_is_told_with_an_apology_and_asks_for_nothing(
    database: Database, cipher: Cipher, slip: dict[str, datetime]
) -> None:
    promise(database, "PLANBY", "date", NOW)  # they asked
    reads(database, cipher, "PLANBY", "training.when_planned_by")
    held = find(database, "PLANBY")
    assert becomes(database, held, replace(held, **slip), NOW) == 1
    (touch,) = planned(database).values()
    assert (touch.entry, touch.begins, touch.expects) == (SLIPPED, "notice.slipped", None)
    assert touch.template == "update", "a card of a training reads as a fixed date"


def test_who_never_heard_of_a_planned_date_hears_no_apology_for_it(database: Database) -> None:
    promise(database, "PLANBY", "outline", NOW)
    held = published(database, "PLANBY")
    database.write(lambda c: cohorts.unpublish(c, held, NOW))
    planned_again = find(database, "PLANBY")
    assert becomes(database, planned_again, replace(planned_again, starts_at=NOW + timedelta(days=30)), NOW) == 0
    assert not planned(database)


def test_a_planned_date_that_is_fixed_sooner_is_told_to_nobody_and_promises_are_looked_at(database: Database) -> None:
    promise(database, "PLANBY", "date", NOW)
    held = find(database, "PLANBY")
    later = NOW + timedelta(minutes=1)
    assert becomes(database, held, replace(held, date_by=NOW + timedelta(days=1)), later) == 0
    assert not planned(database)
    assert database.read(lambda c: [one.about for one in promises.to_look_at(c, later, 9)]) == ["date"]


@pytest.mark.parametrize("after", ["unknown", "planned"])
def test_a_published_date_that_is_no_longer_sure_is_told_as_cancelled(database: Database, after: str) -> None:
    held = published(database, "PLANBY")
    goes_out(database)
    start = None if after == "unknown" else held.starts_at
    becomes(database, held, replace(held, starts_at=start, date_state=after), NOW)
    (touch,) = planned(database).values()
    assert (touch.entry, touch.begins, touch.expires_at) == (CANCELLED, "notice.cancelled", None)


def test_of_two_who_change_a_cohort_the_second_is_told_so(database: Database) -> None:
    held = find(database, "PLANBY")
    published(database, "PLANBY")
    with pytest.raises(ConfigError, match="changed by somebody else"):
        becomes(database, held, replace(held, starts_at=None, date_state="unknown"), NOW)
    assert [touch.entry for touch in planned(database).values()] == [NOTICE]


def test_cohorts_are_listed_with_seats_and_shown_with_their_people(
    run: Run, database: Database, cipher: Cipher
) -> None:
    def bind(connection: sa.Connection) -> None:
        person = people.get_or_create(connection, cipher, "wechat", "o-1", NOW)
        number = people.by_code(connection, "PUB")
        assert number
        people.bind(connection, person.id, number, "wechat", "test", "1", NOW)

    database.write(bind)
    (row,) = [row for row in json.loads(run("list", "--json").stdout) if row["code"] == "PUB"]
    assert (row["state"], row["starts_at"], row["seats"]) == ("published", "2026-12-01T09:00:00+08:00", 30)
    assert (row["open"], row["confirmed"], row["free"], row["unseated"]) == (6, 0, 24, 0)
    shown = json.loads(run("show", "PUB", "--json").stdout)["candidates"]
    assert {one["code"]: one["channels"] for one in shown if one["code"] in ("PUB", "HK")} == {
        "PUB": ["wechat"],
        "HK": [],
    }
    assert {one["code"] for one in shown} == OPEN_OF_PUB
    assert "PUB\t十二月一期\t2026-12-01 09:00 published\tseats 30 (24 free)\topen 6" in run("list").stdout
    assert "NY\t纽约\t2026-12-01 09:00" in run("list").stdout
    assert "王芳\ttraining_notice\tnot confirmed\twechat" in run("show", "PUB").stdout


def test_publish_shows_who_hears_it_and_how_to_take_it_back(run: Run, database: Database) -> None:
    begins(database, "PLAN", datetime(2099, 12, 14, 1, tzinfo=UTC))
    asked = run("publish", "PLAN")
    assert asked.returncode == 2
    assert "to be told: 1 (phone 1)\n  PLAN 陈静" in asked.stdout
    assert "add --yes" in asked.stderr
    assert find(database, "PLAN").date_state == "planned"
    done = run("publish", "PLAN", "--yes")
    assert "PLAN: published, 2099-12-14 09:00; 1 will be told from" in done.stdout
    assert "keepwarm cohorts publish PLAN --undo" in done.stdout
    assert "everybody has been told" in run("publish", "PLAN", "--yes").stdout
    assert planned(database)["PLAN"].occasion == "PLAN:2"
    assert run("publish", "PLAN", "--undo", "--yes").returncode == 0
    assert not planned(database)


def test_every_change_is_audited_without_names(run: Run, database: Database, environment: dict[str, str]) -> None:
    begins(database, "PLAN", datetime(2099, 12, 14, 1, tzinfo=UTC))
    for line in (("publish", "PLAN"), ("publish", "PLAN", "--undo"), ("cancel", "PLAN")):
        assert run(*line, "--yes").returncode == 0
    run("show", "PLAN")
    audit = nursery().run(["-m", "bot", "audit", "list", "--json", "--limit", "4"], environment).stdout
    assert [entry["action"] for entry in json.loads(audit)][::-1] == [
        "cohorts.publish",
        "cohorts.unpublish",
        "cohorts.cancel",
        "cohorts.show",
    ]
    assert "陈静" not in audit


@pytest.mark.parametrize(("answer", "state"), [("y", "published"), ("n", "planned"), ("", "planned")])
def test_on_a_terminal_it_asks_and_takes_anything_but_yes_for_no(
    environment: dict[str, str], database: Database, answer: str, state: str
) -> None:
    begins(database, "PLAN", datetime(2099, 12, 14, 1, tzinfo=UTC))
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{answer}\n".encode())
    words = [sys.executable, "-m", "bot", "cohorts", "publish", "PLAN"]
    done = subprocess.run(words, cwd=ROOT, env=environment, stdin=terminal, capture_output=True, text=True)
    os.close(keyboard)
    os.close(terminal)
    assert (done.returncode, "Publish? [y/N]" in done.stdout) == (0, True), done.stderr
    assert find(database, "PLAN").date_state == state


def test_a_move_is_read_in_the_place_s_time_and_lasts_as_long_as_before(run: Run, database: Database) -> None:
    begins(database, "NY", datetime(2099, 10, 10, 13, tzinfo=UTC))
    ends = sa.update(cohort_table).values(ends_at=datetime(2099, 10, 11, 21, tzinfo=UTC))
    database.write(lambda c: c.execute(ends.where(cohort_table.c.code == "NY")).rowcount)
    done = run("move", "NY", "--start", "2099-10-31 09:00", "--yes")
    assert "1 will be told from" in done.stdout, done.stderr
    held = find(database, "NY")
    assert held.starts_at == datetime(2099, 10, 31, 13, tzinfo=UTC)
    assert held.ends_at == datetime(2099, 11, 1, 22, tzinfo=UTC)  # the clocks went back in the night
    assert planned(database).keys() == {"GRACE"}


def test_a_new_place_forgets_the_point_on_the_map(run: Run, database: Database) -> None:
    begins(database, "PUB", datetime(2099, 12, 1, tzinfo=UTC))
    assert run("move", "PUB", "--place", "徐汇培训点", "--address", "漕溪北路8号", "--yes").returncode == 0
    held = find(database, "PUB")
    assert (held.place, held.address, held.lat, held.lng) == ("徐汇培训点", "漕溪北路8号", None, None)
    assert {touch.entry for touch in planned(database).values()} == {MOVED}


def test_a_date_that_was_unknown_becomes_planned_by_moving(run: Run, database: Database) -> None:
    done = run("move", "UNK", "--start", "2099-12-05 09:00", "--by", "2099-11-20", "--yes")
    assert "nobody is told" in done.stdout, done.stderr
    held = find(database, "UNK")
    assert (held.date_state, held.date_by) == ("planned", datetime(2099, 11, 19, 16, tzinfo=UTC))


def test_a_cancelled_training_has_no_date_and_its_candidates_are_told(run: Run, database: Database) -> None:
    begins(database, "PUB", datetime(2099, 12, 1, tzinfo=UTC))
    assert "6 will be told from" in run("cancel", "PUB", "--yes").stdout
    held = find(database, "PUB")
    assert (held.starts_at, held.ends_at, held.date_state, held.version) == (None, None, "unknown", 2)
    assert planned(database).keys() == OPEN_OF_PUB
    database.write(lambda c: c.execute(sa.delete(touches).where(touches.c.id <= 2)).rowcount)
    assert "2 will be told" in run("cancel", "PUB", "--yes").stdout, "what broke off goes on"
    assert "nothing changes" in run("cancel", "PUB", "--yes").stderr


def test_the_roll_is_called_and_who_did_not_come_is_a_case(run: Run, database: Database) -> None:
    begins(database, "PUB", datetime(2020, 1, 1, tzinfo=UTC))
    done = run("rollcall", "PUB", "--joined", "PUB, HK", "--no-show", "TRAINEE", "--yes")
    assert "PUB: 2 joined, 1 no show" in done.stdout, done.stderr
    assert "still without an answer: 3 " in done.stdout
    assert stages(database, "PUB", "HK", "TRAINEE", "CANTON") == ["joined", "joined", "no_show", "training_notice"]
    (case,) = database.read(lambda c: c.execute(sa.select(cases)).all())
    assert (case.reason, case.state, case.address_id) == ("no_show", "new", None)


def test_a_roll_may_come_as_a_file_or_be_everybody_else(run: Run, database: Database, tmp_path: Path) -> None:
    begins(database, "PUB", datetime(2020, 1, 1, tzinfo=UTC))
    roll = tmp_path / "roll.csv"
    roll.write_text("Code,came\nPUB,yes\nHK,否\nCANTON,\n", encoding="utf-8")
    assert run("rollcall", "PUB", "--file", str(roll), "--yes").returncode == 0
    assert stages(database, "PUB", "HK", "CANTON") == ["joined", "no_show", "training_notice"]
    assert run("rollcall", "PUB", "--all-joined", "--no-show", "LINGANG", "--yes").returncode == 0
    assert stages(database, "CANTON", "LINGANG", "WITHDRAWN") == ["joined", "no_show", "withdrawn"]


def test_hr_gets_a_link_for_the_trainer(run: Run, database: Database, settings: Settings) -> None:
    done = run("rollcall", "PUB", "--link")
    link = done.stdout.strip()
    assert links.read_roll(settings, link.removeprefix("http://127.0.0.1:8080/roll/")) == ("PUB", links.OPERATOR)
    assert "opens 2026-12-01 00:00, ends 2026-12-06 18:00" in done.stderr
    wanted = sa.select(audit.c.target).where(audit.c.action == "cohorts.roll_link")
    assert database.read(lambda c: c.execute(wanted).scalars().all()) == ["PUB"]
    assert "once there is a date" in run("rollcall", "UNK", "--link").stderr


def test_whoever_is_recorded_already_or_moved_away_stays_as_they_are(database: Database, settings: Settings) -> None:
    held, now = find(database, "PUB"), datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
    numbers = [
        database.read(lambda c, code=code: people.by_code(c, code)) for code in ("PUB", "HK", "TOM", "WITHDRAWN")
    ]
    here, there, elsewhere, gone = (number for number in numbers if number)
    calls = [{here: True, there: False}, {here: False, there: True, elsewhere: False, gone: True}]
    done = [rollcall.call(database, held, came, settings.stages, "cli:test", now) for came in calls]
    assert done == [{"joined": 1, "no_show": 1}, {}]
    assert stages(database, "PUB", "HK", "TOM", "WITHDRAWN") == ["joined", "no_show", "training_notice", "withdrawn"]
    assert database.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(cases)).scalar()) == 1


def test_a_roll_with_a_fault_records_nothing(run: Run, database: Database, tmp_path: Path) -> None:
    begins(database, "PUB", datetime(2020, 1, 1, tzinfo=UTC))
    roll = tmp_path / "roll.csv"
    roll.write_text("code,came\nPUB,yes\nHK,perhaps\n", encoding="utf-8")
    for line, says in (
        (("--file", str(roll)), "row 3: needs a code, and yes or no"),
        (("--joined", "PUB,TOM"), "no open candidate of PUB: TOM"),
        (("--joined", "PUB", "--no-show", "PUB"), "PUB is named twice"),
        ((), "nobody is named"),
    ):
        done = run("rollcall", "PUB", *line, "--yes")
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    assert stages(database, "PUB") == ["training_notice"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (("show", "NONE"), "no cohort has the code NONE"),
        (("publish", "UNK", "--yes"), "UNK lacks its start and place: keepwarm cohorts move UNK --start … --place …"),
        (("publish", "OVER", "--yes"), "too late to announce"),
        (("move", "PLAN", "--yes"), "say what changes"),
        (("move", "PLAN", "--start", "soon"), "--start is no date"),
        (("move", "PLAN", "--start", "2099-12-01"), "--start needs the time of day"),
        (("move", "PLAN", "--start", "2020-12-01 09:00"), "--start lies in the past"),
        (("move", "PLAN", "--start", "2099-12-01 09:00", "--end", "2098-12-01 09:00"), "--end lies before the start"),
        (("move", "UNK", "--state", "published"), "add --start"),
        (("move", "PLAN", "--state", "unknown", "--start", "2099-12-01 09:00"), "an unknown date has no --start"),
        (("move", "PUB", "--by", "2099-12-01"), "a published one is fixed"),
        (("move", "PUB", "--place", "浦东"), "--place needs its --address"),
        (("cancel", "OVER", "--yes"), "nothing to cancel"),
        (("cancel", "UNKBY", "--yes"), "nothing changes"),
        (("rollcall", "UNK", "--all-joined"), "on the first day or after"),
        (("rollcall", "PUB", "--link", "--all-joined"), "leave the other options out"),
        (("rollcall", "OVER", "--link"), "a link ended 2020-01-04 08:00"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_changes_nothing(
    run: Run, database: Database, line: tuple[str, ...], says: str
) -> None:
    begins(database, "OVER", datetime(2020, 1, 1, tzinfo=UTC))
    done = run(*line)
    assert (done.returncode, says in done.stderr, done.stderr.count("\n")) == (2, True, 1), done.stderr
    assert not planned(database)


def stages(database: Database, *codes: str) -> list[str]:
    wanted = sa.select(candidates.c.code, candidates.c.stage).where(candidates.c.code.in_(codes))
    found = {row.code: row.stage for row in database.read(lambda c: c.execute(wanted).all())}
    return [found[code] for code in codes]


def confirmed(database: Database, cipher: Cipher) -> tuple[int, list[str]]:
    """Of PUB: how many, and who."""
    (row,) = database.read(lambda c: cohorts.standings(c, CLOSED, "PUB"))
    members = database.read(lambda c: cohorts.members(c, cipher, row.cohort, CLOSED))
    return row.confirmed, [member.code for member in members if member.confirmed]
