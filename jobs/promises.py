"""Keeps what the bot promised, where the record has it now."""

from bot.proactive.promises import keep
from jobs.context import Desk


def run(desk: Desk) -> int:
    """Gives how many promises were looked at."""
    return desk.take_all(keep)
