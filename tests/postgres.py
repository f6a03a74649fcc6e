"""A private PostgreSQL for the tests: a cluster in a temporary folder, on a free port of this machine only."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import sqlalchemy as sa

_ROOM = 2 << 30  # bytes
MISSING = "PostgreSQL is not on this machine: apt-get install -y postgresql"


def binaries() -> Path | None:
    """The folder with initdb and postgres, the newest there is."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def in_memory() -> Path | None:
    """A folder in memory, where there is one with room: making a database there takes a tenth of the time."""
    found = Path("/dev/shm")  # the cluster is in a folder of its own there
    return found if found.is_dir() and shutil.disk_usage(found).free > _ROOM else None


@contextmanager
def cluster(where: Path | None = None) -> Iterator[str]:
    """Gives the URL of its maintenance database. `where` it lies: with other temporary files if left out."""
    folder = Path(mkdtemp(prefix="kwpg", dir=where))
    user = _unprivileged()
    try:
        if user:
            shutil.chown(folder, user)
        port = _free_port()
        _run(user, "initdb", "-D", folder / "data", "-U", "keepwarm", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c max_connections=200 -c fsync=off -c full_page_writes=off"
        _run(user, "pg_ctl", "-D", folder / "data", "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql+psycopg://keepwarm@127.0.0.1:{port}/postgres"
        finally:
            _run(user, "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fresh(server: str, name: str, template: str = "template1") -> str:
    """Makes an empty database (or a copy of `template`) and gives its URL."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def drop(server: str, name: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    engine.dispose()


def restart(server: str) -> None:
    """As after a crash: nobody is told, and every connection is gone."""
    engine = sa.create_engine(server, poolclass=sa.NullPool)
    with engine.connect() as connection:
        folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
    log = Path(folder).with_name("log")
    _run(_unprivileged(), "pg_ctl", "-D", folder, "-m", "immediate", "-l", log, "-w", "restart")


@contextmanager
def refusing(url: sa.URL) -> Iterator[None]:
    """Nobody has or gets a connection to this database while this lasts, as while its server is away."""
    theirs = {"name": url.database}
    engine = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS false')
        ending = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = :name"
        connection.execute(sa.text(ending), theirs)
        try:
            yield
        finally:
            connection.exec_driver_sql(f'ALTER DATABASE "{url.database}" ALLOW_CONNECTIONS true')


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


def _run(user: str | None, program: str, *arguments: object) -> None:
    folder = binaries()
    assert folder, MISSING
    command = [str(folder / program), *map(str, arguments)]
    subprocess.run(
        command,
        check=True,
        user=user,
        cwd="/",
        stdout=subprocess.DEVNULL,
        env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]},
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
