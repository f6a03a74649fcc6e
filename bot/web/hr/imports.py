"""`/hr/import`: a spreadsheet is brought, looked at, and only then imported; bad rows come back as a file."""

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bot.errors import ContentError, KeepwarmError
from bot.importing import headers, run, sheet
from bot.importing.run import KINDS, Job
from bot.log import broke
from bot.store import uploads
from bot.store.sight import seen_by
from bot.store.tables import candidates
from bot.store.uploads import Upload
from bot.web.hr.visit import Denied, File, Go, Page, Reply, Visit

HERE = "/hr/import"
BIGGEST = 16 * 1024 * 1024
_STAFF = "staff"  # the kind of file that makes accounts
_AT_ONCE = 500
_EMPTY: dict[str, Any] = {
    "refused": "",
    "strangers": 0,
    "counts": {},
    "notes": [],
    "faults": [],
    "warnings": [],
}
_log = structlog.get_logger()


def show(visit: Visit) -> Reply:
    return _form(visit)


def check(visit: Visit) -> Reply:
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
    return Go(f"{HERE}/{number}")


def look(visit: Visit) -> Reply:
    """How it stands; the page asks again by itself while somebody works on it."""
    found = _theirs(visit)
    return Page("hr/upload.html", {"upload": found, "report": _EMPTY | dict(found.report)})


def do(visit: Visit) -> Reply:
    found = _theirs(visit)
    if visit.write(lambda connection: uploads.begin(connection, found.id, visit.now)):
        _in_background(visit, found.id, dry=False)
    return Go(f"{HERE}/{found.id}")


def bad_rows(visit: Visit) -> Reply:
    found = _theirs(visit)
    body = visit.read(lambda connection: uploads.bad_rows(connection, visit.cipher, found.id))
    return File(f"{found.name}.errors.csv", body)


def _form(visit: Visit, fault: str = "", status: int = 200) -> Page:
    return Page("hr/import.html", {"kinds": _kinds(visit), "fault": fault}, status)


def _kinds(visit: Visit) -> list[str]:
    """Accounts are for admins to make."""
    return [kind for kind in KINDS if kind != _STAFF or visit.may("staff")]


def _theirs(visit: Visit) -> Upload:
    number = visit.number()
    found = visit.read(lambda c: uploads.find(c, visit.cipher, number, visit.staff.code, visit.now))
    if found is None or found.what not in _kinds(visit):
        raise Denied("upload")
    return found


def _in_background(visit: Visit, number: int, dry: bool) -> None:
    threading.Thread(target=_run, args=(visit, number, dry), name="import", daemon=True).start()


def _run(visit: Visit, number: int, dry: bool) -> None:
    report: dict[str, Any] = {}
    state, errors = "refused", b""
    try:
        state, report, errors = _ran(visit, number, dry)
    except KeepwarmError as error:
        report = {"refused": str(error)}
    except Exception as error:
        _log.error("import_broke", **broke(error))
    visit.write(lambda connection: uploads.end(connection, visit.cipher, number, state, report, errors, visit.now))


def _ran(visit: Visit, number: int, dry: bool) -> tuple[str, dict[str, Any], bytes]:
    """Raises UnusableFile or ContentError where no row can be read."""
    house, database = visit.desk.house, visit.desk.database
    body, map_ = visit.read(lambda connection: uploads.content(connection, visit.cipher, number))
    what = _theirs_what(visit, number)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows"
        file.write_bytes(body)
        mapped = Path(folder) / "map.yaml" if map_ else None
        if mapped:
            mapped.write_text(map_, encoding="utf-8")
        job = Job(what, file, house.settings, database, visit.cipher, visit.now, visit.actor, dry, mapped)
        try:
            if strangers := _strangers(visit, job):
                return "refused", {"strangers": strangers}, b""
            found = run.run(job)
        except ContentError as error:
            return "refused", {"refused": "\n".join(f"{fault.line}: {fault.text}" for fault in error.faults)}, b""
        except sheet.UnusableFile as error:
            return "refused", {"refused": str(error).replace(f"{file}: ", "")}, b""
        errors = found.errors_file.read_bytes() if found.errors_file else b""
    report = {"counts": found.counts, "faults": found.faults, "warnings": found.warnings, "warned": found.warned}
    return "checked" if dry else "imported", report | {"notes": found.notes}, errors


def _theirs_what(visit: Visit, number: int) -> str:
    found = visit.read(lambda c: uploads.find(c, visit.cipher, number, visit.staff.code, visit.now))
    if found is None:
        raise Denied("upload")
    return found.what


def _strangers(visit: Visit, job: Job) -> int:
    """How many rows are about candidates who are not theirs to see: an import must not reach further than a page."""
    if job.what != "candidates" or visit.sight.everybody:
        return 0
    columns = list(KINDS[job.what].all_columns(visit.desk.house.settings.stages.all))
    known = sorted({column for kind in KINDS.values() for column in kind.all_columns(job.settings.stages.all)})
    ways = headers.read_map(job.map, known) if job.map else headers.HeaderMap()
    with sheet.opened(job.file, job.what) as page:
        place = headers.match(job.file, page.header, columns, ways).places.get("code")
        codes = sorted({_cell(line, place) for line in page.rows})
    return sum(visit.read(lambda c, part=part: _hidden(c, visit, part)) for part in _parts(codes))  # type: ignore[misc]


def _cell(line: sheet.Line, place: int | None) -> str:
    return sheet.plain(line.cells[place]) if place is not None and place < len(line.cells) else ""


def _hidden(connection: Connection, visit: Visit, codes: list[str]) -> int:
    mine = sa.select(candidates.c.id).where(seen_by(visit.sight))
    hidden = candidates.c.code.in_(codes), candidates.c.id.not_in(mine)
    return int(connection.execute(sa.select(sa.func.count()).select_from(candidates).where(*hidden)).scalar_one())


def _parts(codes: list[str]) -> list[list[str]]:
    return [codes[begin : begin + _AT_ONCE] for begin in range(0, len(codes), _AT_ONCE)]
