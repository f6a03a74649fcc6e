"""What any bot on SQLite must do for a message, and nothing else: checks the signature, commits the rows, answers.

No understanding, no encryption, no conversation: the rows are copies of those that keepwarm wrote for the same
questions, inserted by raw sqlite3 on one writer thread into a copy of the same database. A commit a message; with
`--group` whatever waits shares one.
"""

import argparse
import asyncio
import hashlib
import itertools
import os
import queue
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiohttp import web

Row = tuple[Any, ...]
Sample = tuple[Row, Row, Row]  # of inbound, of outbound, what changes at the address
Waiting = tuple[Sample, "asyncio.Future[None]"]

_INBOUND = (
    *("channel", "address_id", "candidate_id", "turn", "kind", "text", "detail", "intent", "p", "received_at"),
    *("answer", "answer_type"),
)
_OUTBOUND = (
    *("address_id", "candidate_id", "kind", "said", "text", "road", "state", "due_at", "expires_at", "created_at"),
    "sent_at",
)
_ADDRESS = ("talk", "turn", "last_inbound_at", "id")
_INSERT_INBOUND = f"INSERT INTO inbound (key, {', '.join(_INBOUND)}) VALUES (?{', ?' * len(_INBOUND)})"
_INSERT_OUTBOUND = f"INSERT INTO outbound (inbound_id, {', '.join(_OUTBOUND)}) VALUES (?{', ?' * len(_OUTBOUND)})"
_UPDATE_ADDRESS = "UPDATE addresses SET talk = ?, turn = ?, last_inbound_at = ? WHERE id = ?"
_TABLES = (("inbound", _INBOUND), ("outbound", _OUTBOUND), ("addresses", _ADDRESS))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.bare", description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("--samples", type=Path, required=True, help="a database that keepwarm has answered from")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--group", action="store_true")
    options = parser.parse_args()
    bare = Bare(options.database, _samples(options.samples), options.token, options.group)
    app = web.Application()
    app.router.add_post("/wechat", bare.answer)
    web.run_app(app, host="127.0.0.1", port=options.port, access_log=None, print=None)


class Bare:
    """One handler and one writer."""

    def __init__(self, database: Path, samples: list[Sample], token: str, group: bool) -> None:
        self._samples: Iterator[Sample] = itertools.cycle(samples)
        self._token, self._group = token, group
        length = sum(len(inbound[_INBOUND.index("answer")]) for inbound, _, _ in samples) // len(samples)
        self._body = b"<xml><Content>%s</Content></xml>" % (b"x" * length)
        self._waiting: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
        threading.Thread(target=self._write, args=(database,), daemon=True).start()

    async def answer(self, request: web.Request) -> web.Response:
        query = request.query
        parts = sorted((self._token, query["timestamp"], query["nonce"]))
        if hashlib.sha1("".join(parts).encode()).hexdigest() != query["signature"]:
            return web.Response(status=403)
        await request.read()
        done = asyncio.get_running_loop().create_future()
        self._waiting.put((next(self._samples), done))
        await done
        return web.Response(body=self._body, content_type="application/xml")

    def _write(self, database: Path) -> None:
        connection = sqlite3.connect(database, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        while True:
            group = self._next_group()
            connection.execute("BEGIN IMMEDIATE")
            for sample, _ in group:
                _insert(connection, sample)
            connection.execute("COMMIT")
            group[0][1].get_loop().call_soon_threadsafe(_finish, [done for _, done in group])

    def _next_group(self) -> list[Waiting]:
        group = [self._waiting.get()]
        while self._group and not self._waiting.empty():
            group.append(self._waiting.get())
        return group


def _insert(connection: sqlite3.Connection, sample: Sample) -> None:
    inbound, outbound, address = sample
    number = connection.execute(_INSERT_INBOUND, (os.urandom(16), *inbound)).lastrowid
    connection.execute(_INSERT_OUTBOUND, (number, *outbound))
    connection.execute(_UPDATE_ADDRESS, address)


def _finish(group: "list[asyncio.Future[None]]") -> None:
    for done in group:
        if not done.done():
            done.set_result(None)


def _samples(database: Path) -> list[Sample]:
    columns = [f"{table}.{name}" for table, names in _TABLES for name in names]
    joined = (
        "inbound JOIN outbound ON outbound.inbound_id = inbound.id JOIN addresses ON addresses.id = inbound.address_id"
    )
    with sqlite3.connect(database) as connection:
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM {joined} GROUP BY inbound.id").fetchall()
    first, second = len(_INBOUND), len(_INBOUND) + len(_OUTBOUND)
    return [(row[:first], row[first:second], row[second:]) for row in rows]


if __name__ == "__main__":
    main()
