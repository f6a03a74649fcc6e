"""When keepwarm speaks first: the rhythm as HR wrote it, and what it means for one candidate. Pure."""

from bot.rhythm.entries import Audience, Entry, Every, Expects, Rhythm, RhythmMoment
from bot.rhythm.planning import Plan, plan
from bot.rhythm.situation import PastTouch, Planned, Situation

__all__ = [
    "Audience",
    "Entry",
    "Every",
    "Expects",
    "PastTouch",
    "Plan",
    "Planned",
    "Rhythm",
    "RhythmMoment",
    "Situation",
    "plan",
]
