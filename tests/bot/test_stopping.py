"""Told to stop, again and again: between any two lines of what the first signal has begun, the next one comes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import signal, sys
from bot.platform.stop_signal import on_signals

told = 0

def again(frame, event, _):
    global told
    if frame.f_globals.get("__name__") != "__main__":
        told += 1
        signal.raise_signal(signal.SIGINT)
    return again

with on_signals() as stopping:
    assert not stopping.asked
    sys.settrace(again)
    signal.raise_signal(signal.SIGTERM)
    sys.settrace(None)
    assert stopping.asked
print(told)
"""


def test_who_is_told_to_stop_while_it_hears_so_stops() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 2
