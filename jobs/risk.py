"""Reckons who may leave, lets the bot try first, and gives HR its cases."""

from bot.risk.monitor import open_cases, score_due
from jobs.context import JobContext


def run(desk: JobContext) -> int:
    """Gives how many candidates were looked at."""
    watched = desk.take_all(score_due)
    desk.take_once(open_cases)
    return watched
