"""How often signing in has failed, by the name that was tried and by where it came from.

A try counts before its password is looked at, so that a hundred tries at once are a hundred tries; one that succeeds,
or is turned away for its number, is taken back.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.cipher import Cipher
from bot.store.tables import sign_in_failures

WITHIN = timedelta(minutes=15)
A_NAME = 5
AN_ADDRESS = 20  # a whole office may come from one address

Tried = Mapping[bytes, int]  # how many failures each key may have


def keys(cipher: Cipher, name: str, address: str) -> Tried:
    """Blind indexes: the table tells nobody who tried."""
    name_key = cipher.index(name.casefold().strip(), "sign_in_failures.name")
    return {name_key: A_NAME, cipher.index(address, "sign_in_failures.address"): AN_ADDRESS}


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


def forgive(connection: Connection, cipher: Cipher, name: str) -> None:
    """Who has signed in begins anew."""
    (key, *_) = keys(cipher, name, "")
    connection.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.key == key))
