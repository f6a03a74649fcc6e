"""`/hr/import`: a spreadsheet is brought, looked at, and only then imported; bad rows come back as a file."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from sqlalchemy.engine import Connection

from bot.errors import ContentError, KeepwarmError
from bot.imports import run
from bot.imports.run import KINDS, ImportJob
from bot.imports.unusable import UnusableFile
from bot.platform.log import broke
from bot.store import uploads
from bot.store.uploads import Upload
from bot.web.hr.request import Denied, File, Page, Redirect, Reply, StaffRequest

HERE = "/hr/import"
BIGGEST = 16 * 1024 * 1024
_STAFF = "staff"  # the kind of file that makes accounts
_FILE = "rows"  # the name under which it lies for a moment
_EMPTY: dict[str, Any] = {
    "refused": "",
    "why": "",
    "values": {},
    "strangers": 0,
    "counts": {},
    "notes": [],
    "faults": [],
    "warnings": [],
}
_ROOM = threading.BoundedSemaphore(2)  # files that are read at once; the others wait, unread
_log = structlog.get_logger()


def show(visit: StaffRequest) -> Reply:
    return _form(visit)


def check(visit: StaffRequest) -> Reply:
    """Takes the file and begins to look at it; nothing is imported."""
    brought, what = visit.asked.files.get("file"), visit.said("what")
    if what not in _kinds(visit) or brought is None or not brought.body:
        return _form(visit, "file", 400)
    map_ = visit.asked.form.get("map", "").strip()
    name = Path(brought.name.replace("\\", "/")).name[:100]

    def keep(connection: Connection) -> int:
        code = visit.staff.code
        return uploads.keep(connection, visit.cipher, code, what, name, brought.body, map_, visit.now)

    number = visit.write(keep)
    _in_background(visit, number, dry=True)
    return Redirect(f"{HERE}/{number}")


def look(visit: StaffRequest) -> Reply:
    """How it stands; the page asks again by itself while somebody works on it."""
    found = _theirs(visit)
    report = _EMPTY | dict(found.report)
    return Page("hr/upload.html", {"upload": found, "report": report, "why": _why(visit, report)})


def _why(visit: StaffRequest, report: Mapping[str, Any]) -> str:
    """Why nothing of the file could be read, in their language; some reasons have it in the import's words alone."""
    key = f"unusable_{report['why']}"
    return visit.speech.t(key, **report["values"]) if visit.speech.has(key) else str(report["refused"])


def do(visit: StaffRequest) -> Reply:
    found = _theirs(visit)
    if visit.write(lambda connection: uploads.begin(connection, found.id, visit.now)):
        _in_background(visit, found.id, dry=False)
    return Redirect(f"{HERE}/{found.id}")


def bad_rows(visit: StaffRequest) -> Reply:
    found = _theirs(visit)
    body = visit.read(lambda connection: uploads.bad_rows(connection, visit.cipher, found.id))
    return File(f"{found.name}.errors.csv", body)


def _form(visit: StaffRequest, fault: str = "", status: int = 200) -> Page:
    return Page("hr/import.html", {"kinds": _kinds(visit), "fault": fault}, status)


def _kinds(visit: StaffRequest) -> list[str]:
    """Accounts are for admins to make."""
    return [kind for kind in KINDS if kind != _STAFF or visit.may("staff")]


def _theirs(visit: StaffRequest) -> Upload:
    number = visit.number()
    found = visit.read(lambda c: uploads.find(c, visit.cipher, number, visit.staff.code, visit.now))
    if found is None or found.what not in _kinds(visit):
        raise Denied("upload")
    return found


def _in_background(visit: StaffRequest, number: int, dry: bool) -> None:
    threading.Thread(target=_run, args=(visit, number, dry), name="import", daemon=True).start()


def _run(visit: StaffRequest, number: int, dry: bool) -> None:
    state, report, errors = "refused" if dry else "stopped", _because("broke"), b""
    try:
        with _beating(visit, number), _ROOM:
            state, report, errors = _ran(visit, number, dry)
    except UnusableFile as error:
        report = {"refused": str(error)} | _because(error.key, **error.values)
    except ContentError as error:
        report = {"refused": "\n".join(f"{fault.line}: {fault.text}" for fault in error.faults)}
    except KeepwarmError as error:
        report = {"refused": str(error)}
    except Exception as error:
        _log.error("import_broke", **broke(error))
    visit.write(lambda connection: uploads.end(connection, visit.cipher, number, state, report, errors, visit.now))


def _because(key: str, **values: Any) -> dict[str, Any]:
    return {"why": key, "values": values}


@contextmanager
def _beating(visit: StaffRequest, number: int) -> Iterator[None]:
    """Says from time to time that somebody works on it: a server that is gone says nothing."""
    done, begun = threading.Event(), time.monotonic()

    def beat() -> None:
        while not done.wait(uploads.BEAT.total_seconds()):
            now = visit.now + timedelta(seconds=time.monotonic() - begun)
            visit.write(partial(uploads.beat, number=number, now=now))

    threading.Thread(target=beat, name="import-beat", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _ran(visit: StaffRequest, number: int, dry: bool) -> tuple[str, dict[str, Any], bytes]:
    """Raises UnusableFile or ContentError where no row can be read."""
    body, map_ = visit.read(lambda connection: uploads.content(connection, visit.cipher, number))
    what = _theirs_what(visit, number)
    with TemporaryDirectory() as folder:
        file = Path(folder) / _FILE
        file.write_bytes(body)
        mapped = Path(folder) / "map.yaml" if map_ else None
        if mapped:
            mapped.write_text(map_, encoding="utf-8")
        settings, database = visit.desk.house.settings, visit.desk.database
        sight = visit.sight
        job = ImportJob(what, file, settings, database, visit.cipher, visit.now, visit.actor, dry, mapped, sight)
        try:
            found = run.run(job)
        except UnusableFile as error:
            raise UnusableFile(str(error).replace(f"{file}: ", ""), error.key, **error.values) from None
        errors = found.errors_file.read_bytes() if found.errors_file else b""
    report = {"counts": found.counts, "faults": _named(found.faults), "warnings": _named(found.warnings)}
    more = {"warned": found.warned, "strangers": found.beyond, "notes": found.notes}
    return "checked" if dry else "imported", report | more, errors


def _named(texts: list[str]) -> list[str]:
    """By the row: the page has the file's name."""
    return [text.removeprefix(f"{_FILE}:") for text in texts]


def _theirs_what(visit: StaffRequest, number: int) -> str:
    found = visit.read(lambda c: uploads.find(c, visit.cipher, number, visit.staff.code, visit.now))
    if found is None:
        raise Denied("upload")
    return found.what
