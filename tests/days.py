"""What day it is in the tests. By itself it is that of the cast, on whatever day they run; a test that is marked `clock`
goes by the machine's clock, as a newcomer's demo does, and has to hold on any day.

`python -m tests.days` runs those on every day below, one after the other; `--drawn COMMIT` on the one that the commit's
hash draws, so that each commit is tried on a day of its own, and always on the same. Other options are pytest's.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.platform import clock, sandbox

DAY = "KEEPWARM_TEST_DAY"  # the moment, as ISO 8601, at which the marked tests begin; now if it is not set
_ROOT = Path(__file__).parent.parent
_SHANGHAI, _NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
_AFTER = (timedelta(days=3), timedelta(days=45), timedelta(days=400))
MOMENTS = (
    datetime(2028, 2, 29, 9, 30, tzinfo=_SHANGHAI),
    datetime(2027, 3, 14, 1, 59, tzinfo=_NEW_YORK),  # the hour from 2 to 3 is left out
    datetime(2027, 11, 7, 0, 59, tzinfo=_NEW_YORK),  # the hour from 1 to 2 comes twice
    *(datetime(2027, 5, 31, 23, 59, tzinfo=zone) for zone in (_SHANGHAI, _NEW_YORK)),
    *(datetime(2027, 1, 1, 0, 1, tzinfo=zone) for zone in (_SHANGHAI, _NEW_YORK)),
)
_YEARS = timedelta(days=3 * 365)


class Days:
    """Two clocks for this process, and those it starts: the cast's, and that of the day."""

    def __init__(self, folder: Path, cast: datetime) -> None:
        self._folder, now = folder, clock.real()
        day = os.environ.get(DAY, "")
        self._cast = _begun(folder / "cast", cast - now)
        self._day = _begun(folder / "day", datetime.fromisoformat(day) - now) if day else None
        self.by_the_day = False
        sys.addaudithook(self._hear)

    def go_by(self, the_day: bool) -> None:
        self.by_the_day = the_day
        if file := self._day if the_day else self._cast:
            clock.share(file)
        else:
            os.environ.pop(clock.VARIABLE, None)
            clock._file = None

    def end(self) -> None:
        shutil.rmtree(self._folder)

    def check(self, environment: Mapping[str, str]) -> None:
        """Raises AssertionError for a process that would go by the machine's clock, which the test does not say."""
        told = clock.VARIABLE in environment or self.by_the_day
        assert told, f"started without {clock.VARIABLE}: pass it on, or mark the test with pytest.mark.clock"

    def _hear(self, event: str, told: tuple[object, ...]) -> None:
        if event == "subprocess.Popen" and told[0] == sys.executable:
            environment = told[3]
            if environment == sandbox.ENVIRONMENT:
                return  # reads a file, and asks no clock
            self.check(environment if isinstance(environment, Mapping) else os.environ)


def _begun(file: Path, ahead: timedelta) -> Path:
    file.write_text(repr(ahead.total_seconds()), encoding="ascii")
    return file


def every() -> list[datetime]:
    return [*(clock.real() + after for after in _AFTER), *MOMENTS]


def drawn(commit: str) -> datetime:
    """One of the special moments, or with the same odds any minute of the years after the commit."""
    lot = random.Random(commit)
    written = datetime.fromtimestamp(float(_git("show", "-s", "--format=%ct", commit)), UTC)
    special = [*(written + after for after in _AFTER), *MOMENTS]
    return lot.choice(special) if lot.random() < 0.5 else written + _YEARS * lot.random()


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=_ROOT, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.days", description=__doc__)
    parser.add_argument("--drawn", metavar="COMMIT", help="only on the day that this commit draws")
    parser.add_argument("--at", metavar="MOMENT", type=datetime.fromisoformat, help="only on this day")
    options, pytest_options = parser.parse_known_args()
    days = [drawn(_git("rev-parse", options.drawn))] if options.drawn else [options.at] if options.at else every()
    ended = [_tried(day, pytest_options) for day in days]
    return int(any(ended))


def _tried(day: datetime, options: Sequence[str]) -> int:
    sys.stdout.write(f"the tests marked `clock` at {day.isoformat(timespec='minutes')}\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "-m", "clock", *options]
    return subprocess.run(command, cwd=_ROOT, env=os.environ | {DAY: day.isoformat()}).returncode


if __name__ == "__main__":
    sys.exit(main())
