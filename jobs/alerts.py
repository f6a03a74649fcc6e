"""Tells HR what it has to hear: plans the daily digest, says what is due, and sees what became of what was said."""

from bot.inbox import digest, fates
from bot.inbox.alerts import say
from jobs.desk import Desk


def run(desk: Desk) -> int:
    """Gives how many alerts moved on."""
    desk.take_once(digest.plan)
    return desk.take_once(fates.settle) + desk.take_all(say)
