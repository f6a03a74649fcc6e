"""The file of staff: the HR people, their roles, and who stands above or in for whom."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.imports import cells
from bot.imports.file_type import ExistingRow, ExistingRows, Kind, SheetColumn, SheetRow, Values
from bot.store import tables
from bot.store.tables import staff

COLUMNS: Mapping[str, SheetColumn] = {
    "code": SheetColumn(cells.code, kept=True),
    "name": SheetColumn(cells.name, sealed=True, kept=True),
    "role": SheetColumn(cells.one_of("recruiter", "manager", "trainer", "store", "admin", what="role"), kept=True),
    "email": SheetColumn(cells.email, sealed=True),
    "phone": SheetColumn(cells.phone, sealed=True),
    "wecom": SheetColumn(cells.text, sealed=True),
    "dingtalk": SheetColumn(cells.text, sealed=True),
    "feishu": SheetColumn(cells.text, sealed=True),
    "manager": SheetColumn(cells.code),
    "scope": SheetColumn(cells.text),
    "deputy": SheetColumn(cells.code),
    "away_until": SheetColumn(cells.moment),
}
_REFERENCES = ("manager", "deputy")
_AT_ONCE = 200
_ADMIN = "admin"


class StaffSheet(Kind):
    """Reads staff. A manager or deputy may stand later in the file."""

    name = "staff"
    table = tables.staff
    needed = (("code",), ("name",), ("role",))
    looks_ahead = True

    _coming: frozenset[str] = frozenset()
    _other_roles: frozenset[str] = frozenset()  # the codes that are no admins by this file

    @classmethod
    def all_columns(cls, stages: Sequence[str]) -> Mapping[str, SheetColumn]:
        return COLUMNS

    def foresee(self, connection: Connection, rows: Iterable[SheetRow]) -> None:
        rows = list(rows)
        self._other_roles = frozenset(row.code for row in rows if row.values.get("role") not in (None, _ADMIN))
        refers = {row.code: _references(row) for row in rows if not [*row.faults, *self.missing(row), *_own(row)]}
        outside = {code for codes in refers.values() for code in codes if code not in refers}
        self._coming = _standing(refers, known(connection, outside))

    def look(
        self, connection: Connection, rows: Sequence[SheetRow], before: ExistingRows | None = None
    ) -> ExistingRows:
        named = {code for row in rows for code in _references(row)}
        admins = frozenset(connection.scalars(sa.select(staff.c.code).where(staff.c.role == _ADMIN)))
        return ExistingRows(self.held(connection, rows), {"staff": known(connection, named), "admins": admins})

    def wanted(self, row: SheetRow, held: ExistingRow | None, found: ExistingRows) -> tuple[Values, list[str]]:
        faults = [*self._lost(row, found.more["staff"]), *_own(row)]
        admins = found.more["admins"]
        if row.code in admins and admins <= self._other_roles:
            faults.append("role: nobody would be admin any more; make somebody else admin first")
        return dict(row.values), faults

    def _lost(self, row: SheetRow, known: frozenset[str]) -> Iterator[str]:
        for column in _REFERENCES:
            code = row.values.get(column)
            if code and code != row.code and code not in known and code not in self._coming:
                yield f"{column}: there is no staff with the code {code!r}, here or in a good row of this file"


def known(connection: Connection, codes: Iterable[str]) -> frozenset[str]:
    """Those of the codes that are staff."""
    found: set[str] = set()
    left = iter(codes)
    while some := list(islice(left, _AT_ONCE)):
        found.update(connection.scalars(sa.select(staff.c.code).where(staff.c.code.in_(some))))
    return frozenset(found)


def _references(row: SheetRow) -> list[str]:
    return [row.values[column] for column in _REFERENCES if row.values.get(column)]


def _own(row: SheetRow) -> Iterator[str]:
    for column in _REFERENCES:
        if row.values.get(column) == row.code:
            yield f"{column}: nobody is their own {column}"


def _standing(refers: Mapping[str, Sequence[str]], known: frozenset[str]) -> frozenset[str]:
    """The rows that will be good: what falls with a bad row falls too."""
    standing: set[Any] = set(refers)
    while fallen := {
        code for code in standing if not all(other in standing or other in known for other in refers[code])
    }:
        standing -= fallen
    return frozenset(standing)
