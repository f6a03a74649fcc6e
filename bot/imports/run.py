"""Imports one file: a batch of rows is read and decided outside the transaction, looked at again and written inside.

Transactions stay small, so that whoever writes meanwhile (a webhook) waits for milliseconds.
"""

import gc
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from bot.imports import errorfile, headers, sheet
from bot.imports.apply import settle
from bot.imports.candidates import CandidateSheet
from bot.imports.cells import IMPORT, CellContext, Source
from bot.imports.cohorts import CohortSheet
from bot.imports.file_type import Bad, Beyond, Clash, Decision, Kind, LayoutReader, SheetRow
from bot.imports.headers import HeaderMap, Layout
from bot.imports.reach import Reach
from bot.imports.sheet import SheetLine
from bot.imports.staff import StaffSheet
from bot.imports.stores import StoreSheet
from bot.imports.unusable import UnusableFile
from bot.settings import Settings
from bot.store import audit, plans
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.visibility import Visibility

KINDS: Mapping[str, type[Kind]] = {kind.name: kind for kind in (StoreSheet, CohortSheet, CandidateSheet, StaffSheet)}

_ROWS_A_TRANSACTION = 200
_SHOWN = 20


@dataclass
class Report:
    """What a run did. `faults` and `warnings` are the first of each, in words; the counts have them all. `beyond`: bad
    rows that reach further than whoever brought them."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    bad: int = 0
    warned: int = 0
    beyond: int = 0
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    errors_file: Path | None = None

    @property
    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("created", "updated", "unchanged", "bad")}

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class ImportJob:
    """What to import, into where, and in whose name. `sight`: of the member of staff who brings it; None: the operator,
    who may change everything."""

    what: str
    file: Path
    settings: Settings
    database: Database
    cipher: Cipher
    now: datetime
    actor: str
    dry_run: bool = False
    map: Path | None = None
    sight: Visibility | None = None


Progress = Callable[[float, Report], None]


def run(job: ImportJob, progress: Progress = lambda share, report: None) -> Report:
    """Raises UnusableFile or ContentError (the map) before anything is written."""
    with _seldom_collecting():
        return _Run(job, progress).run()


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Rows are many small things that die young and refer to no other: looking for cycles costs a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(5_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Run:
    def __init__(self, job: ImportJob, progress: Progress) -> None:
        self._job = job
        self._progress = progress
        self._kind = KINDS[job.what](job.cipher, frame(job.settings, job.now))
        if job.sight:
            self._kind.reach = Reach(job.sight, job.settings.stages.closed)
        self._report = Report()

    def run(self) -> Report:
        job = self._job
        ways = _header_map(job)
        with self._opened(ways) as page:
            layout = headers.match(job.file, page.header, list(self._kind.columns), ways)
            reading = LayoutReader(layout, self._kind)
            batches = self._checked(_batches(page.rows), layout, reading)
            self._report.notes += _notes(page, layout)
            self._look_ahead(reading, ways)
            with errorfile.opened(job.file, page.header) as bad_rows:
                self._import(batches, reading, page, bad_rows)
        return self._report

    def _checked(
        self, batches: Iterator[list[SheetLine]], layout: Layout, reading: LayoutReader
    ) -> Iterator[list[SheetLine]]:
        """A file without a column that new rows need can only be about those we know: else its headers are wrong."""
        lacking = [" or ".join(names) for names in self._kind.needed if not layout.places.keys() & set(names)]
        first = next(batches, [])
        if "code" in lacking or (lacking and not self._knows_any(first, reading)):
            has = ", ".join(repr(text) for text in layout.unknown) or "nothing else"
            raise UnusableFile(
                f"{self._job.file}: has no column {', '.join(lacking)}. It has {', '.join(layout.places) or 'none'} "
                f"of our columns, and {has}: rename its headers, or say with --map which is which"
            )
        return itertools.chain([first] if first else [], batches)

    def _knows_any(self, lines: Sequence[SheetLine], reading: LayoutReader) -> bool:
        rows = [reading.row(line) for line in lines]
        return bool(self._job.database.read(lambda connection: self._kind.held(connection, rows)))

    def _opened(self, ways: HeaderMap) -> AbstractContextManager[sheet.Sheet]:
        columns = list(self._kind.columns)
        return sheet.opened(self._job.file, self._job.what, lambda cells: headers.known(cells, columns, ways))

    def _look_ahead(self, reading: LayoutReader, ways: HeaderMap) -> None:
        if not self._kind.looks_ahead:
            return
        with self._opened(ways) as page:
            rows = _first_of_each(map(reading.row, page.rows), {})
            self._job.database.read(lambda connection: self._kind.foresee(connection, rows))

    def _import(
        self, batches: Iterator[list[SheetLine]], reading: LayoutReader, page: sheet.Sheet, bad_rows: errorfile.BadRows
    ) -> None:
        try:
            seen: dict[int, int] = {}
            for lines in batches:
                for decision in self._settle(list(_first_of_each(map(reading.row, lines), seen))):
                    self._count(decision, bad_rows)
                self._progress(page.done, self._report)
        finally:
            self._record()

    def _settle(self, rows: Sequence[SheetRow]) -> list[Decision]:
        """Decides, and writes unless this is a dry run."""
        if not self._job.dry_run:
            return settle(self._job.database, self._kind, rows)
        found = self._job.database.read(lambda connection: self._kind.look_around(connection, rows))
        decisions = self._kind.decide(rows, found)
        self._kind.remember()
        return decisions

    def _count(self, decision: Decision, bad_rows: errorfile.BadRows) -> None:
        report = self._report
        if isinstance(decision, Bad):
            report.bad += 1
            report.beyond += any(isinstance(reason, Beyond) for reason in decision.reasons)
            decision = self._discreet(decision)
            report.errors_file = bad_rows.path
            bad_rows.add(decision)
            _note(report.faults, f"{self._where(decision)}: {'; '.join(decision.reasons)}")
            return
        setattr(report, decision.outcome, getattr(report, decision.outcome) + 1)
        for remark in self._kind.remarks(decision.row):
            report.warned += 1
            _note(report.warnings, f"{self._where(decision.row)}: {remark}")

    def _discreet(self, bad: Bad) -> Bad:
        """Whoever does not see everybody hears nothing of others."""
        sight = self._job.sight
        if sight is None or sight.everybody:
            return bad
        said = [reason.discreet if isinstance(reason, Clash) else reason for reason in bad.reasons]
        return replace(bad, reasons=said)

    def _where(self, row: SheetRow | Bad) -> str:
        return f"{self._job.file.name}:{row.line.number}: {row.code or 'no code'}"

    def _record(self) -> None:
        job = self._job
        if not job.dry_run:
            self._release()
            action = f"import.{job.what}"
            job.database.write(
                lambda connection: audit.record(connection, job.actor, action, None, job.now, self._report.counts)
            )

    def _release(self) -> None:
        """Who is new hears nothing of the rhythm until HR has seen what it would say, unless config.yaml says that they
        do at once."""
        job = self._job
        if job.what == CandidateSheet.name and not job.settings.pushes.hold_imports:
            ids = [number for number, _ in job.database.read(lambda c: plans.held(c, job.settings.stages.closed))]
            for some in _in_parts(ids):
                job.database.write(partial(plans.release, ids=some, now=job.now))


def _in_parts(ids: list[int]) -> Iterator[list[int]]:
    waiting = iter(ids)
    while part := list(itertools.islice(waiting, _ROWS_A_TRANSACTION)):
        yield part


def frame(settings: Settings, now: datetime, source: Source = IMPORT) -> CellContext:
    """What a company's cells are read against."""
    company, stages = settings.company, settings.stages
    return CellContext(now, company.zone, company.country, stages.road, stages.ends, source)


def _header_map(job: ImportJob) -> HeaderMap:
    if job.map is None:
        return HeaderMap()
    known = {column for kind in KINDS.values() for column in kind.all_columns(job.settings.stages.all)}
    return headers.read_map(job.map, sorted(known))


def _notes(page: sheet.Sheet, layout: Layout) -> list[str]:
    unknown = ", ".join(repr(text) for text in layout.unknown)
    return page.notes + ([f"columns that are not read: {unknown}"] if unknown else [])


def _batches(lines: Iterator[SheetLine]) -> Iterator[list[SheetLine]]:
    while batch := list(itertools.islice(lines, _ROWS_A_TRANSACTION)):
        yield batch


def _first_of_each(rows: Iterable[SheetRow], seen: dict[int, int]) -> Iterator[SheetRow]:
    """Of several rows with one code the first counts, and the others are bad. `seen`: hash of a code → its line."""
    for row in rows:
        first = seen.setdefault(hash(row.code), row.line.number) if row.code else row.line.number
        twice = [f"code: stands on line {first} too"] if first != row.line.number else []
        yield replace(row, faults=[*twice, *row.faults]) if twice else row


def _note(notes: list[str], text: str) -> None:
    if len(notes) < _SHOWN:
        notes.append(text)
