"""Goes on where a question has waited long enough for its answer."""

from bot.proactive.timeouts import go_on
from jobs.context import Desk


def run(desk: Desk) -> int:
    """Gives how many open questions went on by themselves."""
    return desk.take_all(go_on)
