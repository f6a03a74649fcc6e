"""Finds candidates by what HR types: a code, a phone number, or a name. Names are sealed: they are looked for among
those whom the person sees, the newest first, and not among more than MOST."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.cipher import Cipher
from bot.store.tables import candidates
from bot.store.visibility import Visibility, seen_by
from bot.values import phones

MOST = 1_000  # names that are opened for one search
_FOUND = 200


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`all`: whether everybody was looked at."""

    ids: Sequence[int]
    all: bool = True


def search(
    connection: Connection,
    cipher: Cipher,
    sight: Visibility,
    text: str,
    country: str,
    *only: sa.ColumnElement[bool],
    by_phone: bool = True,
) -> SearchResult:
    """`only`: further conditions on `candidates`, which make names easier to find. `by_phone`: not for who may not see
    numbers, since finding somebody by one tells it."""
    theirs = seen_by(sight)
    exact: list[sa.ColumnElement[bool]] = [candidates.c.code.in_({text, text.upper()})]
    if (number := _number(text, country)) and by_phone:
        exact.append(candidates.c.phone_index == cipher.index(number, "phone"))
    wanted = sa.select(candidates.c.id).where(theirs, sa.or_(*exact)).limit(_FOUND)
    if ids := list(connection.scalars(wanted)):
        return SearchResult(ids)
    has_letters = any(letter.isalpha() for letter in text)  # in which a number has none, and a name some
    return SearchResult([]) if number or not has_letters else _by_name(connection, cipher, text, theirs, *only)


def _number(text: str, country: str) -> str:
    try:
        return phones.e164(text, country)
    except ValueError:
        return ""


def _by_name(connection: Connection, cipher: Cipher, text: str, *only: sa.ColumnElement[bool]) -> SearchResult:
    """Who is theirs is found first, by its index: else PostgreSQL looks through everybody, the newest first."""
    mine = sa.select(candidates.c.id).where(*only).cte("mine").prefix_with("MATERIALIZED", dialect="postgresql")
    newest = sa.select(mine.c.id).order_by(mine.c.id.desc()).limit(MOST).subquery()
    wanted = sa.select(candidates.c.id, candidates.c.name).join(newest, newest.c.id == candidates.c.id)
    rows = connection.execute(wanted.order_by(candidates.c.id.desc())).all()
    part = _plain(text)
    ids = [row.id for row in rows if part in _plain(cipher.open(row.name, "candidates.name"))]
    return SearchResult(ids[:_FOUND], len(rows) < MOST)


def _plain(name: str) -> str:
    return "".join(name.casefold().split())
