"""Goes on where a question has waited long enough for its answer."""

from bot.proactive.timeouts import continue_timed_out
from jobs.context import JobContext


def run(desk: JobContext) -> int:
    """Gives how many open questions went on by themselves."""
    return desk.take_all(continue_timed_out)
