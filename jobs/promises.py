"""Keeps what the bot promised, where the record has it now."""

from bot.conversation.promises import keep
from jobs.desk import Desk


def run(desk: Desk) -> int:
    """Gives how many promises were looked at."""
    return desk.take_all(keep)
