"""Tells HR what it has to hear: plans the daily digest, says what is due, and sees what became of what was said."""

from bot.alerts import digest, follow_up
from bot.alerts.dispatch import say
from jobs.context import Desk


def run(desk: Desk) -> int:
    """Gives how many alerts moved on."""
    desk.take_once(digest.plan)
    return desk.take_once(follow_up.settle) + desk.take_all(say)
