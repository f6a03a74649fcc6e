"""How far an import may reach: no further than whoever brings it does on the pages.

The command line has no Reach: it acts as the operator.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.publications import ALONE
from bot.store.tables import candidates, cohorts, stores
from bot.store.visibility import Scope, Visibility, scope_of, seen_by, sees_row

Held = Mapping[str, Any]
_HIDDEN = "code: is not yours to change, or is somebody else's: leave the row out, or ask an admin to import it"
_LOST = "code: you would not see it afterwards: name an owner, city, store or cohort of yours"
_SHARED = "code: people are in it who are not yours to see: who may see all of them can change it"
_MANY = f"date_state: more than {ALONE} people would hear of it: publish it on its page, where a second person agrees"
_ACCOUNTS = "code: accounts are for admins to make"


@dataclass(frozen=True)
class Around:
    """What the record says of the rows beside themselves. Ids of cohorts or stores: `seen` have a candidate of theirs,
    `shared` an open one who is not, `crowded` so many that one person's word is not enough."""

    scope: Scope
    seen: frozenset[int] = frozenset()
    shared: frozenset[int] = frozenset()
    crowded: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Reach:
    """Of somebody who imports. `closed`: the stages of candidates who hear nothing any more."""

    sight: Visibility
    closed: Collection[str]

    def look(self, connection: Connection, table: sa.Table, held: Sequence[Held]) -> Around:
        scope = scope_of(connection, self.sight)
        parent = _PARENTS.get(table.name)
        if parent is None or not held:
            return Around(scope)
        theirs = sa.select(parent).where(parent.in_([row["id"] for row in held])).group_by(parent)
        mine = candidates.c.id.in_(sa.select(candidates.c.id).where(seen_by(self.sight)))
        open_ = theirs.where(candidates.c.stage.not_in(self.closed))

        def ids(wanted: sa.Select[Any]) -> frozenset[int]:
            return frozenset(connection.scalars(wanted))

        crowded = ids(open_.having(sa.func.count() > ALONE))
        return Around(scope, ids(theirs.where(mine)), ids(open_.where(sa.not_(mine))), crowded)

    def fault(self, table: sa.Table, held: Held | None, values: Mapping[str, Any], around: Around) -> str:
        """What speaks against storing these `values`, which change something; nothing of it says whose it is."""
        return _RULES[table.name](self.sight, held, values, around)


def _candidate(sight: Visibility, held: Held | None, values: Mapping[str, Any], around: Around) -> str:
    def is_seen(row: Held) -> bool:
        return sees_row(sight, around.scope, row.get("owner"), row.get("store_id"), row.get("cohort_id"))

    if held and not is_seen(held):
        return _HIDDEN
    return "" if is_seen({**(held or {}), **values}) else _LOST


def _cohort(sight: Visibility, held: Held | None, values: Mapping[str, Any], around: Around) -> str:
    """A new one holds nobody: whoever imports may make it."""
    if held is None:
        return ""
    is_theirs = sight.everybody or sight.unowned or held["code"] in sight.scope or held["id"] in around.seen
    if not is_theirs:
        return _HIDDEN
    if values and held["id"] in around.shared:
        return _SHARED
    return _MANY if values.get("date_state") == "published" and held["id"] in around.crowded else ""


def _store(sight: Visibility, held: Held | None, values: Mapping[str, Any], around: Around) -> str:
    def is_theirs(row: Held) -> bool:
        return sight.everybody or sight.unowned or not {row.get("city"), row["code"]}.isdisjoint(sight.scope)

    was = held is None or is_theirs(held)
    if held and not was and held["id"] not in around.seen:
        return _HIDDEN
    if held and values and held["id"] in around.shared:
        return _SHARED
    return _LOST if was and not is_theirs({**(held or {}), **values}) else ""


def _account(sight: Visibility, held: Held | None, values: Mapping[str, Any], around: Around) -> str:
    return "" if sight.everybody else _ACCOUNTS


_PARENTS = {cohorts.name: candidates.c.cohort_id, stores.name: candidates.c.store_id}
_RULES = {"candidates": _candidate, "cohorts": _cohort, "stores": _store, "staff": _account}
