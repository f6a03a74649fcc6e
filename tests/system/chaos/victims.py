"""The processes that are killed, and started again at once; and the Redis and the PostgreSQL that they share."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.platform import embedded_redis
from tests import postgres
from tests.nursery import nursery
from tests.system.servers import Balancer, free_port

# What is killed how often, of a hundred kills.
ODDS = {"work": 35, "schedule": 8, "serve": 15, "redis": 20, "job": 22}
_OF_POSTGRES = 10  # more, where that is the database
_WIPED_EVERY = 5  # of the kills of Redis
_TWO_OF = ("work", "schedule", "serve")
# What somebody starts by hand, again and again.
_JOBS = ("touches", "touches", "deliver", "reconcile", "cases", "alerts")


@dataclass
class Process:
    command: tuple[str, ...]
    log: Path
    pid: int = 0

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def send(self, signum: int, patience: float) -> bool:
        """Whether it is gone within so many seconds."""
        try:
            os.kill(self.pid, signum)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + patience
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.002)
        return not self.alive


class RoundRobin(Balancer):
    """Gives each call to the next server."""

    def __init__(self) -> None:
        super().__init__()
        self.ports = [free_port(), free_port()]
        self._next = itertools.cycle(self.ports)

    def port(self) -> int:
        return next(self._next)


class Redis:
    """A server of the test's own, found as the embedded one is."""

    def __init__(self, var: Path) -> None:
        self._var = var
        self.url = f"unix://{embedded_redis.socket_of(var)}"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._server = embedded_redis.start(self._var)

    def kill(self, wipe: bool) -> None:
        assert self._server
        self._server.kill()
        self._server.wait()
        if wipe:
            shutil.rmtree(self._var / "redis")

    def stop(self) -> None:
        embedded_redis.stop(self._server)
        shutil.rmtree(embedded_redis.socket_of(self._var).parent, ignore_errors=True)


@dataclass
class Victims:
    """`killed`: by kind; `wiped`: how often Redis came back empty; `fell`: what died without being killed, with its
    last words."""

    environment: Mapping[str, str]
    redis: Redis
    folder: Path
    lot: random.Random
    processes: list[Process] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    wiped: int = 0
    fell: list[str] = field(default_factory=list)

    def start(self, ports: list[int]) -> None:
        for number, name in itertools.product(range(2), _TWO_OF):
            place = ("--port", str(ports[number])) if name == "serve" else ()
            process = Process((name, *place), self.folder / f"{name}{number}.log")
            self.processes.append(process)
            self._revive(process)
        self._by_hand()

    def kill_one(self) -> None:
        """Any, however far it is; and what fell by itself is noted, and helped up."""
        self.look()
        self._by_hand()
        url = self.environment["KEEPWARM_DATABASE_URL"]
        odds = ODDS | ({"postgres": _OF_POSTGRES} if url.startswith("postgres") else {})
        kind = self.lot.choices([*odds], [*odds.values()])[0]
        self.killed[kind] += 1
        if kind == "postgres":
            postgres.restart(url)
            return
        if kind == "redis":
            wipe = self.killed[kind] % _WIPED_EVERY == 0
            self.wiped += wipe
            self.redis.kill(wipe)
            self.redis.start()
            return
        process = self.lot.choice([each for each in self.processes if each.command[0] == kind])
        process.send(signal.SIGKILL, 10)
        if kind != "job":
            self._revive(process)
        self._by_hand()

    def look(self) -> None:
        for process in self.processes:
            if not process.alive and process.command[0] != "job":
                last = process.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
                self.fell.append("\n".join([" ".join(process.command), *last]))
                self._revive(process)

    def stop(self, *kinds: str) -> list[str]:
        """SIGTERM; gives what did not listen."""
        wanted = [each for each in self.processes if each.command[0] in kinds]
        for process in wanted:
            process.send(signal.SIGTERM, 0)
        self.processes = [each for each in self.processes if each not in wanted]
        return [" ".join(each.command) for each in wanted if not each.send(signal.SIGTERM, 30)]

    def _by_hand(self) -> None:
        """One `keepwarm job` after the other."""
        if any(each.command[0] == "job" and each.alive for each in self.processes):
            return
        self.processes = [each for each in self.processes if each.command[0] != "job"]
        job = Process(("job", self.lot.choice(_JOBS)), self.folder / "job.log")
        self.processes.append(job)
        self._revive(job)

    def _revive(self, process: Process) -> None:
        command = "-m", "bot", *process.command
        process.pid = nursery().start(command, self.environment, self.folder, process.log).pid
