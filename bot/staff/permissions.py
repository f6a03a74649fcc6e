"""What each role may do, and what it is shown of a person. Of whom, is decided by bot.store.visibility."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")

# see: names, stages, dates of their candidates · talk: the rest of the record, what was said, and why somebody may
# leave · work: cases · move: stage, cohort, store · publish: training notices · roll: who came on day one · import:
# files · teach: what a sentence means · report: figures · staff: accounts, tokens, hooks and the audit log.
RIGHTS: Mapping[str, frozenset[str]] = {
    "recruiter": frozenset({"see", "talk", "work", "move", "roll", "teach", "report"}),
    "manager": frozenset({"see", "talk", "work", "move", "publish", "roll", "import", "teach", "report"}),
    "trainer": frozenset({"see", "roll"}),
    "store": frozenset({"see"}),
    "admin": frozenset({"see", "talk", "work", "move", "publish", "roll", "import", "teach", "report", "staff"}),
}


def may(role: str, right: str) -> bool:
    return right in RIGHTS.get(role, frozenset())


def roles_with(right: str) -> list[str]:
    return [role for role in RIGHTS if may(role, right)]


# All that `see` shows of a person. A field that is not named here is for who has `talk`.
SEEN = frozenset({"id", "code", "name", "stage", "stage_at", "stage_times", "cohort", "store", "owner"}) | {
    "confirmed",
    "confirmed_start",
}


def shown(role: str, row: Row) -> Row:
    """What is known of a person, as this role may see it: the rest of it is empty."""
    if may(role, "talk"):
        return row
    hidden = {field.name: None for field in fields(row) if field.name not in SEEN}
    return replace(row, **hidden)
