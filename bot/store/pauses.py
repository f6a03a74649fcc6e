"""When keepwarm starts nothing with a candidate: a person of HR has them, they may be in danger, or they have said
twice that they will not come. What must still be known goes out."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.record.vocabulary import DANGER, URGENCY
from bot.store import cases
from bot.store.db.prepared import Prepared, word
from bot.store.tables import case_events, case_reasons
from bot.store.tables import cases as table
from bot.store.touches import CHANGES, TRAINING

CLAIMED, LEAVING, ENDANGERED = "case", "leaving", "danger"  # why nothing is begun
SHAKEN = "shaken"  # why nothing cheerful is: HR has ended a case of danger less than _CALM ago
GOES, GOES_FOR_GOOD, STAYS = "withdrawing", "leaving", "staying"  # reasons: said once, said twice, taken back
_BACK = "back"  # the reason: taken back after they had left
_GOES_OUT: Mapping[str, Collection[str]] = {CLAIMED: TRAINING, LEAVING: CHANGES, ENDANGERED: CHANGES}

_CALM = timedelta(days=1)

_ENDED = Prepared(
    sa.select(case_events.c.id)
    .join(table, case_events.c.case_id == table.c.id)
    .where(
        table.c.candidate_id == sa.bindparam("candidate"),
        case_events.c.what == word("resolved"),
        case_events.c.at > sa.bindparam("since"),
        sa.exists().where(
            case_reasons.c.case_id == table.c.id,
            case_reasons.c.reason.in_([word(reason) for reason, urgency in URGENCY.items() if urgency == DANGER]),
        ),
    )
    .limit(sa.literal_column("1"))
)
_SAID = Prepared(
    sa.select(case_reasons.c.reason)
    .where(
        case_reasons.c.case_id == sa.bindparam("case"),
        case_reasons.c.reason.in_(map(word, (GOES, GOES_FOR_GOOD, STAYS, _BACK))),
        ~sa.exists().where(  # what was said before HR was done with it
            case_events.c.case_id == case_reasons.c.case_id,
            case_events.c.what == word("reopened"),
            case_events.c.at > case_reasons.c.at,
        ),
    )
    .order_by(case_reasons.c.id)
)


def why(connection: Connection, candidate_id: int, now: datetime) -> str:
    """CLAIMED, LEAVING, ENDANGERED, SHAKEN, or "" where keepwarm may speak first."""
    case = cases.standing(connection, candidate_id)
    shaken = SHAKEN if _ENDED.first(connection, {"candidate": candidate_id, "since": now - _CALM}) else ""
    if case is None:
        return shaken
    if case.urgency == DANGER:  # until HR is done with it, whoever has it
        return ENDANGERED
    if _said(connection, case.id) == "twice":
        return LEAVING
    return CLAIMED if case.state in cases.SILENT else shaken


def holds_back(why: str, entry: str, kind: str) -> bool:
    """Whether what this entry says, a story or a notice, waits for that."""
    if why == SHAKEN:
        return kind == "story"
    return bool(why) and entry not in _GOES_OUT[why]


def leaving(connection: Connection, candidate_id: int) -> str:
    """How often they have said that they do not come, since they last said that they do, or HR was done with it: no,
    once or twice."""
    case = cases.standing(connection, candidate_id)
    return _said(connection, case.id) if case else "no"


def _said(connection: Connection, case_id: int) -> str:
    said = "no"
    for row in _SAID.rows(connection, {"case": case_id}):
        if row.reason in (STAYS, _BACK):
            said = "no"
        elif said != "twice":
            said = "twice" if row.reason == GOES_FOR_GOOD else "once"
    return said
