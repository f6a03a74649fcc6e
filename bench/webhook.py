"""How many WeChat messages a second keepwarm answers, and how long each waits, beside what a bare handler could do.

Each call is verified, understood, encrypted, durably committed and answered by the real `keepwarm serve`. Beside it,
in short rounds by turns: (a) a bare handler that commits the same rows, a commit a message; (b) the same with group
commit, which is the limit; (c) WeRoBot with its SQLite session. Exit 1 if an answer was wrong or a floor was missed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import fixed_text, servers
from bench.servers import Server
from tests import postgres

ROUNDS = 3
JUDGED_AT = 16  # in flight
MOST_MEGABYTES = 200
KEEPWARM, BARE, GROUPED, WEROBOT = "keepwarm", "(a) bare, a commit each", "(b) bare, group commit", "(c) WeRoBot"
_WARM_UP = 1.0  # seconds


@dataclass(frozen=True)
class Figures:
    """Of one contender with so many in flight: the medians of the rounds, calls a second and milliseconds."""

    rate: float
    p50: float
    p99: float


Table = dict[tuple[str, int], Figures]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.webhook", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6.0, help="for each figure, in three rounds")
    parser.add_argument("--in-flight", default="1,16,64")
    parser.add_argument("--postgres", action="store_true", help="fail rather than go without PostgreSQL")
    options = parser.parse_args()
    if options.postgres and not postgres.binaries():
        sys.exit(postgres.MISSING)
    levels = [int(level) for level in options.in_flight.split(",")]
    with tempfile.TemporaryDirectory(prefix="kwbench") as name:
        sys.exit(_run(Path(name), levels, options.seconds / ROUNDS))


def _run(folder: Path, levels: Sequence[int], seconds: float) -> int:
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} before; WeRoBot served by {fixed_text.SERVER}")
    print("22 different questions from 100 people: keepwarm remembers what short ones mean, as it does in real life")
    servers.write_requests(folder / "requests")
    with _on_sqlite(folder) as contenders:
        table = _compared(contenders, folder, levels, seconds)
        memory = contenders[0].megabytes()
    _print(table, levels)
    print(f"keepwarm's resident memory: {memory} MB\n")
    failed = _judge(table, memory) if JUDGED_AT in levels else 0
    if postgres.binaries():
        print("\nPostgreSQL, on the same machine")
        _print(_on_postgres(folder, levels, seconds), levels)
    return failed


@contextmanager
def _on_sqlite(folder: Path) -> Iterator[list[Server]]:
    """The contenders, each with a copy of the same database; the rows that the bare ones write are keepwarm's."""
    ours, each, grouped = (folder / f"{name}.db" for name in ("keepwarm", "each", "grouped"))
    servers.prepare(f"sqlite:///{ours}", folder)
    for copy in (each, grouped):
        shutil.copy(ours, copy)
    with ExitStack() as stack:
        keepwarm = stack.enter_context(servers.keepwarm(KEEPWARM, f"sqlite:///{ours}", folder))
        _load(keepwarm, folder, JUDGED_AT, _WARM_UP)
        others = [
            stack.enter_context(servers.bare(BARE, each, ours)),
            stack.enter_context(servers.bare(GROUPED, grouped, ours, "--group")),
            stack.enter_context(servers.fixed_text(WEROBOT, folder / "werobot.db")),
        ]
        for other in others:
            _load(other, folder, JUDGED_AT, _WARM_UP)
        yield [keepwarm, *others]


def _on_postgres(folder: Path, levels: Sequence[int], seconds: float) -> Table:
    """One server and two at once, each pair of rounds on a database of its own."""
    table: Table = {}
    with postgres.cluster() as cluster:
        for processes, name in ((1, "keepwarm"), (2, "keepwarm, two processes")):
            url = postgres.fresh(cluster, f"bench{processes}")
            servers.prepare(url, folder)
            with servers.keepwarm(name, url, folder, processes) as server:
                _load(server, folder, JUDGED_AT, _WARM_UP)
                table |= _compared([server], folder, levels, seconds)
    return table


def _compared(contenders: Sequence[Server], folder: Path, levels: Sequence[int], seconds: float) -> Table:
    """By turns, so that whatever else this machine does hits all alike."""
    rounds: dict[tuple[str, int], list[Figures]] = {}
    for level in levels:
        for _ in range(ROUNDS):
            for contender in contenders:
                waits = _load(contender, folder, level, seconds)
                rounds.setdefault((contender.name, level), []).append(_figures(waits, seconds))
    return {key: _median(found) for key, found in rounds.items()}


def _load(server: Server, folder: Path, in_flight: int, seconds: float) -> list[float]:
    """The waits of a round. Raises where an answer was none, or is not in the database as often as it was given."""
    stored = server.stored() if server.database else 0
    ports = ",".join(map(str, server.ports))
    line = ["-m", "bench.load", folder / "requests", "--ports", ports, "--in-flight", in_flight, "--seconds", seconds]
    done = subprocess.run([sys.executable, *map(str, line)], check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["failed"]:
        raise RuntimeError(f"{server.name}: {found['failed']} calls were not answered rightly: {found['errors']}")
    if server.database and server.stored() - stored != found["answered"]:
        raise RuntimeError(f"{server.name}: {found['answered']} answers, {server.stored() - stored} messages stored")
    return list(found["waits"])


def _figures(waits: Sequence[float], seconds: float) -> Figures:
    percentiles = statistics.quantiles(waits, n=100)
    return Figures(len(waits) / seconds, percentiles[49] * 1000, percentiles[98] * 1000)


def _median(rounds: Sequence[Figures]) -> Figures:
    return Figures(*(statistics.median(getattr(one, name) for one in rounds) for name in ("rate", "p50", "p99")))


def _print(table: Table, levels: Sequence[int]) -> None:
    """A row a contender; beside the rate, how it compares with keepwarm's."""
    print(f"\n{'in flight':>26}" + "".join(f"{level:>30}" for level in levels))
    print(" " * 26 + f"{'req/s':>10}{'p50 ms':>8}{'p99 ms':>8}{'':>4}" * len(levels))
    for name in dict.fromkeys(name for name, _ in table):
        cells = (table[name, level] for level in levels)
        print(f"{name:>26}" + "".join(f"{one.rate:>10,.0f}{one.p50:>8.1f}{one.p99:>8.1f}{'':>4}" for one in cells))
    for name in (BARE, GROUPED, WEROBOT):
        if (name, levels[0]) in table:
            ratios = (table[KEEPWARM, level].rate / table[name, level].rate for level in levels)
            print(f"{f'keepwarm / {name[:3]}':>26}" + "".join(f"{ratio:>10.0%}{'':>20}" for ratio in ratios))


def _judge(table: Table, memory: int) -> int:
    """Prints what was reached; 1 if a floor was missed."""
    ours, bare, grouped, werobot = (table[name, JUDGED_AT] for name in (KEEPWARM, BARE, GROUPED, WEROBOT))
    floors = {
        f"floor: at least 1.5 x (c) at {JUDGED_AT} in flight": ours.rate >= 1.5 * werobot.rate,
        f"floor: p99 under (c)'s at {JUDGED_AT} in flight": ours.p99 < werobot.p99,
        f"floor: under {MOST_MEGABYTES} MB resident": memory < MOST_MEGABYTES,
    }
    goals = {
        f"goal: at least half of (a) at {JUDGED_AT} in flight": ours.rate >= bare.rate / 2,
        f"stretch: at least half of (b) at {JUDGED_AT} in flight": ours.rate >= grouped.rate / 2,
    }
    for text, reached in (floors | goals).items():
        print(f"{'PASS' if reached else 'FAIL'}  {text}")
    return 0 if all(floors.values()) else 1


if __name__ == "__main__":
    main()
