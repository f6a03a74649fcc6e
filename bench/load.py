"""The load: so many callers, each sending its next request once its last is answered. A process of its own, kept light.

`python -m bench.load REQUESTS --ports 8080,8081 --in-flight 16 --seconds 2` prints one line of JSON. REQUESTS holds
pairs of texts: a request before and after its message id.
"""

import argparse
import asyncio
import itertools
import json
import random
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

Pair = tuple[bytes, bytes]
_SLOWEST = 30  # seconds until a call counts as lost
_LEAD_IN = 0.3  # seconds in which the callers connect and spread out; not part of the figures


@dataclass
class Load:
    """What the callers share. `errors` holds a few of the answers that were none."""

    requests: list[Pair]
    begins: float
    deadline: float
    waits: list[float] = field(default_factory=list)
    answered: int = 0
    failed: int = 0
    errors: list[str] = field(default_factory=list)

    def note(self, answer: bytes, started: float) -> None:
        """An answer before the beginning or after the deadline is an answer, but no part of the figures."""
        if not (answer.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")) and b"<Content>" in answer):
            self.fail(answer.decode(errors="replace"))
            return
        self.answered += 1
        now = time.perf_counter()
        if self.begins <= now <= self.deadline:
            self.waits.append(now - started)

    def fail(self, why: str) -> None:
        self.failed += 1
        self.errors = [*self.errors, why][:3]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("requests", type=Path)
    parser.add_argument("--ports", required=True)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    pairs = [(before.encode(), after.encode()) for before, after in json.loads(options.requests.read_text())]
    random.Random(time.time_ns()).shuffle(pairs)
    begins = time.perf_counter() + _LEAD_IN
    load = Load(pairs, begins, begins + options.seconds)
    asyncio.run(_run(load, [int(port) for port in options.ports.split(",")], options.in_flight))
    found = {"waits": load.waits, "answered": load.answered, "failed": load.failed, "errors": load.errors}
    json.dump(found, sys.stdout)


async def _run(load: Load, ports: list[int], in_flight: int) -> None:
    requests, ids = itertools.cycle(load.requests), itertools.count(time.time_ns())
    async with asyncio.TaskGroup() as group:
        for number in range(in_flight):
            group.create_task(_calls(load, ports[number % len(ports)], requests, ids))


async def _calls(load: Load, port: int, requests: "itertools.cycle[Pair]", ids: "itertools.count[int]") -> None:
    connection = None
    while time.perf_counter() < load.deadline:
        before, after = next(requests)
        request = b"%s%d%s" % (before, next(ids), after)
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_SLOWEST):
                connection = connection or await _connected(port)
                answer, stays_open = await _exchange(connection, request)
        except (OSError, TimeoutError) as error:
            load.fail(repr(error))
            answer, stays_open = b"", False
        else:
            load.note(answer, started)
        if connection and not stays_open:
            connection.close()
            connection = None
    if connection:
        connection.close()


async def _connected(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    return connection


async def _exchange(connection: socket.socket, request: bytes) -> tuple[bytes, bool]:
    """The whole answer, and whether the server keeps the connection open."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(connection, request)
    answer = b""
    while True:
        part = await loop.sock_recv(connection, 65_536)
        answer += part
        head, end, body = answer.partition(b"\r\n\r\n")
        if not part or (end and len(body) >= _length(head)):
            break
    kept = bool(part) and head.startswith(b"HTTP/1.1") and b"connection: close" not in head.lower()
    return answer, kept


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])


if __name__ == "__main__":
    main()
