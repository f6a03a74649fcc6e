"""What every kind of file has in common: rows are read, compared with the record, and written in small batches."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.imports.cells import BadCell, CellContext, Reader, dated_code, sound
from bot.imports.cells import code as code_of
from bot.imports.headers import Layout, folded
from bot.imports.reach import Around, Reach
from bot.imports.sheet import SheetLine, plain
from bot.store.db import bulk
from bot.store.db.cipher import Cipher
from bot.store.mark_due import wake

CLEAR = "-"
_REMEMBERED = 1_000

ExistingRow = Mapping[str, Any]  # a row of the record, as it is stored
Values = dict[str, Any]


@dataclass(frozen=True)
class SheetColumn:
    """How a cell is read; `sealed`: kept as cipher text; `kept`: cannot be cleared."""

    read: Reader
    sealed: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row, read and checked by itself. A column that is not in `values` changes nothing; None clears.

    `faults` says what is wrong with it so far, `unread` which of its cells could not be read.
    """

    line: SheetLine
    code: str
    values: Mapping[str, Any]
    faults: Sequence[str] = ()
    unread: Sequence[str] = ()


class Clash(str):
    """A reason that is not in the row itself: what the record has speaks against it. `discreet`: the same without a
    word of anybody else."""

    discreet: str

    def __new__(cls, text: str, discreet: str = "") -> "Clash":
        made = super().__new__(cls, text)
        made.discreet = discreet or text
        return made


class Beyond(Clash):
    """The row reaches further than whoever brings it."""


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that is not applied, and every reason why."""

    line: SheetLine
    code: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class RowChange:
    """What a good row does: `held` is what there was (None: nothing), `values` the columns to store."""

    row: SheetRow
    held: ExistingRow | None
    values: Values
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        if self.held is None:
            return "created"
        return "updated" if self.values or self.more else "unchanged"


Decision = Bad | RowChange


@dataclass(frozen=True)
class ExistingRows:
    """What the record holds about a batch: the rows by code, and whatever else the kind asked for."""

    rows: Mapping[str, ExistingRow]
    more: Mapping[str, Any] = field(default_factory=dict)
    around: Around | None = None


class Kind:
    """One kind of file. To add one: subclass, and list it in bot.imports.run."""

    name: ClassVar[str]
    table: ClassVar[sa.Table]
    needed: ClassVar[Sequence[Sequence[str]]]  # a new row needs one of each
    looks_ahead: ClassVar[bool] = False  # rows may refer to later ones
    reach: Reach | None = None  # of whoever brings the rows; None: everything

    def __init__(self, cipher: Cipher, frame: CellContext) -> None:
        self.cipher = cipher
        self.frame = frame
        self.columns = self.all_columns(frame.stages)
        self._sealed = {name: f"{self.table.name}.{name}" for name, column in self.columns.items() if column.sealed}

    @classmethod
    def all_columns(cls, stages: Sequence[str]) -> Mapping[str, SheetColumn]:
        raise NotImplementedError

    def contradictions(self, values: Mapping[str, Any]) -> Iterator[str]:
        """What does not fit together within one row."""
        yield from ()

    def derived(self, values: Values) -> Values:
        """The values with what follows from them alone."""
        return values

    def foresee(self, connection: Connection, rows: Iterable[SheetRow]) -> None:
        """Looks through the whole file before the first row is applied; for kinds that `look_ahead`."""

    def look(
        self, connection: Connection, rows: Sequence[SheetRow], before: ExistingRows | None = None
    ) -> ExistingRows:
        """What the record holds for these rows; in a transaction that writes, until it ends.

        `before`: what an earlier look found; whatever cannot have changed since is taken from it.
        """
        return ExistingRows(self.held(connection, rows))

    def look_around(
        self, connection: Connection, rows: Sequence[SheetRow], before: ExistingRows | None = None
    ) -> ExistingRows:
        """As `look`, with what it takes to know how far these rows may reach."""
        found = self.look(connection, rows, before)
        if self.reach is None:
            return found
        return replace(found, around=self.reach.look(connection, self.table, list(found.rows.values())))

    def decide(self, rows: Sequence[SheetRow], found: ExistingRows) -> list[Decision]:
        return [self.decide_one(row, found) for row in rows]

    def decide_one(self, row: SheetRow, found: ExistingRows) -> Decision:
        held = found.rows.get(row.code)
        wanted, reasons = self.wanted(row, held, found)
        if faults := self.beyond(row, wanted, held, found) or self.faults(row, held, reasons):
            return Bad(row.line, row.code, faults)
        return RowChange(row, held, self.changed(wanted, held))

    def beyond(self, row: SheetRow, wanted: Values, held: ExistingRow | None, found: ExistingRows) -> list[str]:
        """That a row reaches too far, which is said alone: the rest would tell of what is not theirs."""
        if self.reach is None or found.around is None:
            return []
        new = {**wanted, "code": row.code}
        changes = {name: value for name, value in new.items() if held is None or self.differs(name, value, held)}
        fault = self.reach.fault(self.table, held, changes, found.around)
        return [Beyond(fault)] if fault else []

    def faults(self, row: SheetRow, held: ExistingRow | None, reasons: Sequence[str]) -> list[str]:
        """Everything against a row. What only follows from a cell that could not be read is none of its own."""
        lacks = self.missing(row) if held is None else ()
        further = [*lacks, *reasons]
        return [*row.faults, *(fault for fault in further if not any(column in fault for column in row.unread))]

    def wanted(self, row: SheetRow, held: ExistingRow | None, found: ExistingRows) -> tuple[Values, list[str]]:
        """The table's columns as the row wants them, and what speaks against it."""
        return dict(row.values), []

    def remarks(self, row: SheetRow) -> Iterator[str]:
        """What is worth a warning about a good row."""
        yield from ()

    def remember(self) -> None:
        """Takes note of what the last `decide` would have written, for a dry run's rows to come."""

    def apply(self, connection: Connection, changes: Sequence[RowChange]) -> None:
        bulk.insert(connection, self.table, [self.fresh(change) for change in changes if change.held is None])
        self._update(connection, [change for change in changes if change.held is not None and change.values])

    def fresh(self, change: RowChange) -> Values:
        """A new row of the table, whole."""
        return {**self.blank(), "code": change.row.code, **change.values, "updated_at": self.frame.now}

    def blank(self) -> Values:
        return dict.fromkeys(self.columns)

    def held(self, connection: Connection, rows: Sequence[SheetRow]) -> dict[str, ExistingRow]:
        codes = [row.code for row in rows]
        query = sa.select(self.table).where(self.table.c.code.in_(codes)).order_by(self.table.c.id)
        return {held["code"]: dict(held) for held in connection.execute(query.with_for_update()).mappings()}

    def missing(self, row: SheetRow) -> Iterator[str]:
        """What a new row lacks."""
        for names in self.needed:
            if not any(row.values.get(name) is not None or name == "code" for name in names):
                yield f"{' or '.join(names)}: is missing: new {self.name} need it"

    def stored(self, column: str, value: Any) -> Any:
        """A value as the table keeps it."""
        sealed_as = self._sealed.get(column)
        return value if value is None or sealed_as is None else self.cipher.seal(str(value), sealed_as)

    def differs(self, column: str, value: Any, held: ExistingRow) -> bool:
        kept, sealed_as = held[column], self._sealed.get(column)
        if kept is None or value is None or sealed_as is None:
            return bool(kept != value)
        return self.cipher.open(kept, sealed_as) != str(value)

    def changed(self, wanted: Mapping[str, Any], held: ExistingRow | None) -> Values:
        """The columns that are to be stored: all of a new row, of a known one those that differ."""
        if held is None:
            return {column: self.stored(column, value) for column, value in wanted.items()}
        return {
            column: self.stored(column, value) for column, value in wanted.items() if self.differs(column, value, held)
        }

    def _update(self, connection: Connection, changes: Sequence[RowChange]) -> None:
        alike: dict[tuple[str, ...], list[Values]] = defaultdict(list)
        for change in changes:
            assert change.held is not None
            values = {**change.values, "updated_at": self.frame.now, "this": change.held["id"]}
            alike[tuple(change.values)].append(values)
        for rows in alike.values():
            connection.execute(sa.update(self.table).where(self.table.c.id == sa.bindparam("this")), rows)
            wake(connection, self.table, [row["this"] for row in rows], self.frame.now)


class LayoutReader:
    """Reads lines of one layout. What stands in many rows (a stage, a store, a time) is read once."""

    def __init__(self, layout: Layout, kind: Kind) -> None:
        self._kind = kind
        self._width = layout.width
        self._layout = layout
        self._columns = [(column, place, self._memory(column)) for column, place in layout.places.items()]

    def row(self, line: SheetLine) -> SheetRow:
        """Reads a row, and checks what can be checked without the record."""
        values: Values = {}
        faults: list[str] = [line.flaw] if line.flaw else []
        unread: list[str] = []
        cells = line.cells
        if len(cells) > self._width and any(cell.strip() for cell in cells[self._width :]):
            faults.append("has more cells than there are headers: is a cell with a comma not in quotation marks?")
        for column, place, known in self._columns:
            cell = cells[place] if place < len(cells) else ""
            if not cell:
                continue
            try:
                if place in line.dates and self._kind.columns[column].read is code_of:
                    dated_code(cell)
                value = known[cell] if cell in known else self._value(column, cell, known)
            except BadCell as error:
                unread.append(column)
                faults.append(f"{column}: {error}")
                continue
            if value is not _NOTHING:
                values[column] = value
        code = values.pop("code", "")
        if not code and "code" not in unread:
            faults.append("code: is missing")
        faults += (fault for fault in self._kind.contradictions(values) if not any(name in fault for name in unread))
        return SheetRow(line, code, self._kind.derived(values), faults, unread)

    def _memory(self, column: str) -> "_Memory | _Oblivion":
        return _Oblivion() if column == "code" or self._kind.columns[column].sealed else _Memory()

    def _value(self, column: str, cell: str, known: "_Memory | _Oblivion") -> Any:
        known[cell] = value = self._fresh(column, plain(cell))
        return value

    def _fresh(self, column: str, cell: str) -> Any:
        reader = self._kind.columns[column]
        if not cell:
            return _NOTHING
        if cell == CLEAR:
            if reader.kept:
                raise BadCell("cannot be cleared")
            return None
        if column in self._layout.values:
            cell = self._layout.values[column].get(folded(cell), cell)
        return reader.read(sound(cell), self._kind.frame)


_NOTHING = object()


class _Memory(dict[str, Any]):
    """What cells were read as; it forgets all when it grows long."""

    def __setitem__(self, cell: str, value: Any) -> None:
        if len(self) >= _REMEMBERED:
            self.clear()
        super().__setitem__(cell, value)


class _Oblivion(dict[str, Any]):
    """For columns whose cells are all different, and for those too personal to keep in memory."""

    def __setitem__(self, cell: str, value: Any) -> None:
        pass


def after(column: str, values: Mapping[str, Any], held: ExistingRow | None) -> Any:
    """A column's value once these are stored."""
    return values[column] if column in values else held[column] if held else None


def place_alone(values: Mapping[str, Any], lat: str, lng: str) -> Iterator[str]:
    """A latitude without its longitude is no place."""
    if (values.get(lat) is None) != (values.get(lng) is None):
        yield f"{lat}, {lng}: go together: give both or none"
