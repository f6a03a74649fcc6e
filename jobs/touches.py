"""Says by itself what is due, and looks whether what was said before was answered."""

from bot.conversation.judging import judge
from bot.conversation.touching import speak
from jobs.desk import Desk


def run(desk: Desk) -> int:
    """Gives how many touches were taken."""
    return desk.take_all(speak) + desk.take_all(judge)
