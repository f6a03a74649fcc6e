"""The file of candidates: who waits, at which stage, for which cohort and store.

What was decided here (a stage, a move, a withdrawal, a confirmation) an import never takes back: see CONFLICTS.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.imports import cells, staff
from bot.imports.cells import CellContext
from bot.imports.file_type import (
    Bad,
    Clash,
    Decision,
    ExistingRow,
    ExistingRows,
    Kind,
    RowChange,
    SheetColumn,
    SheetRow,
    Values,
    after,
    place_alone,
)
from bot.store import contacts, events, tables, transfers
from bot.store.contacts import Renumbered
from bot.store.db import bulk
from bot.store.db.cipher import Cipher
from bot.store.tables import candidates, cohorts, stage_times, stores
from bot.values import invites

COLUMNS: Mapping[str, SheetColumn] = {
    "code": SheetColumn(cells.code, kept=True),
    "name": SheetColumn(cells.name, sealed=True, kept=True),
    "phone": SheetColumn(cells.phone, sealed=True),
    "email": SheetColumn(cells.email, sealed=True),
    "locale": SheetColumn(cells.locale),
    "timezone": SheetColumn(cells.timezone),
    "stage": SheetColumn(cells.stage, kept=True),
    "stage_at": SheetColumn(cells.moment, kept=True),
    "cohort": SheetColumn(cells.code),
    "store": SheetColumn(cells.code),
    "home_address": SheetColumn(cells.text, sealed=True),
    "home_lat": SheetColumn(cells.latitude, sealed=True),
    "home_lng": SheetColumn(cells.longitude, sealed=True),
    "owner": SheetColumn(cells.code),
    "source": SheetColumn(cells.text),
    "invite": SheetColumn(cells.invite, sealed=True, kept=True),
    "position": SheetColumn(cells.text),
    "offer": SheetColumn(cells.text),
    "offer_until": SheetColumn(cells.end_of),
}
# Columns of the file that are the table's own; the others are looked up, indexed, or go to stage_times.
_ALIKE = frozenset(COLUMNS) - {"code", "phone", "stage", "stage_at", "cohort", "store", "invite"}
_PARENTS = {"cohort": cohorts, "store": stores}
_PARENT_COLUMNS = frozenset(f"{parent}_{part}" for parent in _PARENTS for part in ("id", "by"))
_STORED = _ALIKE | _PARENT_COLUMNS | {"phone", "phone_index", "stage", "stage_at", "stage_by", "invite", "invite_index"}


@dataclass
class _Claims:
    """Phones and invites as rows of this run have taken them, and whose phone in the record no longer counts."""

    phones: dict[bytes, str] = field(default_factory=dict)
    invites: dict[bytes, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def add(self, other: "_Claims") -> None:
        self.phones |= other.phones
        self.invites |= other.invites
        self.gone |= other.gone


class CandidateSheet(Kind):
    """Reads candidates."""

    name = "candidates"
    table = tables.candidates
    needed = (("code",), ("name",), ("phone", "invite"))

    def __init__(self, cipher: Cipher, frame: CellContext) -> None:
        super().__init__(cipher, frame)
        self._time_columns = {f"{stage}_at": stage for stage in frame.stages}
        self._blank = dict.fromkeys(_STORED)
        self._earlier = _Claims()
        self._claims = _Claims()

    @classmethod
    def all_columns(cls, stages: Sequence[str]) -> Mapping[str, SheetColumn]:
        return {**COLUMNS, **{f"{stage}_at": SheetColumn(cells.moment) for stage in stages}}

    def contradictions(self, values: Mapping[str, Any]) -> Iterator[str]:
        yield from place_alone(values, "home_lat", "home_lng")

    def derived(self, values: Values) -> Values:
        """With the blind indexes that look-ups and the table need."""
        if values.get("phone"):
            values["phone_index"] = self.cipher.index(values["phone"], "phone")
        if values.get("invite"):
            values["invite_index"] = self._invite_index(values["invite"])
        return values

    def remarks(self, row: SheetRow) -> Iterator[str]:
        at = row.values.get("stage_at")
        if at and at > self.frame.now:
            yield f"stage_at: {at:%Y-%m-%d %H:%M} UTC is in the future: imported as it is"

    def look(
        self, connection: Connection, rows: Sequence[SheetRow], before: ExistingRows | None = None
    ) -> ExistingRows:
        held = self.held(connection, rows)
        phones = _given(rows, "phone_index") | {row["phone_index"] for row in held.values()}
        more = {
            "codes": before.more["codes"] if before else _codes(connection, rows),
            "phone": self._open_phones(connection, phones),
            "invite": _invites(connection, _given(rows, "invite_index")),
            "times": _times(connection, [row["id"] for row in held.values()]),
        }
        return ExistingRows(held, more)

    def decide(self, rows: Sequence[SheetRow], found: ExistingRows) -> list[Decision]:
        self._claims = _Claims()
        return super().decide(rows, found)

    def decide_one(self, row: SheetRow, found: ExistingRows) -> Decision:
        held = found.rows.get(row.code)
        wanted, reasons = self.wanted(row, held, found)
        if faults := self.beyond(row, wanted, held, found) or self.faults(row, held, reasons):
            return Bad(row.line, row.code, faults)
        self._claim(row.code, wanted, held)
        times = self._times(row, wanted, held)
        before = found.more["times"].get(held["id"], {}) if held else {}
        new_times = {stage: (before.get(stage), at) for stage, at in times.items() if before.get(stage) != at}
        return RowChange(row, held, self.changed(wanted, held), new_times)

    def remember(self) -> None:
        self._earlier.add(self._claims)

    def wanted(self, row: SheetRow, held: ExistingRow | None, found: ExistingRows) -> tuple[Values, list[str]]:
        wanted = {column: value for column, value in row.values.items() if column in _ALIKE}
        reasons: list[str] = []
        for part in (self._stage, self._parents, self._owner, self._phone, self._invite):
            values, faults = part(row, held, found)
            wanted |= values
            reasons += faults
        reasons += self._phone_elsewhere(row, wanted, held, found)
        if held:
            reasons += [Clash(reason) for conflict in CONFLICTS if (reason := conflict(row, wanted, held, self.frame))]
        return wanted, reasons

    def fresh(self, change: RowChange) -> Values:
        now = self.frame.now
        return {
            **self._blank,
            "code": change.row.code,
            **change.values,
            "created_at": now,
            "updated_at": now,
            "risk_due_at": now,
        }

    def apply(self, connection: Connection, changes: Sequence[RowChange]) -> None:
        super().apply(connection, changes)
        ids = _ids(connection, candidates, [change.row.code for change in changes if change.held is None])
        _write_times(connection, changes, ids)
        contacts.renumbered(connection, self.cipher, self._renumbered(changes, ids), self.frame.closed, self.frame.now)
        moved = [
            (change.held["id"], change.held["cohort_id"], change.values["cohort_id"])
            if change.held
            else (ids[change.row.code], None, change.values["cohort_id"])
            for change in changes
            if "cohort_id" in change.values
        ]
        transfers.follow(connection, moved, self.frame.closed, self.frame.now)
        self._tell(connection, changes)

    def _renumbered(self, changes: Sequence[RowChange], ids: Mapping[str, int]) -> list[Renumbered]:
        """Who has another number now, or waits again by the one they had."""
        found = []
        for change in changes:
            claims = self._phone_to_claim(change.values, change.held) is not None
            if claims or "phone_index" in change.values:
                this = change.held["id"] if change.held else ids[change.row.code]
                before = self.cipher.open_maybe(change.held["phone"], "candidates.phone") if change.held else None
                now = change.row.values["phone"] if "phone_index" in change.values else before
                found.append(Renumbered(this, before, now, claims))
        return found

    def _tell(self, connection: Connection, changes: Sequence[RowChange]) -> None:
        """Lets the company's own systems know who is in another stage now."""
        moved = [(change.held, change.values) for change in changes if change.held and "stage" in change.values]
        told = [
            (
                held["id"],
                events.stage_body(
                    held["code"], held["stage"], new["stage"], self.frame.source, after("stage_at", new, held)
                ),
            )
            for held, new in moved
        ]
        events.keep_many(connection, events.STAGE, told, self.frame.now)

    def _stage(self, row: SheetRow, held: ExistingRow | None, _: ExistingRows) -> tuple[Values, list[str]]:
        stage = row.values.get("stage") or (held["stage"] if held else self.frame.road[0])
        own = row.values.get(f"{stage}_at")
        at = row.values.get("stage_at") or own
        values: Values = {}
        if held is None or stage != held["stage"]:
            values = {"stage": stage, "stage_at": at or self.frame.now, "stage_by": self.frame.source}
        elif at and held["stage_by"] in self.frame.outside:
            values = {"stage_at": at}
        return values, list(self._wrong_times(row, stage, after("stage_at", values, held)))

    def _wrong_times(self, row: SheetRow, stage: str, stage_at: datetime) -> Iterator[str]:
        own = f"{stage}_at"
        if row.values.get(own) and row.values.get("stage_at") and row.values[own] != row.values["stage_at"]:
            yield f"{own}: is another moment than stage_at, and {stage} is the present stage: keep one of them"
        if own in row.values and row.values[own] is None:
            yield f"{own}: cannot be cleared: {stage} is the present stage"
        for column in self._time_columns:
            at = row.values.get(column)
            if at and at > stage_at and column != own:
                yield f"{column}: is later than the present stage, {stage} ({stage_at:%Y-%m-%d %H:%M} UTC)"

    def _parents(self, row: SheetRow, held: ExistingRow | None, found: ExistingRows) -> tuple[Values, list[str]]:
        values: Values = {}
        faults = []
        for parent in (parent for parent in _PARENTS if parent in row.values):
            code = row.values[parent]
            this = found.more["codes"][parent].get(code)
            if code and this is None:
                faults.append(f"{parent}: there is no {parent} with the code {code!r}: import the {parent}s first")
            elif this != (held[f"{parent}_id"] if held else None):
                values |= {f"{parent}_id": this, f"{parent}_by": self.frame.source}
        return values, faults

    def _owner(self, row: SheetRow, _: ExistingRow | None, found: ExistingRows) -> tuple[Values, list[str]]:
        owner = row.values.get("owner")
        if not owner or owner in found.more["codes"]["owner"]:
            return {}, []
        return {}, [f"owner: there is no staff with the code {owner!r}: import the staff first"]

    def _phone(self, row: SheetRow, held: ExistingRow | None, _: ExistingRows) -> tuple[Values, list[str]]:
        index = row.values.get("phone_index")
        if "phone" not in row.values or index == (held["phone_index"] if held else None):
            return {}, []
        return {"phone": row.values["phone"], "phone_index": index}, []

    def _invite(self, row: SheetRow, held: ExistingRow | None, found: ExistingRows) -> tuple[Values, list[str]]:
        given = row.values.get("invite")
        if given is None and held:
            return {}, []
        code = given or invites.new()
        index = row.values.get("invite_index") or self._invite_index(code)
        other = self._claims.invites.get(index) or self._earlier.invites.get(index) or found.more["invite"].get(index)
        if other and other != row.code:
            taken = "already: give another one, or none and one is made"
            return {}, [Clash(f"invite: is the code of {other} {taken}", f"invite: is somebody's code {taken}")]
        return ({} if held and held["invite_index"] == index else {"invite": code, "invite_index": index}), []

    def _phone_elsewhere(
        self, row: SheetRow, wanted: Values, held: ExistingRow | None, found: ExistingRows
    ) -> Iterator[str]:
        index = self._phone_to_claim(wanted, held)
        if index is None:
            return
        kept = (code for code in found.more["phone"].get(index, ()) if not self._is_gone(code))
        others = (self._claims.phones.get(index), self._earlier.phones.get(index), *kept)
        other = next((code for code in others if code and code != row.code), None)
        if other:
            what = (
                "same person, or family? It waits for HR: "
                "close one of the two, or give one no phone (the invite code binds as well)"
            )
            yield Clash(f"phone: same phone as {other}: {what}", f"phone: somebody else has it: {what}")

    def _phone_to_claim(self, wanted: Values, held: ExistingRow | None) -> bytes | None:
        """The phone's index where an open candidate newly has it."""
        is_new = held is None or "phone_index" in wanted or held["stage"] in self.frame.closed
        is_open = after("stage", wanted, held) not in self.frame.closed
        return after("phone_index", wanted, held) if is_new and is_open else None

    def _claim(self, code: str, wanted: Values, held: ExistingRow | None) -> None:
        if index := self._phone_to_claim(wanted, held):
            self._claims.phones[index] = code
        if "invite_index" in wanted:
            self._claims.invites[wanted["invite_index"]] = code
        if held and ("phone_index" in wanted or wanted.get("stage") in self.frame.closed):
            self._claims.gone.add(code)

    def _is_gone(self, code: str) -> bool:
        return code in self._claims.gone or code in self._earlier.gone

    def _times(self, row: SheetRow, wanted: Values, held: ExistingRow | None) -> dict[str, datetime | None]:
        times = {stage: row.values[column] for column, stage in self._time_columns.items() if column in row.values}
        stage = after("stage", wanted, held)
        times.pop(stage, None)
        if "stage_at" in wanted:
            times[stage] = wanted["stage_at"]
        return times

    def _open_phones(self, connection: Connection, phones: set[bytes | None]) -> Mapping[bytes, list[str]]:
        found: dict[bytes, list[str]] = defaultdict(list)
        query = sa.select(candidates.c.phone_index, candidates.c.code).where(
            candidates.c.phone_index.in_(phones - {None}),
            candidates.c.stage.not_in(self.frame.closed),
        )
        for index, code in connection.execute(query.order_by(candidates.c.id)):
            found[bytes(index)].append(code)
        return found

    def _invite_index(self, code: str) -> bytes:
        return self.cipher.index(invites.normal(code), "candidates.invite")


Conflict = Callable[[SheetRow, Values, ExistingRow, CellContext], str | None]


def _withdrawal(row: SheetRow, wanted: Values, held: ExistingRow, frame: CellContext) -> str | None:
    if held["stage"] != "withdrawn" or held["stage_by"] in frame.outside or "stage" not in wanted:
        return None
    return f"stage: {row.code} withdrew here: an import does not take that back (keepwarm candidates stage does)"


def _newer_stage(row: SheetRow, wanted: Values, held: ExistingRow, frame: CellContext) -> str | None:
    if held["stage_by"] in frame.outside or "stage" not in wanted:
        return None
    at = row.values.get("stage_at") or row.values.get(f"{wanted['stage']}_at")
    if at and at > held["stage_at"]:
        return None
    since = f"{held['stage']} since {held['stage_at']:%Y-%m-%d %H:%M} UTC"
    return f"stage: {since} was set here: an older stage does not undo it (a newer one has a later stage_at)"


def _confirmation(row: SheetRow, wanted: Values, held: ExistingRow, frame: CellContext) -> str | None:
    if held["confirmed_at"] is None:
        return None
    if "cohort_id" in wanted:
        return f"cohort: {row.code} has confirmed the present one here: an import does not take that back"
    road = list(frame.road)
    back = "stage" in wanted and {wanted["stage"], held["stage"]} <= set(road)
    if back and road.index(wanted["stage"]) < road.index(held["stage"]):
        return f"stage: {row.code} has confirmed here: an import does not lead back to {wanted['stage']}"
    return None


def _moved(parent: str) -> Conflict:
    def moved_here(row: SheetRow, wanted: Values, held: ExistingRow, frame: CellContext) -> str | None:
        if f"{parent}_id" not in wanted or held[f"{parent}_by"] in (None, *frame.outside):
            return None
        return f"{parent}: {row.code} was moved here: an import does not take that back"

    return moved_here


# An opt-out needs no entry: no column of the file reaches it.
CONFLICTS: Sequence[Conflict] = (_withdrawal, _newer_stage, _confirmation, _moved("cohort"), _moved("store"))


def _given(rows: Sequence[SheetRow], column: str) -> set[Any]:
    return {row.values[column] for row in rows if row.values.get(column)}


def _codes(connection: Connection, rows: Sequence[SheetRow]) -> Mapping[str, Any]:
    """What the rows refer to. None of it ever leaves the record."""
    found: Values = {parent: _ids(connection, table, _given(rows, parent)) for parent, table in _PARENTS.items()}
    return {**found, "owner": staff.known(connection, _given(rows, "owner"))}


def _ids(connection: Connection, table: sa.Table, codes: Iterable[str]) -> dict[str, int]:
    wanted = set(codes)
    if not wanted:
        return {}
    return {row.code: row.id for row in connection.execute(_by_code(table, wanted))}


def _by_code(table: sa.Table, codes: set[str]) -> sa.Select[Any]:
    return sa.select(table.c.code, table.c.id).where(table.c.code.in_(codes))


def _invites(connection: Connection, wanted: set[bytes]) -> dict[bytes, str]:
    if not wanted:
        return {}
    query = sa.select(candidates.c.invite_index, candidates.c.code).where(candidates.c.invite_index.in_(wanted))
    return {bytes(index): code for index, code in connection.execute(query)}


def _times(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, datetime]]:
    found: dict[int, dict[str, datetime]] = defaultdict(dict)
    if ids:
        for row in connection.execute(sa.select(stage_times).where(stage_times.c.candidate_id.in_(ids))):
            found[row.candidate_id][row.stage] = row.at
    return found


def _write_times(connection: Connection, changes: Sequence[RowChange], ids: Mapping[str, int]) -> None:
    """Each change's `more` is {stage: (the time before, the time now)}."""
    new, other, gone = [], [], []
    for change in changes:
        this = change.held["id"] if change.held else ids[change.row.code]
        for stage, (before, at) in change.more.items():
            if at is None:
                gone.append({"this": this, "its": stage})
            elif before is None:
                new.append({"candidate_id": this, "stage": stage, "at": at})
            else:
                other.append({"this": this, "its": stage, "at": at})
    one = (stage_times.c.candidate_id == sa.bindparam("this")) & (stage_times.c.stage == sa.bindparam("its"))
    bulk.insert(connection, stage_times, new)
    if other:
        connection.execute(sa.update(stage_times).where(one), other)
    if gone:
        connection.execute(sa.delete(stage_times).where(one), gone)
