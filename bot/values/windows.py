"""How long and how often WeChat lets us speak to a person: what opens a window, spends it, closes it.

Rules: developers.weixin.qq.com/doc/service/api/customer/message (service messages: 5 in 48 hours after a message of
theirs; 3 in a minute after a scan, a menu entry or following; an answer inside their own call costs none).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

BRIEF_EVENTS = frozenset({"follow", "scan", "menu"})
_CREDITS, _LASTS = 5, timedelta(hours=48)
_BRIEF_CREDITS, _BRIEF_LASTS = 3, timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What we know of one person: `left` and `until` by a message, `brief_*` by an event. None: not known."""

    left: int | None = None
    until: datetime | None = None
    brief_left: int | None = None
    brief_until: datetime | None = None
    brief_by: str | None = None


NOTHING_KNOWN = Window()


@dataclass(frozen=True, slots=True)
class Spent:
    """The credit that a message took: of which window, and until when that one is open (None: nothing was known)."""

    brief: bool
    until: datetime | None


def open_at(window: Window, now: datetime) -> bool | None:
    """Whether a service message would be taken; None where only trying tells."""
    if _is_open(window.brief_left, window.brief_until, now):
        return True
    return None if window.until is None else _is_open(window.left, window.until, now)


def after_message(window: Window, at: datetime) -> Window:
    """Any message of theirs begins a new window; one that reaches us late leaves a newer window alone."""
    until = at + _LASTS
    return window if window.until and window.until > until else replace(window, left=_CREDITS, until=until)


def after_event(window: Window, event: str, at: datetime) -> Window:
    """A scan, a menu entry and following open for a minute; leaving closes everything."""
    if event == "unfollow":
        return closed(window, at)
    until = at + _BRIEF_LASTS
    if event not in BRIEF_EVENTS or (window.brief_until and window.brief_until > until):
        return window
    return replace(window, brief_left=_BRIEF_CREDITS, brief_until=until, brief_by=event)


def closed(window: Window, now: datetime) -> Window:
    return replace(window, left=0, until=now, brief_left=0 if window.brief_until else None)


def spend(window: Window, now: datetime) -> tuple[Window, Spent] | None:
    """One message less, in the window that ends first; None where none is open."""
    if _is_open(window.brief_left, window.brief_until, now):
        return replace(window, brief_left=(window.brief_left or 0) - 1), Spent(True, window.brief_until)
    if window.until is None:
        return window, Spent(False, None)
    if not _is_open(window.left, window.until, now):
        return None
    return replace(window, left=(window.left or 0) - 1), Spent(False, window.until)


def give_back(window: Window, spent: Spent) -> Window:
    """The message was not taken, so it costs nothing; a window that was opened anew meanwhile is full anyway."""
    if not _is_same(window, spent) or spent.until is None:
        return window
    if spent.brief:
        return replace(window, brief_left=min((window.brief_left or 0) + 1, _BRIEF_CREDITS))
    return replace(window, left=min((window.left or 0) + 1, _CREDITS))


def found_closed(window: Window, spent: Spent, now: datetime) -> Window:
    """WeChat says that its time is over; what opened it since we asked is not meant."""
    return closed(window, now) if _is_same(window, spent) else window


def found_empty(window: Window, spent: Spent, now: datetime) -> Window:
    """WeChat says that its messages are used up."""
    if not _is_same(window, spent):
        return window
    return replace(window, brief_left=0) if spent.brief else replace(window, left=0, until=window.until or now)


def _is_open(left: int | None, until: datetime | None, now: datetime) -> bool:
    return bool(left) and until is not None and until > now


def _is_same(window: Window, spent: Spent) -> bool:
    return (window.brief_until if spent.brief else window.until) == spent.until
