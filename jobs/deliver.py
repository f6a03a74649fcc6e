"""Sends what waits in the outbox: batch after batch until nothing is due."""

from bot.outbox import BATCH
from jobs.desk import Desk

_MOST_BATCHES = 20  # in one job; the next tick goes on


def run(desk: Desk) -> int:
    """Gives how many messages were handed to the channels."""
    desk.outbox.settle()
    count = 0
    for _ in range(_MOST_BATCHES):
        taken = desk.outbox.deliver()
        count += taken
        if taken < BATCH:
            break
    return count
