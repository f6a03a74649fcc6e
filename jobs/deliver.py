"""Sends what waits in the outbox: batch after batch until nothing is due, and as tokens come until the next tick."""

import time
from datetime import timedelta

from jobs.context import JobContext

_MOST_BATCHES = 50  # in one job; the next tick goes on
_WAITS = timedelta(seconds=2)  # as long as from tick to tick


def run(desk: JobContext) -> int:
    """Gives how many messages were handed to the channels."""
    desk.outbox.settle()
    until = desk.clock() + _WAITS
    count = 0
    for _ in range(_MOST_BATCHES):
        taken = desk.outbox.deliver()
        count += taken
        pause = desk.outbox.dry_for()
        if taken:
            continue
        if pause is None or desk.clock() + timedelta(seconds=pause) > until:
            break
        time.sleep(pause)
    return count
