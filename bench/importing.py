"""How fast 100,000 candidates come in, beside raw inserts of the same rows, and how long a webhook waits meanwhile.

`python -m bench.importing [--rows N]`; with KEEPWARM_BENCH_POSTGRES=postgresql://… (an empty database) there too.
"""

import argparse
import base64
import csv
import multiprocessing
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import sqlalchemy as sa

from bot.imports.run import ImportJob, Report, run
from bot.settings import Company, Settings
from bot.store.db.database import Database
from bot.store.db.setup import open_store
from bot.store.tables import meta
from fakes import company
from fakes.company import candidates, cohorts, names

ROWS_A_TRANSACTION = 200
WEBHOOK_EVERY = 0.05  # seconds
DATA_KEY = base64.b64encode(bytes(range(32))).decode()
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SETTINGS = Settings(company=Company(name="bench"))
TABLES = ("candidates", "stage_times")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.importing", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="kwbench") as name:
        folder = Path(name)
        company.write(folder, NOW)
        file = folder / "many.csv"
        _write_file(file, rows)
        print(f"{rows:,} candidates, {file.stat().st_size / 1e6:.0f} MB of CSV, {os.cpu_count()} processors")
        _measure(f"sqlite:///{folder}/keepwarm.db", folder, file, rows)
        if url := os.environ.get("KEEPWARM_BENCH_POSTGRES"):
            _measure(url, folder, file, rows)


def _write_file(path: Path, rows: int) -> None:
    lot = Random("bench")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, candidates.COLUMNS, restval="")
        writer.writeheader()
        for number in range(rows):
            row = candidates.of_crowd(number, NOW, lot, "training_notice", cohorts.PUBLISHED, (6, 14))
            phone = names.chinese_mobile(number)
            grouped = f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}"  # the library's own parser has to read these
            writer.writerow(row | {"code": f"M{number}", "phone": grouped if number % 20 == 0 else phone, "invite": ""})


def _measure(url: str, folder: Path, file: Path, rows: int) -> None:
    _prepare(url, folder)
    print(f"\n{sa.make_url(url).get_backend_name()}")
    idle = _webhook(url, lambda count: count < 40)
    found = _import_beside_a_webhook(url, file)
    again = _start_import(url, file).get()
    raw = _raw_inserts(url, folder)
    print(f"  import        {rows / found['seconds']:>8,.0f} rows/s   (a webhook writing beside it)")
    print(f"  import again  {rows / again['seconds']:>8,.0f} rows/s   (nothing has changed: {again['report']})")
    print(f"  raw inserts   {rows / raw:>8,.0f} rows/s   import is {raw / found['seconds']:.0%} of it")
    print("  peak memory   " + ", ".join(f"{mb:.0f} MB at {share:.0%}" for share, mb in found["memory"]))
    print(f"  webhook waits {_spread(found['waits'])}   idle: {_spread(idle)}")


def _prepare(url: str, folder: Path) -> None:
    """The stores, staff and cohorts that the candidates refer to."""
    database, cipher = open_store(url, DATA_KEY, migrate=True)
    for what in ("stores", "staff", "cohorts"):
        run(ImportJob(what, folder / f"{what}.csv", SETTINGS, database, cipher, NOW, "cli:bench"))
    database.close()


def _import_beside_a_webhook(url: str, file: Path) -> dict[str, Any]:
    answers = _start_import(url, file)
    waits = _webhook(url, lambda _: answers.empty())
    return answers.get() | {"waits": waits}


def _start_import(url: str, file: Path) -> "Queue[dict[str, Any]]":
    context = multiprocessing.get_context("spawn")
    answers: Queue[dict[str, Any]] = context.Queue()
    context.Process(target=_importer, args=(url, file, answers)).start()
    return answers


def _importer(url: str, file: Path, answers: "Queue[dict[str, Any]]") -> None:
    database, cipher = open_store(url, DATA_KEY)
    memory: list[tuple[float, float]] = []

    def watch(share: float, _: Report) -> None:
        passed = (0.1, 0.5, 1.0)[len(memory) :]
        if passed and share >= passed[0]:
            memory.append((passed[0], peak_memory()))

    started = time.perf_counter()
    report = run(ImportJob("candidates", file, SETTINGS, database, cipher, NOW, "cli:bench"), watch)
    seconds = time.perf_counter() - started
    database.close()
    answers.put({"seconds": seconds, "memory": memory, "report": _said(report)})


def peak_memory() -> float:  # MB; not getrusage, which begins at the peak of the process that started this one
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _said(report: Report) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in report.counts.items() if count)


def _webhook(url: str, going_on: Callable[[int], bool]) -> list[float]:
    """Waits of small transactions, in seconds, through a process and a database of their own."""
    database, waits = Database(url), list[float]()
    while going_on(len(waits)):
        started = time.perf_counter()
        database.write(_touch)
        waits.append(time.perf_counter() - started)
        time.sleep(max(0.0, WEBHOOK_EVERY - waits[-1]))
    database.close()
    return waits


def _touch(connection: sa.Connection) -> None:
    connection.execute(sa.delete(meta).where(meta.c.key == "bench"))
    connection.execute(sa.insert(meta).values(key="bench", value=b"0" * 500))


def _spread(waits: Sequence[float]) -> str:
    ordered = sorted(waits)
    points = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99, 1)]
    return "p50 {:.0f} ms, p99 {:.0f} ms, max {:.0f} ms".format(*(point * 1000 for point in points))


def _raw_inserts(url: str, folder: Path) -> float:
    """Seconds for the same final rows through the driver alone, under the same guarantees."""
    database = Database(url)
    kept = [(table, *_rows(database, table)) for table in TABLES]
    database.close()
    connection, mark = _raw_sqlite(folder) if url.startswith("sqlite") else _raw_postgres(url)
    batches = range(-(-len(kept[0][2]) // ROWS_A_TRANSACTION))
    started = time.perf_counter()
    for batch in batches:
        cursor = connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if mark == "?" else "BEGIN")
        for table, columns, rows in kept:
            size = len(rows) // len(batches)
            part = rows[batch * size :] if batch == batches[-1] else rows[batch * size : (batch + 1) * size]
            marks = ", ".join([mark] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", part)
        cursor.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def _rows(database: Database, table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    order = "id" if table == "candidates" else "candidate_id, at"
    with database.engine.begin() as connection:
        found = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY {order}")
        return list(found.keys()), [tuple(row) for row in found]


def _raw_sqlite(folder: Path) -> tuple[Any, str]:
    url = f"sqlite:///{folder}/raw.db"
    _prepare(url, folder)
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection, "?"


def _raw_postgres(url: str) -> tuple[Any, str]:
    connection = psycopg.connect(sa.make_url(url).set(drivername="postgresql").render_as_string(False), autocommit=True)
    connection.execute("TRUNCATE candidates CASCADE")
    return connection, "%s"


if __name__ == "__main__":
    main()
