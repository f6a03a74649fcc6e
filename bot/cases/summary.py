"""What HR needs to know of a case in one look: who, why, since when, and how it stands."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.cases import reasons
from bot.content.messages import Words
from bot.record.vocabulary import DANGER
from bot.store.cases import COLUMNS, Case
from bot.store.db.cipher import Cipher
from bot.store.tables import addresses, candidates, cases, inbound, risk_changes, signals
from bot.values import invites

_LONGEST = 300  # characters of what a candidate wrote
_LAST = 3  # messages of who is in danger
_OF_RISK = "risk"  # the reason of a case for which the signals speak
_OWES: Sequence[tuple[str, Mapping[str, Any]]] = [("hr_owes", {})]


@dataclass(frozen=True, slots=True)
class Brief:
    """`name`: of the candidate, empty for a stranger. `signals`: name and evidence, the heaviest first. `phone` and
    `words` (what they wrote last): of who is in danger alone."""

    case: Case
    name: str
    signals: Sequence[tuple[str, Mapping[str, Any]]] = ()
    phone: str = ""
    words: str = ""

    @property
    def in_danger(self) -> bool:
        return self.case.urgency == DANGER

    @property
    def since(self) -> datetime:
        """Since when it waits for somebody to act."""
        return self.case.unanswered_since or self.case.reopened_at or self.case.opened_at

    @property
    def whose(self) -> str | None:
        """The code of who has it, or was to take it."""
        return self.case.claimed_by or self.case.assigned

    def called(self, words: Words) -> str:
        return self.name or words.desk["alerts"]["stranger"]

    def initial(self, words: Words) -> str:
        """For roads on which no name should stand."""
        texts = words.desk["alerts"]
        return texts["initial"].format(letter=self.name[0]) if self.name else texts["stranger"]

    def reason(self, words: Words) -> str:
        """Why there is a case: what weighs most, or what the candidate asked for."""
        if self.case.reason == _OF_RISK and self.signals:
            return reasons.sentence(words, self.signals)
        return reasons.reason(words, self.case.reason)

    def action(self, words: Words) -> str:
        if self.in_danger:
            return "\n".join(reasons.crisis(words))
        return reasons.action(words, _OWES if self.case.unanswered_since else self.signals)


def briefs(connection: Connection, cipher: Cipher, ids: Collection[int]) -> dict[int, Brief]:
    """By case; two statements, however many."""
    if not ids:
        return {}
    wanted = sa.select(*COLUMNS, candidates.c.name, candidates.c.phone).outerjoin(
        candidates, cases.c.candidate_id == candidates.c.id
    )
    rows = list(connection.execute(wanted.where(cases.c.id.in_(list(ids)))))
    weighty = _signals(connection, [row.candidate_id for row in rows if row.candidate_id])
    return {
        row.id: Brief(
            Case(*row[:-2]),
            cipher.open_maybe(row.name, "candidates.name") or "",
            weighty.get(row.candidate_id, ()),
            *(_at_hand(connection, cipher, row) if row.urgency == DANGER else ()),
        )
        for row in rows
    }


def _at_hand(connection: Connection, cipher: Cipher, row: Any) -> tuple[str, str]:
    """By which somebody in danger is called, and what they wrote last."""
    phone = cipher.open_maybe(row.phone, "candidates.phone")
    if not phone and row.address_id:
        its = sa.select(addresses.c.address).where(addresses.c.id == row.address_id, addresses.c.channel == "sms")
        phone = cipher.open_maybe(connection.execute(its).scalar(), "addresses.address")
    return phone or "", wrote(connection, cipher, row, _LAST)


def wrote(connection: Connection, cipher: Cipher, case: Any, most: int = 1) -> str:
    """What the candidate, or the stranger, of a case wrote last, in order, without codes; cut where long."""
    mine = inbound.c.address_id == case.address_id, inbound.c.candidate_id == case.candidate_id
    theirs = mine[0] if case.candidate_id is None else mine[1]
    last = sa.select(inbound.c.text).where(theirs, inbound.c.text.is_not(None)).order_by(inbound.c.id.desc())
    texts = [cipher.open(text, "inbound.text") for text in connection.execute(last.limit(most)).scalars()]
    return " / ".join(text[: _LONGEST // most] for text in reversed(texts) if not _is_code(text))


def _is_code(text: str) -> bool:
    code = invites.normal(text)
    return len(text.split()) == 1 and code.isascii() and code.isalnum() and invites.is_strong(code)


def _signals(connection: Connection, ids: Sequence[int]) -> dict[int, list[tuple[str, Mapping[str, Any]]]]:
    """Those that raised the risk to where it is, with the newest evidence of each."""
    if not ids:
        return {}
    newest = sa.select(sa.func.max(risk_changes.c.id)).where(risk_changes.c.candidate_id.in_(ids))
    newest = newest.group_by(risk_changes.c.candidate_id)
    names = {
        row.candidate_id: row.signals
        for row in connection.execute(sa.select(risk_changes).where(risk_changes.c.id.in_(newest)))
    }
    fired = sa.select(signals).where(signals.c.candidate_id.in_(list(names))).order_by(signals.c.at)
    evidence = {(row.candidate_id, row.name): row.evidence for row in connection.execute(fired)}
    return {
        who: [(name, evidence[who, name]) for name in found if (who, name) in evidence] for who, found in names.items()
    }
