"""When keepwarm speaks first: the rhythm as HR wrote it, and what it means for one candidate. Pure."""

from bot.rhythm.entries import Audience, Entry, Every, Expects, Moment, Rhythm
from bot.rhythm.planning import Plan, plan
from bot.rhythm.situation import Planned, Situation, Told

__all__ = [
    "Audience",
    "Entry",
    "Every",
    "Expects",
    "Moment",
    "Plan",
    "Planned",
    "Rhythm",
    "Situation",
    "Told",
    "plan",
]
