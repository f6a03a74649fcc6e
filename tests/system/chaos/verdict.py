"""What really happened, seen from the providers: which touch was taken how often, what explains the rest, and of which
cases HR was told."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import alerts, case_reasons, cases, outbound, touches
from tests.system.chaos.company import Said, Wish, told

_CASE = re.compile(r"(?:#|Case )(\d+)")
_OVER = ("expired", "cancelled", "suppressed")


@dataclass
class Verdict:
    """`lost`: touches that nobody took and nothing explains; `doubled`: taken more than once, or wished by nobody;
    `explained`: not taken, with the record's reason. `roads`: by road and state, how many rows. `open`: what was really so
    with each touch that ended unknown: a sender can die before its call, during it, and before it has written down the
    answer."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unknown: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    roads: Mapping[tuple[str, str], int] = field(default_factory=dict)
    open: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not self.lost and not self.doubled


def judge(
    connection: Connection, wanted: Sequence[Wish], ids: Mapping[str, int], sends: Iterable[Mapping[str, Any]]
) -> Verdict:
    verdict = Verdict(roads=by_road(connection))
    names = {wish.person.openid: wish.person.name for wish in wanted if wish.person.openid}
    taken: dict[Said, list[Mapping[str, Any]]] = {wish.said: [] for wish in wanted}
    for send in sends:
        said = told(send, names)
        verdict.taken[str(send["via"])] += 1
        if said is None or said not in taken:
            verdict.doubled.append(f"nobody wished: {send['via']} {send['content']!r}")
        else:
            taken[said].append(send)
    verdict.doubled += [
        f"{said.name}, {said.step}: {[(each['via'], each['time']) for each in sends]}"
        for said, sends in taken.items()
        if len(sends) > 1
    ]
    missing = [wish for wish in wanted if not taken[wish.said]]
    for wish in missing:
        reason = _reason(connection, ids[wish.person.name], wish)
        if reason.startswith("lost"):
            verdict.lost.append(f"{wish.said.name}, {wish.step} ({wish.person.kind}, {wish.kind}): {reason}")
        else:
            verdict.explained[reason] += 1
    named = {ids[wish.person.name]: wish.person.name for wish in wanted}
    verdict.open = Counter(_truth(taken[Said(named[who], int(entry[-1]))]) for who, entry in _unknown(connection))
    verdict.unknown = len(in_doubt(connection))
    return verdict


def told_of(sends: Iterable[Mapping[str, Any]]) -> set[int]:
    """The numbers of the cases that HR got."""
    return {int(number) for send in sends for number in _CASE.findall(send["content"])}


def unheard(connection: Connection, case_id: int) -> str:
    """That nobody was told of it, and how its alerts stand."""
    joined = sa.outerjoin(alerts, outbound, alerts.c.outbound_id == outbound.c.id)
    wanted = sa.select(alerts, outbound.c.via, outbound.c.state.label("carried")).select_from(joined)
    rows = connection.execute(wanted.where(alerts.c.case_id == case_id).order_by(alerts.c.id))
    stand = [f"{row.why} to {row.staff} {row.state}, {row.via} {row.carried}, tried {row.tried}" for row in rows]
    return f"HR never heard of case {case_id}: {stand}"


def _unknown(connection: Connection) -> list[tuple[int, str]]:
    """Candidate and entry of each touch whose message is unknown."""
    wanted = sa.select(touches.c.candidate_id, touches.c.entry).join(outbound, outbound.c.touch_id == touches.c.id)
    return [(row[0], row[1]) for row in connection.execute(wanted.where(outbound.c.state == "unknown"))]


def _truth(sends: Sequence[Mapping[str, Any]]) -> str:
    if not sends:
        return "never came"
    return "taken and answered" if sends[0]["answered"] else "taken, not answered"


def by_road(connection: Connection) -> dict[tuple[str, str], int]:
    counted = sa.select(outbound.c.via, outbound.c.state, sa.func.count()).group_by(outbound.c.via, outbound.c.state)
    return {(str(via), state): count for via, state, count in connection.execute(counted)}


def in_doubt(connection: Connection, ids: Collection[int] = ()) -> dict[int, tuple[str, str]]:
    """Road and state of every message to a candidate that is unknown just now, and of those `ids`; what HR is told is said
    again where it is in doubt."""
    wanted = sa.select(outbound.c.id, outbound.c.via, outbound.c.state).where(outbound.c.touch_id.is_not(None))
    found = {row.id: (row.via, row.state) for row in connection.execute(wanted.where(outbound.c.state == "unknown"))}
    for row in connection.execute(wanted) if ids else ():
        if row.id in ids:
            found[row.id] = (row.via, row.state)
    return found


def _reason(connection: Connection, candidate_id: int, wish: Wish) -> str:
    """Why nobody took it, as the record has it; begins with `lost` where nothing explains it."""
    this = touches.c.candidate_id == candidate_id, touches.c.entry == f"news{wish.step}"
    touch = connection.execute(sa.select(touches).where(*this)).first()
    if touch is None:
        return "lost: never planned"
    rows = connection.execute(sa.select(outbound).where(outbound.c.touch_id == touch.id).order_by(outbound.c.id)).all()
    states = [f"{row.via} {row.state} {row.error_code or ''} {row.reason or ''}".strip() for row in rows]
    if any(row.state == "unknown" for row in rows):
        return "unknown"
    if touch.state in _OVER and touch.reason:
        return f"{touch.state}: {touch.reason}"
    if rows and rows[-1].state in ("failed", "expired") and _has_case(connection, candidate_id):
        return f"a case for HR, after {', '.join(states)}"
    if rows and rows[-1].state == "expired" and wish.kind == "story":
        return "a story that expired"
    return f"lost: touch {touch.state}, {states}"


def _has_case(connection: Connection, candidate_id: int) -> bool:
    found = sa.select(case_reasons.c.id).join(cases, case_reasons.c.case_id == cases.c.id)
    return connection.execute(found.where(cases.c.candidate_id == candidate_id)).first() is not None
