"""Tells HR what it has to hear: plans the daily digest, says what is due, and sees what became of what was said."""

from bot.alerts import digest, follow_up
from bot.alerts.dispatch import send_due
from jobs.context import JobContext


def run(desk: JobContext) -> int:
    """Gives how many alerts moved on."""
    desk.take_once(digest.plan)
    return desk.take_once(follow_up.follow_up) + desk.take_all(send_due)
