"""How a benchmark of a company that waits is run: on which databases, and at several sizes side by side."""

import argparse
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import astuple
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import waiting
from bench.waiting import Databases
from tests import postgres

SCALE = os.environ.get("SCALE", "")  # small, full, or neither
_WIDE = 15


def on_each_database(
    name: str, about: str | None, usual: str, says: str, measure: Callable[[Databases, str], int]
) -> None:
    """`measure` gives 1 for a database on which a goal was missed; then the program exits so. `usual`: the databases if
    the command names none. `says`: what is measured."""
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=about)
    parser.add_argument("--databases", default=usual)
    wanted = parser.parse_args().databases.split(",")
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before; {says}")
    with tempfile.TemporaryDirectory(prefix="kwbench") as folder, ExitStack() as stack:
        has_postgres = "postgres" in wanted and postgres.binaries() is not None
        databases = Databases(Path(folder), stack.enter_context(postgres.cluster()) if has_postgres else "")
        missed = [measure(databases, kind) for kind in databases.kinds if kind in wanted]
        sys.exit(0 if SCALE == "small" else max(missed, default=1))  # so few are no measure


def at_each_size(
    databases: Databases,
    kind: str,
    sizes: Sequence[int],
    now: datetime,
    columns: Sequence[tuple[str, str]],
    measure: Callable[..., Any],
    *more: Any,
) -> list[Any]:
    """What `measure(folder, url, size, *more)` finds at each size, in a process of its own, printed as a line of these
    columns: name and format."""
    print("".join(f"{name:>{_WIDE}}" for name, _ in columns), flush=True)
    found = []
    for size in sizes:
        url = databases.fresh(kind, f"waiting{size}")
        waiting.enter(url, size, now)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found.append(pool.apply(measure, (databases.folder, url, size, *more)))
        databases.drop(kind, f"waiting{size}")
        cells = zip(astuple(found[-1]), columns, strict=True)
        print("".join(f"{cell:>{_WIDE}{form}}" for cell, (_, form) in cells), flush=True)
    return found
