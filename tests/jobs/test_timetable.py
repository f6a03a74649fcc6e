"""Workers and schedulers outlive their Redis, and each other."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bot.platform import embedded_redis
from jobs import scheduler
from tests.conftest import clock_of_this_test
from tests.system.servers import ROOT, wait_for


class Queue:
    """A Redis that can be killed, and what a worker has done of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.done = folder, folder / "done"
        self.start()

    def start(self) -> None:
        self._server = embedded_redis.start(self.folder)

    def kill(self) -> None:
        assert self._server
        self._server.kill()
        self._server.wait()

    @property
    def connection(self) -> "redis.Redis":
        return embedded_redis.connect("", self.folder)

    def put(self) -> None:
        scheduler.queue(self.connection).enqueue(scheduler.perform, "slow", result_ttl=0)

    def begun(self) -> int:
        return self.done.read_text(encoding="ascii").count("begun") if self.done.exists() else 0

    def stop(self) -> None:
        embedded_redis.stop(self._server)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    made = Queue(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def worker(queue: Queue) -> Iterator["subprocess.Popen[bytes]"]:
    program = Path(__file__).with_name("slow_worker.py")
    command = [sys.executable, str(program), str(embedded_redis.socket_of(queue.folder)), str(queue.done)]
    process = subprocess.Popen(command, cwd=ROOT, env=clock_of_this_test() | {"PYTHONPATH": str(ROOT)})
    yield process
    process.kill()
    process.wait()


def test_a_worker_goes_on_when_redis_dies_in_the_middle_of_its_job(
    queue: Queue, worker: "subprocess.Popen[bytes]"
) -> None:
    queue.put()
    wait_for(lambda: queue.begun() == 1, 60)
    queue.kill()
    time.sleep(2)  # its job ends meanwhile, and cannot be put away
    queue.start()
    before = queue.begun()
    queue.put()
    wait_for(lambda: queue.begun() > before or worker.poll() is not None, 60)
    assert worker.poll() is None


def test_a_worker_that_lost_redis_in_its_job_ends_when_told_so(queue: Queue, worker: "subprocess.Popen[bytes]") -> None:
    queue.put()
    wait_for(lambda: queue.begun() == 1, 60)
    queue.kill()
    time.sleep(2)  # its job ends meanwhile, and cannot be put away
    queue.start()
    wait_for(lambda: "left" in queue.done.read_text(encoding="ascii"), 60)
    worker.terminate()  # before it begins anew
    assert worker.wait(30) == 0
