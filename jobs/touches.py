"""Says by itself what is due, and looks whether what was said before was answered."""

from bot.proactive.expectations import check_expectations
from bot.proactive.touches import send_due
from jobs.context import JobContext


def run(desk: JobContext) -> int:
    """Gives how many touches were taken."""
    return desk.take_all(send_due) + desk.take_all(check_expectations)
