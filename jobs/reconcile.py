"""Settles what may have gone out: asks the provider, or tells it again where it drops what it has had."""

from bot.outbox.reconcile import AT_ONCE
from jobs.context import JobContext

_MOST_BATCHES = 5  # in one job; the next one goes on


def run(desk: JobContext) -> int:
    """Gives how many messages were looked at."""
    count = 0
    for _ in range(_MOST_BATCHES):
        looked = desk.outbox.reconcile()
        count += looked
        if looked < AT_ONCE:
            break
    return count
