"""Every signal: comes true at its moment and not a minute before, once, fades, and is over when it should be."""

import itertools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.risk.history import Duty, History, MessageHeard, MessageSent
from bot.risk.score import RiskLimits, reckon
from bot.risk.signals import DOUBTS, NAMES, SIGNALS, Signal

PASSED = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
START = PASSED + 28 * DAY
WAITS = History(passed_at=PASSED, starts_at=START)


def at(days: float) -> datetime:
    return PASSED + days * DAY


@dataclass(frozen=True)
class Case:
    """`history` makes the signal come true at `when`; `ended`, if there is one, is over at that moment."""

    history: History
    when: datetime
    ended: History | None = None
    over: datetime | None = None


def with_(**changes: Any) -> History:
    return replace(WAITS, **changes)


ASKED = (MessageSent(at(2), "checkin", "answer"),)
NEWS = (MessageSent(at(2), "training_notice", "seen", news=True),)
WROTE = (MessageHeard(at(8), "training.when"),)
CASES: dict[str, Case] = {
    "unanswered": Case(with_(said=ASKED), at(3), with_(said=ASKED, heard=WROTE), at(8)),
    "unseen_24": Case(with_(said=NEWS), at(3), with_(said=NEWS, acted=[at(4)]), at(4)),
    "unseen_48": Case(with_(said=NEWS), at(4), with_(said=NEWS, heard=WROTE), at(8)),
    "silent_3": Case(with_(said=ASKED), at(5), with_(said=ASKED, heard=WROTE), at(8)),
    "silent_5": Case(with_(said=ASKED), at(7), with_(said=ASKED, acted=[at(8)]), at(8)),
    "silent_7": Case(with_(said=ASKED), at(9), with_(said=ASKED, heard=[MessageHeard(at(10))]), at(10)),
    "few_contacts": Case(
        with_(heard=[MessageHeard(at(1))]), at(14), with_(heard=[MessageHeard(at(1))], spoken=[at(15)]), at(15)
    ),
    "asked_again": Case(with_(heard=[MessageHeard(at(day), "training.when") for day in (1, 2, 3)]), at(3)),
    "not_understood": Case(
        with_(heard=[MessageHeard(at(1), missed=True), MessageHeard(at(1.5), missed=True)]), at(1.5)
    ),
    "doubt": Case(with_(heard=[MessageHeard(at(6), "store.far")]), at(6)),
    "checkin_low": Case(with_(checkins=[(at(9), 2)]), at(9), with_(checkins=[(at(9), 2), (at(12), 5)]), at(12)),
    "checkin_fell": Case(with_(checkins=[(at(5), 5), (at(9), 3)]), at(9)),
    "task_overdue": Case(
        with_(tasks=[Duty("id_copy", at(10))]), at(11), with_(tasks=[Duty("id_copy", at(10), at(12))]), at(12)
    ),
    "undeliverable": Case(
        with_(lost_at=at(3), lost="undeliverable"),
        at(3),
        with_(lost_at=at(3), lost="undeliverable", heard=[MessageHeard(at(5))]),
        at(5),
    ),
    "unfollowed": Case(with_(lost_at=at(3), lost="unfollowed"), at(3)),
    "date_moved": Case(with_(moved=[at(4)]), at(4)),
    "long_wait": Case(WAITS, at(14)),
    "hr_owes": Case(with_(owed_by=at(4)), at(4)),
    "promise_overdue": Case(
        with_(promises=[Duty("date", at(6))]), at(6), with_(promises=[Duty("date", at(6), at(7))]), at(7)
    ),
    "reschedule_again": Case(with_(heard=[MessageHeard(at(day), "training.change") for day in (1, 5)]), at(5)),
    "confirmed": Case(with_(confirmed_at=at(6)), at(6)),
    "task_done": Case(with_(tasks=[Duty("id_copy", at(10), at(5))]), at(5)),
    "replied": Case(with_(heard=[MessageHeard(at(6), "training.when")]), at(6)),
    "visited": Case(with_(acted=[at(6)]), at(6)),
}


def found(history: History, name: str) -> list[Signal]:
    return [signal for rule in SIGNALS for signal in rule(history) if signal.name == name]


def test_every_signal_has_its_case() -> None:
    assert set(CASES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_true_at_its_moment_and_not_a_minute_before_and_once(name: str) -> None:
    case = CASES[name]
    (signal,) = found(case.history, name)
    assert signal.at == case.when
    assert signal.weight(case.when - MINUTE) == 0
    assert signal.weight(case.when) == signal.points != 0
    names = [each.name for each in reckon(case.history, RiskLimits(), "low", case.when).signals]
    assert names.count(name) == 1
    assert name not in [each.name for each in reckon(case.history, RiskLimits(), "low", case.when - MINUTE).signals]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.ended])
def test_it_is_over_when_the_reason_is(name: str) -> None:
    case = CASES[name]
    assert case.ended
    assert case.over
    (signal,) = found(case.ended, name)
    assert signal.at == case.when, "what came true stays true until then"
    assert signal.weight(case.over - MINUTE) == signal.points or signal.half_life
    assert signal.weight(case.over) == 0


@pytest.mark.parametrize("name", NAMES)
def test_what_fades_is_half_after_its_half_life(name: str) -> None:
    (signal,) = found(CASES[name].history, name)
    if signal.half_life:
        assert signal.weight(signal.at + signal.half_life) == pytest.approx(signal.points / 2)
    else:
        assert signal.weight(signal.at + 90 * DAY) == signal.points


@pytest.mark.parametrize("answer", [at(2.5), at(3)])
def test_an_answer_in_time_is_no_reason_to_worry(answer: datetime) -> None:
    heard = (MessageHeard(answer, "training.when"),)
    assert not found(with_(said=ASKED, heard=heard), "unanswered")
    assert not found(with_(said=NEWS, heard=heard), "unseen_24")


def test_what_was_before_we_had_a_hand_in_it_is_no_reason() -> None:
    late = with_(known_at=at(15), tasks=[Duty("id_copy", at(10))])
    assert not found(late, "few_contacts")
    assert not found(late, "task_overdue")


def test_silence_counts_only_after_something_that_was_asked() -> None:
    told = (MessageSent(at(2), "tips"),)
    assert not found(with_(said=told), "silent_3")
    assert not found(WAITS, "silent_3")


def test_a_push_alone_is_no_contact() -> None:
    told = tuple(MessageSent(at(day), "tips") for day in range(1, 10))
    (signal,) = found(with_(said=told), "few_contacts")
    assert signal.evidence == {"count": 0}


def test_opting_out_is_no_signal() -> None:
    quiet = with_(stopped=True)
    assert reckon(quiet, RiskLimits(), "low", at(1)).points == 0


def test_only_the_newest_word_on_the_training_counts_as_unseen() -> None:
    said = (*NEWS, MessageSent(at(5), "training_moved", "seen", news=True))
    assert [signal.at for signal in found(with_(said=said), "unseen_24")] == [at(6)]


def test_who_does_not_wait_is_at_no_risk() -> None:
    doubts = [MessageHeard(at(1), intent) for intent in DOUBTS]
    assert reckon(with_(waits=False, heard=doubts), RiskLimits(), "high", at(1)).level == "low"


def test_family_and_health_are_personal() -> None:
    kinds = {DOUBTS[intent][0] for intent in ("leave.family", "training.ill")}
    assert kinds == {"personal"}


def test_danger_is_called_danger() -> None:
    assert DOUBTS["trouble.despair"][0] == "danger"


def test_a_level_does_not_flicker() -> None:
    """Entered at its limit, left only below its margin; and it fades back to low at last."""
    history = with_(starts_at=START, heard=[MessageHeard(at(1), "leave.other_offer")])  # 40 points, fading
    levels = []
    before = "low"
    for hours in range(0, 24 * 12, 6):
        before = reckon(history, RiskLimits(30, 60, 8), before, at(1) + hours * HOUR).level
        levels.append(before)
    assert (levels[0], levels[-1]) == ("medium", "low")
    changes = sum(one != other for one, other in itertools.pairwise(levels))
    assert changes == 1


_MOMENTS = st.integers(0, 40 * 24).map(lambda hours: PASSED + hours * HOUR)
_HEARD = st.builds(
    MessageHeard, _MOMENTS, st.sampled_from(["", "training.when", "training.change", *DOUBTS]), st.booleans()
)
_SAID = st.builds(
    MessageSent,
    _MOMENTS,
    st.just("entry"),
    st.sampled_from(["", "answer", "seen", "confirm"]),
    st.booleans(),
    st.none(),
)
_HISTORIES = st.builds(
    lambda heard, said, acted, scores, moved: with_(
        heard=sorted(heard, key=lambda one: one.at),
        said=sorted(said, key=lambda one: one.at),
        acted=sorted(acted),
        checkins=sorted(scores),
        moved=sorted(moved),
    ),
    st.lists(_HEARD, max_size=8),
    st.lists(_SAID, max_size=6),
    st.lists(_MOMENTS, max_size=4),
    st.lists(st.tuples(_MOMENTS, st.integers(1, 5)), max_size=3),
    st.lists(_MOMENTS, max_size=2),
)


@given(_HISTORIES, _MOMENTS)
def test_nothing_changes_between_now_and_the_moment_it_says_to_look_again(history: History, now: datetime) -> None:
    """So the clock need not look before."""
    limits = RiskLimits()
    first = reckon(history, limits, "low", now)
    later = first.next_at or now + 90 * DAY
    just_before = reckon(history, limits, first.level, later - MINUTE)
    assert just_before.level == first.level or (later - now) <= DAY


@given(_HISTORIES, _MOMENTS, st.randoms())
def test_the_order_of_what_happened_at_one_moment_does_not_matter(history: History, now: datetime, random: Any) -> None:
    shuffled = list(history.heard)
    random.shuffle(shuffled)
    other = replace(history, heard=sorted(shuffled, key=lambda one: one.at))
    if len({one.at for one in history.heard}) == len(history.heard):
        assert reckon(history, RiskLimits(), "low", now) == reckon(other, RiskLimits(), "low", now)


@given(_HISTORIES, _MOMENTS)
def test_what_is_still_to_come_does_not_weigh(history: History, now: datetime) -> None:
    """The risk at a moment is the same whatever is heard afterwards, but for good signs that end a reason."""
    newest_only = {"replied", "visited", "doubt", "few_contacts"}
    past = replace(
        history,
        heard=[one for one in history.heard if one.at <= now],
        acted=[moment for moment in history.acted if moment <= now],
        said=[one for one in history.said if one.at <= now],
        checkins=[one for one in history.checkins if one[0] <= now],
        moved=[moment for moment in history.moved if moment <= now],
    )

    def names(one: History) -> set[str]:
        """But for what only the newest counts of, and what a later contact makes good."""
        return {signal.name for signal in reckon(one, RiskLimits(), "low", now).signals} - newest_only

    assert names(past) >= names(history)


def test_while_they_are_in_danger_nothing_makes_the_risk_smaller() -> None:
    despair = MessageHeard(at(2), "trouble.despair")
    talked = [despair, MessageHeard(at(2.1), "training.when")]
    told = reckon(with_(heard=[despair], endangered=True), RiskLimits(), "low", at(2.2))
    after = with_(heard=talked, acted=[at(2.1)], confirmed_at=at(2.1), endangered=True)
    found = reckon(after, RiskLimits(), "low", at(2.2))
    assert (found.points, found.level) == (told.points, "medium")
    assert all(signal.points > 0 for signal in found.signals)
    resolved = reckon(replace(after, endangered=False), RiskLimits(), "medium", at(2.2))
    assert resolved.points < found.points
