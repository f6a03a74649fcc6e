"""Who may be slipping away, and why: each rule says when it comes true (that may be still to come) and how it fades.

To add a signal: write one function, list it in SIGNALS, word it in messages/*/risk.yaml.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.risk.history import History

DAY = timedelta(days=1)
_USUAL_WAIT = timedelta(days=21)  # as long as nobody knows the date
_ANSWER = DAY  # how long a question may lie
_AGAIN, _WITHIN = 3, timedelta(days=7)  # the same question so often in so long
_SILENCES = ((3, 10), (5, 12), (7, 16))  # days, points
_UNSEEN = ((24, 14), (48, 16))  # hours, points
_LONG = timedelta(days=14)
# Meanings that are doubts: what kind, and how much they weigh. Family and health are kept as "personal".
DOUBTS: Mapping[str, tuple[str, int]] = {
    "leave.withdraw": ("leaving", 45),
    "leave.other_offer": ("other_offer", 40),
    "leave.doubt": ("doubt", 25),
    "leave.family": ("personal", 25),
    "store.far": ("distance", 30),
    "faq.pay": ("pay", 8),
    "trouble.despair": ("danger", 45),
    "trouble.complaint": ("complaint", 25),
    "training.ill": ("personal", 15),
    "training.change": ("date", 12),
}
RESCHEDULE = "training.change"


@dataclass(frozen=True, slots=True)
class Signal:
    """`at`: when it comes true; `until`: when it is over, if that is known. `half_life`: in which its points fade to
    half; None: they stay. Good signs have negative points. `evidence`: what the words need: counts, days, codes."""

    name: str
    at: datetime
    points: int
    half_life: timedelta | None = None
    until: datetime | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def weight(self, now: datetime) -> float:
        """Its points at a moment: 0 before it comes true and after it is over."""
        if now < self.at or (self.until is not None and now >= self.until):
            return 0.0
        return self.points * (0.5 ** ((now - self.at) / self.half_life) if self.half_life else 1.0)


Rule = Callable[[History], Iterator[Signal]]


def unanswered(history: History) -> Iterator[Signal]:
    """We asked, and they have not answered within a day."""
    for said in history.said:
        at = said.at + _ANSWER
        answered = said.met_at or history.sign_after(said.at)
        if said.expects in ("answer", "confirm") and not (answered and answered <= at):
            yield Signal("unanswered", at, 10, 4 * DAY, answered, {"days": 1})


def unseen(history: History) -> Iterator[Signal]:
    """The newest word on their training, delivered and not looked at."""
    news = [said for said in history.said if said.news]
    if news:
        seen = news[-1].met_at or history.sign_after(news[-1].at)
        for hours, points in _UNSEEN:
            at = news[-1].at + timedelta(hours=hours)
            if not (seen and seen <= at):
                yield Signal(f"unseen_{hours}", at, points, None, seen, {"days": hours // 24})


def silent(history: History) -> Iterator[Signal]:
    """No message and nothing done on the page since something that was asked arrived."""
    for said, sign in _askings(history):
        for days, points in _SILENCES:
            at = said + days * DAY
            if not (sign and sign <= at):
                yield Signal(f"silent_{days}", at, points, None, sign, {"days": days})


def few_contacts(history: History) -> Iterator[Signal]:
    """Fewer than two contacts by half of the wait."""
    if history.passed_at is None:
        return
    ends = history.starts_at if history.starts_at and history.starts_at > history.passed_at else None
    half = history.passed_at + ((ends - history.passed_at) if ends else _USUAL_WAIT) / 2
    if history.known_at and half < history.known_at:
        return
    before = [at for at in history.contacts if at <= half]
    if len(before) < 2:
        second = history.contacts[1] if len(history.contacts) > 1 else None
        yield Signal("few_contacts", half, 12, None, second, {"count": len(before)})


def asked_again(history: History) -> Iterator[Signal]:
    """The same question again and again: the answer does not help, or they do not trust it."""
    asked: dict[str, list[datetime]] = defaultdict(list)
    for heard in history.heard:
        if not heard.intent or heard.intent in DOUBTS:
            continue
        asked[heard.intent] = [at for at in asked[heard.intent] if heard.at - at <= _WITHIN] + [heard.at]
        if len(asked[heard.intent]) == _AGAIN:
            yield Signal("asked_again", heard.at, 12, 5 * DAY, None, {"about": heard.intent, "count": _AGAIN})
            asked[heard.intent] = []


def not_understood(history: History) -> Iterator[Signal]:
    """The bot did not understand twice in a day."""
    first: datetime | None = None
    for heard in history.heard:
        if heard.missed and first and heard.at - first <= DAY:
            yield Signal("not_understood", heard.at, 8, 3 * DAY)
            first = None
        elif heard.missed:
            first = heard.at


def doubt(history: History) -> Iterator[Signal]:
    """Words of doubt; of each kind the newest counts."""
    newest: dict[str, Signal] = {}
    for heard in history.heard:
        if heard.intent in DOUBTS:
            kind, points = DOUBTS[heard.intent]
            newest[kind] = Signal("doubt", heard.at, points, 6 * DAY, None, {"kind": kind})
    yield from newest.values()


def checkin(history: History) -> Iterator[Signal]:
    """How sure they said they are: low, or lower than before."""
    before = None
    for number, (at, score) in enumerate(history.checkins):
        until = history.checkins[number + 1][0] if number + 1 < len(history.checkins) else None
        if score <= 3:
            points = {1: 45, 2: 35, 3: 15}[max(score, 1)]
            yield Signal("checkin_low", at, points, 10 * DAY, until, {"score": score})
        if before is not None and before - score >= 2:
            yield Signal("checkin_fell", at, 12, 10 * DAY, until, {"score": score, "before": before})
        before = score


def task_overdue(history: History) -> Iterator[Signal]:
    for task in history.tasks:
        if task.due_at is None or (history.known_at and task.due_at < history.known_at):
            continue
        at = task.due_at + DAY
        if not (task.done_at and task.done_at <= at):
            yield Signal("task_overdue", at, 8, None, task.done_at, {"task": task.name})


def unreachable(history: History) -> Iterator[Signal]:
    """Nothing arrives there, or they have left the account; never that they opted out."""
    if history.lost_at is None:
        return
    back = history.sign_after(history.lost_at)
    yield Signal(history.lost, history.lost_at, 30, None, back)


def date_moved(history: History) -> Iterator[Signal]:
    """A date that moves is a broken word, twice all the more."""
    for number, at in enumerate(history.moved, 1):
        yield Signal("date_moved", at, 12 if number == 1 else 20, 7 * DAY, None, {"count": number})


def long_wait(history: History) -> Iterator[Signal]:
    if history.passed_at:
        yield Signal("long_wait", history.passed_at + _LONG, 10, None, None, {"days": _LONG.days})


def hr_owes(history: History) -> Iterator[Signal]:
    """HR has not answered in the time it promises."""
    if history.owed_by:
        yield Signal("hr_owes", history.owed_by, 25)


def promise_overdue(history: History) -> Iterator[Signal]:
    for promise in history.promises:
        if promise.due_at:
            yield Signal("promise_overdue", promise.due_at, 12, None, promise.done_at, {"about": promise.name})


def reschedule(history: History) -> Iterator[Signal]:
    """They asked for another date twice."""
    asked = [heard for heard in history.heard if heard.intent == RESCHEDULE]
    for second in asked[1:2]:
        yield Signal("reschedule_again", second.at, 15, 7 * DAY)


def confirmed(history: History) -> Iterator[Signal]:
    if history.confirmed_at:
        yield Signal("confirmed", history.confirmed_at, -20)


def tasks_done(history: History) -> Iterator[Signal]:
    for task in history.tasks:
        if task.done_at:
            yield Signal("task_done", task.done_at, -6, 14 * DAY, None, {"task": task.name})


def replied(history: History) -> Iterator[Signal]:
    """Somebody who writes is still here; the last talk counts."""
    calm = [heard for heard in history.heard if heard.intent not in DOUBTS and not heard.missed]
    if calm:
        yield Signal("replied", calm[-1].at, -8, 4 * DAY)


def visited(history: History) -> Iterator[Signal]:
    if history.acted:
        yield Signal("visited", history.acted[-1], -6, 4 * DAY)


SIGNALS: Sequence[Rule] = (
    unanswered,
    unseen,
    silent,
    few_contacts,
    asked_again,
    not_understood,
    doubt,
    checkin,
    task_overdue,
    unreachable,
    date_moved,
    long_wait,
    hr_owes,
    promise_overdue,
    reschedule,
    confirmed,
    tasks_done,
    replied,
    visited,
)
NAMES: Sequence[str] = (
    "unanswered",
    *(f"unseen_{hours}" for hours, _ in _UNSEEN),
    *(f"silent_{days}" for days, _ in _SILENCES),
    "few_contacts",
    "asked_again",
    "not_understood",
    "doubt",
    "checkin_low",
    "checkin_fell",
    "task_overdue",
    "undeliverable",
    "unfollowed",
    "date_moved",
    "long_wait",
    "hr_owes",
    "promise_overdue",
    "reschedule_again",
    "confirmed",
    "task_done",
    "replied",
    "visited",
)


def _askings(history: History) -> Iterator[tuple[datetime, datetime | None]]:
    """Of each silence when the first question in it arrived, and the sign that ended it."""
    sign: datetime | None = None
    begun = False
    for said in history.said:
        if said.expects and (not begun or (sign and sign <= said.at)):
            sign, begun = history.sign_after(said.at), True
            yield said.at, sign
