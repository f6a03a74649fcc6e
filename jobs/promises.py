"""Keeps what the bot promised, where the record has it now."""

from bot.proactive.promises import keep_due
from jobs.context import JobContext


def run(desk: JobContext) -> int:
    """Gives how many promises were looked at."""
    return desk.take_all(keep_due)
