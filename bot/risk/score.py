"""How likely somebody is to leave: the sum of the signals, as a level that does not flicker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.risk.history import History
from bot.risk.signals import SIGNALS, Signal

LEVELS = ("low", "medium", "high")
_AGAIN = timedelta(days=1)  # fading is looked at so often


@dataclass(frozen=True, slots=True)
class RiskLimits:
    """From how many points on; a level is left only `margin` points below."""

    medium: int = 30
    high: int = 60
    margin: int = 8


@dataclass(frozen=True, slots=True)
class RiskScore:
    """`signals`: those in force, the heaviest first. `next_at`: when it may change by the clock alone; None: never."""

    level: str
    points: int
    signals: Sequence[Signal] = ()
    next_at: datetime | None = None


def reckon(history: History, limits: RiskLimits, before: str, now: datetime) -> RiskScore:
    """`before`: the level so far. Whoever does not wait is at no risk. While somebody is in
    danger no sign of life makes it smaller: that they talk does not say that they are well."""
    if not history.waits:
        return RiskScore("low", 0)
    found = [signal for rule in SIGNALS for signal in rule(history)]
    counted = [signal for signal in found if signal.points > 0 or not history.endangered]
    weighed = [(signal.weight(now), signal) for signal in counted]
    points = max(0, round(sum(weight for weight, _ in weighed)))
    inforce = sorted((pair for pair in weighed if pair[0]), key=lambda pair: (-pair[0], pair[1].at, pair[1].name))
    level = _level(points, limits, before)
    return RiskScore(level, points, [signal for _, signal in inforce], _next(found, level, points, now))


def _level(points: int, limits: RiskLimits, before: str) -> str:
    """A level is entered at its limit and left below its margin."""
    was = LEVELS.index(before)
    high = limits.high - (limits.margin if was == 2 else 0)
    medium = limits.medium - (limits.margin if was >= 1 else 0)
    return "high" if points >= high else "medium" if points >= medium else "low"


def _next(found: Sequence[Signal], level: str, points: int, now: datetime) -> datetime | None:
    moments = [moment for signal in found for moment in (signal.at, signal.until) if moment and moment > now]
    fading = [now + _AGAIN] if points and (level != "low" or any(s.points < 0 for s in found)) else []
    return min((*moments, *fading), default=None)
