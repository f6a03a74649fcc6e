"""The bot tries first, a rung at a time: a word in the chat, a day later a word by another road, then a case for HR."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.rhythm import Planned
from bot.risk.history import History
from bot.risk.score import RiskScore
from bot.store.touches import NUDGE, NUDGE_OTHER

_WAITS = timedelta(days=1)  # so long a nudge may lie before the next rung
_ONE_TRY = timedelta(days=7)  # nudges so old belong to another worry
_AT_ONCE = 100  # points from which on the bot does not try first
_OURS = frozenset({"hr_owes", "promise_overdue", "date_moved", "long_wait"})  # a nudge would not mend these
Nudged = tuple[str, str, datetime | None]  # entry, state, when it ended


@dataclass(frozen=True, slots=True)
class Ladder:
    """What to do now: a touch to plan, a case to want; or when to look again."""

    plan: Planned | None = None
    case: bool = False
    next_at: datetime | None = None


def ladder(candidate_id: int, history: History, found: RiskScore, nudged: Sequence[Nudged], now: datetime) -> Ladder:
    """For somebody at medium or high risk whom nobody of HR has in hand."""
    lately = [one for one in nudged if one[2] is None or now - one[2] < _ONE_TRY]
    if _is_for_a_person(history, found):
        return Ladder(case=found.level == "high")
    if any(state == "planned" for _, state, _ in lately):
        return Ladder()
    last = max((at for _, state, at in lately if at and state == "sent"), default=None)
    if last and history.sign_after(last):
        return Ladder(case=found.level == "high")  # they answered, and it did not help
    for entry, kind in ((NUDGE, "story"), (NUDGE_OTHER, "notice")):
        ended = max((at for name, _, at in lately if name == entry and at), default=None)
        if ended is None:
            return Ladder(_planned(candidate_id, entry, kind, now))
        if entry in _said(lately) and now < ended + _WAITS:
            return Ladder(next_at=ended + _WAITS)
    return Ladder(case=found.level == "high")


def _is_for_a_person(history: History, found: RiskScore) -> bool:
    """Who wants no messages gets none, who waits for us needs an answer, and some things do not wait."""
    worries = [signal for signal in found.signals if signal.points > 0]
    ours = bool(worries) and worries[0].name in _OURS
    return history.stopped or ours or found.points >= _AT_ONCE


def _said(lately: Sequence[Nudged]) -> set[str]:
    return {entry for entry, state, _ in lately if state == "sent"}


def _planned(candidate_id: int, entry: str, kind: str, now: datetime) -> Planned:
    """A word in the chat that waits for an open window for a day at most; or one that takes whatever road is open."""
    return Planned(
        candidate_id,
        entry,
        f"{now:%Y-%m-%d}",
        kind,
        "nudge.here" if entry == NUDGE else "nudge.other",
        now,
        expires_at=now + _WAITS,
        priority=85,
        template="update",
        expects="answer",
        within=_WAITS,
    )
