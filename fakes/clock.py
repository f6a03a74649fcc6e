"""The time inside a fake: the machine's clock plus what a test has added, or a moment at which it stands still."""

import time
from datetime import UTC, datetime


class Clock:
    def __init__(self) -> None:
        self._added = 0.0
        self._stands: float | None = None

    def now(self) -> float:  # unix seconds
        return time.time() + self._added if self._stands is None else self._stands

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def add(self, seconds: float) -> None:
        self._added += seconds
        if self._stands is not None:
            self._stands += seconds

    def set(self, unix: float) -> None:
        self._added, self._stands = unix - time.time(), None

    def stand(self, unix: float) -> None:
        """It shows this until it is moved."""
        self._stands = unix

    def reset(self) -> None:
        self._added, self._stands = 0.0, None
