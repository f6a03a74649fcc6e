"""Runs a reader in a process of its own, with limits of memory and time: what people bring may kill no server.

To add a reader: a module that calls `main` with a function which yields what is read, as JSON can say it.
"""

import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from bot.errors import KeepwarmError

MEMORY = 1024 * 1024 * 1024  # bytes of addresses; a workbook of 16 MB takes a quarter
SECONDS = 60  # of a processor
PATIENCE = 120.0  # seconds without a line
_OUT_OF_MEMORY = 71
_BLOCK = 64 * 1024
_ROOT = str(Path(__file__).parents[2])
_HOPELESS = (MemoryError, RecursionError)
_CRASHED = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)  # also how a library dies to which memory is refused


class Broken(KeepwarmError):
    """The reader gave no end of the file. `key`: why, as messages/*/inbox.yaml has it (refused_…)."""

    def __init__(self, key: str) -> None:
        super().__init__(_REASONS[key])
        self.key = key


_REASONS = {
    "memory": "it takes more memory to read than a file may: is there a value far down or far right, alone?",
    "slow": "it takes longer to read than a file may: split it",
    "killed": "whoever read it was stopped in the middle: bring it again",
}


ENVIRONMENT = {"PYTHONPATH": _ROOT, "PYTHONUTF8": "1"}  # all of it: no secret, and no clock, which no file needs


def lines(module: str, *words: str) -> Iterator[Any]:
    """What `python -m module WORDS` reads, value by value. Raises Broken where it ends before its end.

    It gets none of our environment, where the secrets are, and dies with who asked.
    """
    command = [sys.executable, "-P", "-m", module, *words]
    with subprocess.Popen(  # noqa: S603 (our own module)
        command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout
        try:
            yield from _values(child.stdout)
        except EOFError:
            raise Broken(_why(child.wait())) from None
        finally:
            child.kill()


def main(read: Callable[..., Iterable[Any]]) -> None:
    """The child's side: reads what the command line names, and prints it."""
    _confine()
    try:
        for value in read(*sys.argv[1:]):
            sys.stdout.write(f"{json.dumps(value, ensure_ascii=True)}\n")
        sys.stdout.write("\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)  # nobody wants the rest
    except _HOPELESS:
        os._exit(_OUT_OF_MEMORY)


def _confine() -> None:
    limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CPU: SECONDS, resource.RLIMIT_CORE: 0}
    for which, most in limits.items():
        _, hard = resource.getrlimit(which)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (wanted, hard))


def _values(pipe: IO[bytes]) -> Iterator[Any]:
    """The values up to the empty line that ends them. Raises EOFError where that never comes, Broken where it takes
    too long."""
    begun: list[bytes] = []
    while block := _block(pipe):
        first, *others = block.split(b"\n")
        begun.append(first)
        for other in others:
            if (line := b"".join(begun)) == b"":
                return
            yield json.loads(line)
            begun = [other]
    raise EOFError


def _block(pipe: IO[bytes]) -> bytes:
    asked = select.poll()
    asked.register(pipe, select.POLLIN)
    if not asked.poll(PATIENCE * 1000):
        raise Broken("slow")
    return os.read(pipe.fileno(), _BLOCK)


def _why(code: int) -> str:
    if code == _OUT_OF_MEMORY or -code in _CRASHED:
        return "memory"
    return "slow" if -code == signal.SIGXCPU else "killed"
