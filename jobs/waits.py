"""Goes on where a question has waited long enough for its answer."""

from bot.conversation.silence import go_on
from jobs.desk import Desk

_MOST_BATCHES = 50  # in one job; the next tick goes on


def run(desk: Desk) -> int:
    """Gives how many open questions went on by themselves."""
    count = 0
    for _ in range(_MOST_BATCHES):
        taken, to_send = desk.database.write(lambda connection: go_on(connection, desk.house, desk.clock()))
        if to_send:
            desk.outbox.deliver(to_send)
        count += taken
        if not taken:
            break
    return count
