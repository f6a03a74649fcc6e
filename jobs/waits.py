"""Goes on where a question has waited long enough for its answer."""

from bot.conversation.silence import go_on
from jobs.desk import Desk


def run(desk: Desk) -> int:
    """Gives how many open questions went on by themselves."""
    return desk.take_all(go_on)
