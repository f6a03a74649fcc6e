"""Told to stop, by SIGTERM or SIGINT.

A signal may come between any two instructions of the program, also while the handler of one before it runs. What it
changes is therefore plain: `threading.Event.set` takes a lock, and would wait for ever for one that the interrupted
program holds.
"""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Stopping:
    """`asked`: somebody wants this process to end."""

    asked: bool = False

    def ask(self, *_: object) -> None:
        """May be a signal's handler."""
        self.asked = True


@contextlib.contextmanager
def on_signals() -> Iterator[Stopping]:
    """Within the block SIGTERM and SIGINT only ask."""
    stopping = Stopping()
    before = {name: signal.signal(name, stopping.ask) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
