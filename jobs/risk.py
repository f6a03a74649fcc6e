"""Reckons who may leave, lets the bot try first, and gives HR its cases."""

from bot.risk.monitor import open_cases, watch
from jobs.context import Desk


def run(desk: Desk) -> int:
    """Gives how many candidates were looked at."""
    watched = desk.take_all(watch)
    desk.take_once(open_cases)
    return watched
