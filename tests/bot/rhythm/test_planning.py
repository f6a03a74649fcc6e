"""What the rhythm means for one candidate: moments, repeats, holidays, zones, and what a change of the record changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rhythm import Audience, Entry, Every, Expects, PastTouch, Planned, Rhythm, RhythmMoment, plan
from bot.rhythm.planning import difference
from tests.bot.rhythm.situations import NOW, SHANGHAI, local, moments, rhythm, touches, waiting

ONCE = "entries: {{note: {{kind: notice, at: {at}, begins: notes.one}}}}"


def said(each: Planned, state: str = "sent", **more: object) -> PastTouch:
    return PastTouch(each.entry, each.occasion, each.begins, state, each.at, plan=each.plan, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("interview_passed + 1h", "11-23 11:00"),
        ("interview_passed + 3d at 10:00", "11-26 10:00"),
        ("interview_passed - 2h", "11-23 08:00"),
        ("start - 7d at 10:00", "11-27 10:00"),
        ("start - 2h", "12-04 07:00"),
        ("end + 30m", "12-05 18:30"),
        ("[interview_passed + 1h, bound]", "11-24 12:00"),
        ("wait 1/2", "11-28 21:30"),
        ("wait 1/3 at 18:00", "11-27 18:00"),
        ("heard + 2d", "11-26 09:00"),
        ("released + 10m", "11-23 10:10"),
    ],
)
def test_a_moment_is_counted_from_the_record(tmp_path: Path, at: str, expected: str) -> None:
    who = waiting(
        bound_at=local("2026-11-24 12:00"),
        heard_at=local("2026-11-24 09:00"),
        starts_at=local("2026-12-04 09:00"),
        ends_at=local("2026-12-05 18:00"),
        date_state="planned",
    )
    assert moments(touches(rhythm(tmp_path, ONCE.format(at=at)), who)) == [expected]


@pytest.mark.parametrize("at", ["start - 7d", "heard + 1d", "notice + 24h", "background_check + 1h", "[start, bound]"])
def test_what_the_record_does_not_have_plans_nothing(tmp_path: Path, at: str) -> None:
    assert touches(rhythm(tmp_path, ONCE.format(at=at)), waiting()) == []


def test_a_date_that_is_not_sure_at_all_counts_as_none(tmp_path: Path) -> None:
    who = waiting(starts_at=local("2026-12-04 09:00"), date_state="unknown")
    assert touches(rhythm(tmp_path, ONCE.format(at="start - 1d")), who) == []


def test_while_no_date_is_known_the_wait_is_as_long_as_the_rhythm_says(tmp_path: Path) -> None:
    read = rhythm(tmp_path, f"wait: 30d\n{ONCE.format(at='wait 1/3')}")
    assert moments(touches(read, waiting())) == ["12-03 10:00"]


def test_who_is_not_released_or_waits_no_more_hears_nothing(tmp_path: Path) -> None:
    read = rhythm(tmp_path, ONCE.format(at="interview_passed + 1h"))
    assert touches(read, waiting(released_at=None)) == []
    assert touches(read, waiting(open=False, stage="joined")) == []


FRIDAY = (
    "entries: {story: {kind: story, at: interview_passed, every: friday at 17:30, begins: stories, skip: holidays}}"
)


def test_a_story_comes_each_friday_none_twice_and_none_on_or_after_day_one(tmp_path: Path) -> None:
    who = waiting(starts_at=local("2026-12-11 09:00"), date_state="published")
    read = rhythm(tmp_path, FRIDAY)
    planned = touches(read, who, until=NOW + timedelta(days=60))
    assert moments(planned) == ["11-27 17:30", "12-04 17:30"]
    assert [each.begins for each in planned] == ["stories.lin", "stories.wu"]
    later = replace(who, told=(said(planned[0]),), starts_at=None, date_state="unknown")
    rest = touches(read, later, local("2026-11-28 10:00"), until=NOW + timedelta(days=60))
    assert [each.begins for each in rest] == [f"stories.{name}" for name in ("lin", "wu", "chen", "zhao")]


def test_a_story_that_is_put_off_does_not_slip_into_the_first_day(tmp_path: Path) -> None:
    who = waiting(starts_at=local("2026-11-28 09:00"), date_state="published")
    (story,) = touches(rhythm(tmp_path, FRIDAY), who)
    assert story.expires_at == local("2026-11-28 00:00")


def test_a_story_that_expired_unheard_is_told_another_time(tmp_path: Path) -> None:
    read = rhythm(tmp_path, FRIDAY)
    first, second = touches(read, waiting(), until=NOW + timedelta(days=14))
    again = touches(
        read, waiting(told=(said(first, "expired"), said(second, "planned"))), until=NOW + timedelta(days=14)
    )
    assert [each.begins for each in again] == ["stories.lin", "stories.lin"], "the first Friday is over"


def test_no_story_on_a_holiday_of_the_workplace_but_on_a_make_up_workday(tmp_path: Path) -> None:
    """2026: 10-01 to 10-07 are off, and Saturday 10-10 is worked for one of them."""
    passed = local("2026-09-25 20:00")
    who = waiting(entered={"interview_passed": passed}, released_at=passed)
    read = rhythm(tmp_path, FRIDAY)
    assert moments(touches(read, who, passed, passed + timedelta(days=20))) == ["10-09 17:30"]
    saturdays = rhythm(tmp_path, FRIDAY.replace("friday", "saturday"))
    assert "10-10 17:30" in moments(touches(saturdays, who, passed, passed + timedelta(days=20)))


def test_several_steps_are_said_in_turn_until_they_are_all_said(tmp_path: Path) -> None:
    text = "entries: {tips: {kind: story, at: interview_passed + 3d at 10:00, every: 7d, begins: [tips.one, tips.two]}}"
    planned = touches(rhythm(tmp_path, text), waiting(), until=NOW + timedelta(days=60))
    assert moments(planned) == ["11-26 10:00", "12-03 10:00"]
    assert [each.begins for each in planned] == ["tips.one", "tips.two"]


def test_what_repeats_is_planned_two_weeks_ahead_and_then_on(tmp_path: Path) -> None:
    found = plan(rhythm(tmp_path, FRIDAY), waiting(), NOW, "CN")
    assert len(found.touches) == 2
    assert found.again_at == NOW + timedelta(days=7)


@pytest.mark.parametrize(
    ("zone", "passed", "expected"),
    [
        ("America/New_York", "2026-10-30 09:00", "11-02 10:00"),  # clocks go back on 11-01
        ("Europe/Berlin", "2026-10-23 09:00", "10-26 10:00"),  # and here on 10-25
        ("America/New_York", "2027-03-12 09:00", "03-15 10:00"),  # forward on 03-14
    ],
)
def test_an_hour_of_the_day_stays_that_hour_when_the_clocks_change(
    tmp_path: Path, zone: str, passed: str, expected: str
) -> None:
    here = ZoneInfo(zone)
    at = local(passed, here)
    who = waiting(here=here, entered={"interview_passed": at}, released_at=at)
    read = rhythm(tmp_path, ONCE.format(at="interview_passed + 3d at 10:00"))
    assert moments(touches(read, who, at), here) == [expected]


def test_two_candidates_in_two_zones_hear_it_at_their_own_hour(tmp_path: Path) -> None:
    read = rhythm(tmp_path, ONCE.format(at="start - 1d at 18:00"))
    start = local("2026-12-04 09:00")
    for zone in ("Asia/Shanghai", "America/Los_Angeles"):
        (touch,) = touches(read, waiting(here=ZoneInfo(zone), starts_at=start, date_state="published"))
        assert touch.at.astimezone(ZoneInfo(zone)).hour == 18


def test_only_those_whom_it_is_for(tmp_path: Path) -> None:
    text = "entries: {{note: {{kind: notice, at: released, begins: notes.one, for: {{{who}}}}}}}"
    who = waiting(store="S1", city="上海", source="campus")
    for good, bad in (("store: [S1, S2]", "store: S2"), ("city: 上海", "city: 北京"), ("source: campus", "source: ad")):
        assert touches(rhythm(tmp_path, text.format(who=good)), who)
        assert not touches(rhythm(tmp_path, text.format(who=bad)), who)
    half = rhythm(tmp_path, text.format(who="share: 50%"))
    chosen = {n for n in range(400) if touches(half, replace(who, code=f"C{n}"))}
    assert 150 < len(chosen) < 250
    assert chosen == {n for n in range(400) if touches(half, replace(who, code=f"C{n}", stage="background_check"))}


def test_who_has_no_chat_yet_is_invited_and_hears_the_rest_once_bound(tmp_path: Path) -> None:
    text = """
entries:
  invite: {kind: notice, at: interview_passed + 1h, only: unbound, begins: notes.one}
  welcome: {kind: notice, at: [interview_passed + 1h, bound], only: bound, begins: notes.two}
  unbound: {kind: notice, at: interview_passed + 25h, only: unbound, begins: case unbound}
"""
    read = rhythm(tmp_path, text)
    assert [each.entry for each in touches(read, waiting(bound_at=None))] == ["invite", "unbound"]
    assert [each.entry for each in touches(read, waiting())] == ["welcome"]


LATE = """
entries:
  note: {kind: notice, at: interview_passed + 1h, begins: notes.one}
  standing: {kind: notice, at: released + 10m, only: late, begins: notes.two}
  later: {kind: story, at: interview_passed + 20d, begins: notes.three}
"""


def test_who_is_released_late_hears_where_they_stand_instead_of_what_they_missed(tmp_path: Path) -> None:
    read = rhythm(tmp_path, LATE)
    long_ago = waiting(entered={"interview_passed": NOW - timedelta(days=10)})
    assert [each.entry for each in touches(read, long_ago)] == ["standing", "later"]
    assert [each.entry for each in touches(read, waiting())] == ["note", "later"]
    told = PastTouch("note", "", "notes.one", "sent", NOW - timedelta(days=9))
    assert "note" in [each.entry for each in touches(read, replace(long_ago, told=(told,)))], "said is not missed"


REMIND = "entries: {unread: {kind: notice, at: notice + 24h, only: unseen, begins: notes.one}}"


def test_a_reminder_follows_the_newest_notice_until_that_is_seen(tmp_path: Path) -> None:
    read = rhythm(tmp_path, REMIND)
    first = PastTouch("training_notice", "K1:2", "notice.training", "sent", NOW - timedelta(hours=2), about=True)
    newer = PastTouch("training_moved", "K1:3", "notice.moved", "sent", NOW - timedelta(hours=1), about=True)
    (touch,) = touches(read, waiting(date_state="published", told=(first, newer)))
    assert (touch.occasion, touch.at) == ("K1:3", NOW + timedelta(hours=23))
    assert touches(read, waiting(date_state="published", told=(first, replace(newer, seen=True)))) == []


@pytest.mark.parametrize("state", ["unknown", "planned"])
def test_nothing_follows_a_notice_whose_date_is_fixed_no_more(tmp_path: Path, state: str) -> None:
    read = rhythm(tmp_path, REMIND)
    told = PastTouch("training_notice", "TRAIN1:2", "notice.training", "sent", NOW, about=True)
    cancelled = PastTouch("training_cancelled", "TRAIN1:3", "notice.cancelled", "sent", NOW, about=True)
    assert touches(read, waiting(date_state="published", told=(told,)))
    for news in ((told,), (told, cancelled)):
        assert touches(read, waiting(date_state=state, told=news)) == []


def test_a_moved_start_plans_anew_and_what_was_said_stays(tmp_path: Path) -> None:
    read = rhythm(tmp_path, ONCE.format(at="start - 3d at 10:00"))
    who = waiting(starts_at=local("2026-12-04 09:00"), date_state="published")
    (before,) = touches(read, who)
    moved = touches(read, replace(who, starts_at=local("2026-12-08 09:00")))
    waits = difference(moved, [said(before, "planned")])
    assert [each.occasion for each in waits.new] == ["2026-12-08"]
    assert [each.occasion for each in waits.gone] == ["2026-12-04"]
    sent = difference(moved, [said(before)])
    assert (len(sent.new), sent.gone) == (1, ())


def test_a_plan_that_comes_back_is_planned_again_and_one_that_is_too_late_never_begins(tmp_path: Path) -> None:
    read = rhythm(tmp_path, ONCE.format(at="interview_passed + 1h"))
    (touch,) = touches(read, waiting())
    assert difference([touch], [said(touch, "cancelled")]).back == (touch,)
    (late,) = touches(read, waiting(), NOW + timedelta(days=9))
    assert late.stale
    assert not difference([late], [])
    assert not difference([late], [said(late, "planned")]), "what is planned already expires with its reason"


def test_tasks_have_their_due_moments(tmp_path: Path) -> None:
    text = """
tasks: {id_copy: {due: start - 7d}}
entries: {soon: {kind: notice, at: due id_copy - 2d at 11:00, only: open id_copy, begins: notes.one}}
"""
    read = rhythm(tmp_path, text)
    who = waiting(starts_at=local("2026-12-04 09:00"), date_state="planned")
    assert moments(touches(read, who)) == ["11-25 11:00"]
    assert plan(read, who, NOW, "CN").due == {"id_copy": local("2026-11-27 09:00")}
    assert touches(read, replace(who, done=frozenset({"id_copy"}))) == []


MOMENTS = st.builds(
    RhythmMoment,
    st.sampled_from(["interview_passed", "released", "bound", "heard", "start", "end", "notice", "wait 1/3"]),
    st.integers(-20 * 24, 20 * 24).map(lambda hours: timedelta(hours=hours)),
    st.none() | st.times(),
)
ENTRIES = st.builds(
    Entry,
    st.sampled_from(["a", "b", "c", "d"]),
    st.sampled_from(["notice", "story"]),
    st.lists(MOMENTS, min_size=1, max_size=2).map(tuple),
    st.just(("notes.one",)) | st.just(("tips.one", "tips.two", "tips.three")) | st.just(("stories",)),
    every=st.builds(Every, st.integers(1, 9)),
    only=st.sampled_from([(), ("bound",), ("unbound",), ("unseen",), ("late",)]),
    expects=st.none() | st.just(Expects("answer", timedelta(hours=24), "x")),
    skip_holidays=st.booleans(),
    audience=st.builds(Audience, share=st.integers(0, 100)),
)
RHYTHMS = st.lists(ENTRIES, max_size=4).map(
    lambda entries: Rhythm({each.name: each for each in entries}, stories=("stories.lin", "stories.wu"))
)
DATES = st.none() | st.datetimes(datetime(2026, 11, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
SITUATIONS = st.builds(
    lambda **changed: waiting(**{name: value for name, value in changed.items() if value is not None}),
    here=st.sampled_from([SHANGHAI, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata")]),
    entered=DATES.map(lambda at: {"interview_passed": at} if at else {}),
    released_at=DATES,
    bound_at=DATES,
    heard_at=DATES,
    starts_at=DATES,
    date_state=st.sampled_from(["unknown", "planned", "published"]),
    code=st.integers(0, 99).map(str),
)


@given(RHYTHMS, SITUATIONS, st.datetimes(datetime(2026, 11, 20), datetime(2026, 12, 20), timezones=st.just(UTC)))
def test_whatever_the_rhythm_planning_is_stable_and_says_nothing_twice(
    read: Rhythm, who: object, now: datetime
) -> None:
    assert isinstance(who, type(waiting()))
    found = plan(read, who, now, "CN")
    keys = [(each.entry, each.occasion) for each in found.touches]
    assert len(keys) == len(set(keys)), "an entry and its occasion are one touch"
    assert found == plan(read, who, now, "CN"), "the same record plans the same"
    told = tuple(said(each, "planned") for each in found.touches)
    again = plan(read, replace(who, told=told), now, "CN")
    assert not difference(again.touches, told), "what is planned is not changed by planning it again"
    sent = tuple(said(each) for each in found.touches)
    after = difference(plan(read, replace(who, told=sent), now, "CN").touches, sent)
    assert not {(each.entry, each.occasion) for each in (*after.new, *after.back)} & set(keys)
    told_stories = [each.begins for each in (*found.touches, *after.new) if each.begins.startswith("stories.")]
    by_entry = {entry: [e.begins for e in (*found.touches, *after.new) if e.entry == entry] for entry, _ in keys}
    assert told_stories == [] or all(
        len(begun) == len(set(begun)) for begun in by_entry.values() if begun[0].startswith("stories.")
    )
