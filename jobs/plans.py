"""Plans anew what candidates will hear, where their record or the rhythm has changed."""

from bot.proactive.replan import plan_some
from jobs.context import Desk


def run(desk: Desk) -> int:
    """Gives how many candidates were planned."""
    return desk.take_all(plan_some)
