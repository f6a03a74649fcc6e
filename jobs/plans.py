"""Plans anew what candidates will hear, where their record or the rhythm has changed."""

from bot.proactive.replan import plan_some
from jobs.context import JobContext


def run(desk: JobContext) -> int:
    """Gives how many candidates were planned."""
    return desk.take_all(plan_some)
