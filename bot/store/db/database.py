"""One way to the database for every part: `write` runs work in a transaction, `read` looks without one.

On SQLite a single writer thread takes work in the order it came; work that waits meanwhile shares one commit, and if a
piece of it fails, each runs again in a transaction of its own. On PostgreSQL a small pool of threads has a transaction
for each. So work may run twice, and should do nothing that a rollback does not undo.

`sqlite:///FILE?synchronous=off` waits for no disk: for data that may go with the machine, as a simulation's.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]

_TOGETHER = 32  # pieces of work that may share a commit
_WRITERS, _READERS = 8, 4  # connections to PostgreSQL that a process keeps, at most
_BUSY_MS = 30_000


class Writer(Protocol):
    """Runs work in a transaction, on a thread of its own."""

    def submit(self, work: Work[Any]) -> Future[Any]: ...
    def close(self) -> None: ...


class Database:
    """A SQLite file or a PostgreSQL database. Close it when done."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if self.sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        self._writer: Writer
        if self.sqlite:
            self.engine = _sqlite_engine(self.url, "BEGIN")
            self._writer = _OneWriter(_sqlite_engine(self.url, "BEGIN IMMEDIATE"))
        else:
            self.engine = _postgres_engine(self.url, _READERS, ping=True)
            self._writer = _Pool(_postgres_engine(self.url, _WRITERS, ping=False))

    def submit(self, work: Work[T]) -> Future[T]:
        """Runs `work` in a transaction soon; the future is done once it is durably committed."""
        return self._writer.submit(work)

    def write(self, work: Work[T]) -> T:
        """Runs `work` in a transaction and waits until it is durably committed."""
        return self.submit(work).result()

    def read(self, work: Work[T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def close(self) -> None:
        self._writer.close()
        self.engine.dispose()


class _OneWriter:
    """SQLite's only writer in this process: first come, first served, group commit."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[Any]) -> Future[Any]:
        future: Future[Any] = Future()
        if not self._thread.is_alive():
            future.set_exception(RuntimeError("the database is closed"))
            return future
        self._waiting.put((work, future))
        return future

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        open_ = True
        while open_:
            group, open_ = self._next_group()
            if group:
                self._commit_together(group)

    def _next_group(self) -> tuple[list[tuple[Work[Any], Future[Any]]], bool]:
        group: list[tuple[Work[Any], Future[Any]]] = []
        item = self._waiting.get()
        while item is not None:
            if item[1].set_running_or_notify_cancel():
                group.append(item)
            if len(group) >= _TOGETHER:
                return group, True
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return group, True
        return group, False

    def _commit_together(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        begun = False
        try:
            with self._engine.begin() as connection:
                begun = True
                results = [work(connection) for work, _ in group]
        except BaseException as error:
            if begun and len(group) > 1:
                for item in group:
                    self._commit_together([item])
            else:
                for _, future in group:
                    future.set_exception(error)
        else:
            for (_, future), result in zip(group, results, strict=True):
                future.set_result(result)


class _Pool:
    """PostgreSQL: several transactions at once. A deadlock's victim, who met another's key, or who found the server
    started anew, runs once more; but not who lost it over the commit, which may have been made."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(_WRITERS, thread_name_prefix="postgres-writer")

    def submit(self, work: Work[Any]) -> Future[Any]:
        return self._threads.submit(self._run, work)

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _run(self, work: Work[Any], again: bool = True) -> Any:
        done = False
        try:
            with self._engine.begin() as connection:
                result = work(connection)
                done = True
        except (sa.exc.IntegrityError, sa.exc.OperationalError):
            if done or not again:
                raise
            return self._run(work, again=False)
        return result


def _sqlite_engine(url: sa.URL, begin: str) -> sa.Engine:
    lasting = url.query.get("synchronous") != "off"
    file = url.difference_update_query(["synchronous"])
    engine = sa.create_engine(
        file, connect_args={"timeout": _BUSY_MS / 1000, "check_same_thread": False}, hide_parameters=True
    )

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own loses updates
        synchronous = f"synchronous={'FULL' if lasting else 'OFF'}"
        for pragma in ("journal_mode=WAL", synchronous, "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        try:
            driver.execute(begin)
        except sqlite3.OperationalError as error:
            raise sa.exc.OperationalError(begin, None, error) from error

    return engine


def _postgres_engine(url: sa.URL, size: int, ping: bool) -> sa.Engine:
    """`ping`: asks before each use whether the server is still there, which costs a sixth of a small transaction."""
    driver = url.set(drivername="postgresql+psycopg")
    return sa.create_engine(driver, pool_size=size, pool_pre_ping=ping, hide_parameters=True)
