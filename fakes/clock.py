"""The time inside a fake: the machine's clock plus what a test has added."""

import time
from datetime import UTC, datetime


class Clock:
    def __init__(self) -> None:
        self._added = 0.0

    def now(self) -> float:  # unix seconds
        return time.time() + self._added

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def add(self, seconds: float) -> None:
        self._added += seconds

    def set(self, unix: float) -> None:
        self._added = unix - time.time()

    def reset(self) -> None:
        self._added = 0.0
