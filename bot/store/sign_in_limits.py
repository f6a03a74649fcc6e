"""How often signing in has failed, by the name that was tried, by where it came from, and by both.

Whoever has signed in from a browser before is counted by that browser alone: no failures of others shut it out.

A try counts before its password is looked at, so that a hundred tries at once are a hundred tries; one that succeeds,
or is turned away for its number, is taken back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db.cipher import Cipher
from bot.store.tables import sign_in_failures

WITHIN = timedelta(minutes=15)
A_NAME = 5  # from one address, or in one known browser
A_NAME_ANYWHERE = 50
AN_ADDRESS = 20  # with any names; a whole office may come from one address

Tried = Mapping[bytes, int]  # how many failures each key may have, the first key being that of this person here


def keys(cipher: Cipher, name: str, address: str, alone: bool) -> Tried:
    """Blind indexes: the table tells nobody who tried. `alone`: an address that others may share without knowing each
    other, as a proxy's, is not counted by itself."""
    plain = name.casefold().strip()
    found = {
        cipher.index(f"{plain}\n{address}", "sign_in_failures.both"): A_NAME,
        cipher.index(plain, "sign_in_failures.name"): A_NAME_ANYWHERE,
    }
    return found | ({cipher.index(address, "sign_in_failures.address"): AN_ADDRESS} if alone else {})


def keys_of_browser(cipher: Cipher, code: str, browser: str) -> Tried:
    """Of a browser in which this person has signed in before."""
    return {cipher.index(f"{code}\n{browser}", "sign_in_failures.browser"): A_NAME}


def count(connection: Connection, tried: Tried, now: datetime) -> list[int]:
    """Gives the rows, for `take_back`. What is too old to count is swept away."""
    connection.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.at <= now - 2 * WITHIN))
    insert = sa.insert(sign_in_failures).returning(sign_in_failures.c.id)
    return [int(connection.execute(insert.values(key=key, at=now)).scalar_one()) for key in tried]


def too_many(connection: Connection, tried: Tried, now: datetime) -> bool:
    """Whether more failures than may be, this try among them, lie within the time that counts."""
    since = sign_in_failures.c.at > now - WITHIN
    counted = sa.select(sa.func.count()).select_from(sign_in_failures)
    numbers = {
        key: connection.execute(counted.where(sign_in_failures.c.key == key, since)).scalar_one() for key in tried
    }
    return any(numbers[key] > most for key, most in tried.items())


def take_back(connection: Connection, rows: list[int]) -> None:
    connection.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.id.in_(rows)))


def forgive(connection: Connection, tried: Tried) -> None:
    """Who has signed in begins anew, here; what others try elsewhere stays counted."""
    (key, *_) = tried
    connection.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.key == key))
