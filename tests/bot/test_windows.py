"""WeChat's windows: what opens them, what a message costs, and that the ledger says neither more nor less than WeChat."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.values import windows
from bot.values.windows import Spent, Window

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def spent(window: Window, at: datetime, times: int = 1) -> Window:
    for _ in range(times):
        found = windows.spend(window, at)
        assert found
        window = found[0]
    return window


def test_nothing_known_is_neither_open_nor_closed_and_may_be_tried() -> None:
    assert windows.open_at(Window(), NOW) is None
    assert windows.spend(Window(), NOW) == (Window(), Spent(False, None))


def test_a_message_opens_for_five_in_48_hours() -> None:
    window = windows.after_message(Window(), NOW)
    assert windows.open_at(window, NOW + 48 * HOUR - SECOND)
    assert windows.open_at(window, NOW + 48 * HOUR) is False
    used = spent(window, NOW + HOUR, 5)
    assert windows.open_at(used, NOW + HOUR) is False
    assert windows.spend(used, NOW + HOUR) is None
    assert windows.open_at(windows.after_message(used, NOW + 2 * HOUR), NOW + 2 * HOUR)


@pytest.mark.parametrize("event", ["follow", "scan", "menu"])
def test_an_event_opens_for_three_in_a_minute(event: str) -> None:
    window = windows.after_event(Window(), event, NOW)
    assert (window.brief_left, window.brief_by) == (3, event)
    assert windows.open_at(window, NOW + 59 * SECOND)
    assert windows.open_at(window, NOW + 60 * SECOND) is None, "whether they wrote before is not known"
    closed = Window(left=0, until=NOW)
    assert windows.open_at(windows.after_event(closed, event, NOW), NOW + 60 * SECOND) is False


@pytest.mark.parametrize("event", ["", "template_done", "subscribed", "view"])
def test_other_events_open_nothing(event: str) -> None:
    assert windows.after_event(Window(), event, NOW) == Window()


def test_the_window_that_ends_first_is_spent_first() -> None:
    window = windows.after_event(windows.after_message(Window(), NOW), "scan", NOW)
    window = spent(window, NOW + SECOND, 3)
    assert (window.brief_left, window.left) == (0, 5)
    window = spent(window, NOW + SECOND)
    assert (window.brief_left, window.left) == (0, 4)


def test_leaving_closes_all() -> None:
    window = windows.after_event(windows.after_message(Window(), NOW), "scan", NOW)
    assert windows.open_at(windows.after_event(window, "unfollow", NOW + SECOND), NOW + SECOND) is False


def test_a_message_that_reaches_us_late_does_not_shorten_a_newer_window() -> None:
    newer = spent(windows.after_message(Window(), NOW), NOW, 2)
    assert windows.after_message(newer, NOW - HOUR) == newer


def test_what_was_not_sent_costs_nothing() -> None:
    window = windows.after_message(Window(), NOW)
    after, credit = windows.spend(window, NOW)  # type: ignore[misc]
    assert windows.give_back(after, credit) == window
    brief = windows.after_event(window, "menu", NOW)
    after, credit = windows.spend(brief, NOW)  # type: ignore[misc]
    assert windows.give_back(after, credit) == brief


def test_a_refusal_that_comes_after_they_wrote_again_is_about_the_window_before() -> None:
    after, credit = windows.spend(windows.after_message(Window(), NOW), NOW)  # type: ignore[misc]
    again = windows.after_message(after, NOW + SECOND)
    assert windows.found_closed(again, credit, NOW + 2 * SECOND) == again
    assert windows.found_empty(again, credit, NOW + 2 * SECOND) == again
    assert windows.give_back(again, credit) == again


def test_what_wechat_says_is_believed() -> None:
    after, credit = windows.spend(windows.after_message(Window(), NOW), NOW)  # type: ignore[misc]
    assert windows.open_at(windows.found_closed(after, credit, NOW), NOW) is False
    assert windows.open_at(windows.found_empty(after, credit, NOW), NOW) is False
    unknown = Spent(False, None)
    assert windows.open_at(windows.found_closed(Window(), unknown, NOW), NOW) is False
    assert windows.open_at(windows.found_empty(Window(), unknown, NOW), NOW) is False


@dataclass
class Wechat:
    """As WeChat counts, written down as what happened: every message uses the opening that ends first and has room."""

    openings: dict[str, tuple[datetime, datetime, int]] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)

    def opens(self, kind: str, at: datetime, lasts: timedelta, credits: int) -> None:
        self.openings[kind] = (at, at + lasts, credits)
        self.used[kind] = 0

    def takes(self, now: datetime) -> bool:
        usable = [
            (until, kind)
            for kind, (_, until, credits) in self.openings.items()
            if until > now and self.used[kind] < credits
        ]
        if usable:
            self.used[min(usable)[1]] += 1
        return bool(usable)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["message", "scan", "menu", "follow", "unfollow", "send", "send", "send"]),
        st.sampled_from([0, 1, 20, 61, 3600, 90_000, 172_800]),
    ),
    max_size=60,
)


@given(STEPS)
def test_the_ledger_agrees_with_wechat_whatever_happens(steps: list[tuple[str, int]]) -> None:
    now, window, wechat = NOW, windows.after_message(Window(), NOW), Wechat()
    wechat.opens("message", NOW, 48 * HOUR, 5)
    for what, seconds in steps:
        now += timedelta(seconds=seconds)
        if what == "send":
            found = windows.spend(window, now)
            assert windows.open_at(window, now) == (found is not None) == wechat.takes(now)
            window = found[0] if found else window
        elif what == "message":
            window = windows.after_message(window, now)
            wechat.opens("message", now, 48 * HOUR, 5)
        else:
            window = windows.after_event(window, what, now)
            if what == "unfollow":
                wechat.openings.clear()
            else:
                wechat.opens("brief", now, 60 * SECOND, 3)
