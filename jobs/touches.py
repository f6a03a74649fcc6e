"""Says by itself what is due, and looks whether what was said before was answered."""

from bot.proactive.expectations import judge
from bot.proactive.touches import speak
from jobs.context import Desk


def run(desk: Desk) -> int:
    """Gives how many touches were taken."""
    return desk.take_all(speak) + desk.take_all(judge)
