"""Stores."""

from typing import Any

import sqlalchemy as sa

from bot.imports.stores import StoreSheet as Kind
from bot.store.db.cipher import Cipher
from bot.store.tables import stores
from bot.store.visibility import store_seen_by
from bot.web.api.models import Store, Stores
from bot.web.api.paging import page
from bot.web.api.problems import not_found
from bot.web.api.types import ApiAnswer, ApiCall
from bot.web.api.upsert import put as put_row


def index(call: ApiCall) -> ApiAnswer:
    wanted = sa.select(stores).where(store_seen_by(call.sight))
    rows, further = call.database.read(lambda c: page(c, wanted, stores.c.code, call.query.after, call.query.limit))
    return ApiAnswer(Stores(items=[_store(row, call.house.cipher) for row in rows], next=further))


def show(call: ApiCall) -> ApiAnswer:
    wanted = sa.select(stores).where(stores.c.code == call.code, store_seen_by(call.sight))
    row = call.database.read(lambda c: c.execute(wanted).first())
    if row is None:
        raise not_found(f"store {call.code!r}")
    return ApiAnswer(_store(row, call.house.cipher), target=row.code)


def put(call: ApiCall) -> ApiAnswer:
    return put_row(call, Kind, store_seen_by(call.sight))


def _store(row: Any, cipher: Cipher) -> Store:
    opened = {name: cipher.open_maybe(getattr(row, name), f"stores.{name}") for name in ("manager", "phone")}
    return Store.model_validate({name: getattr(row, name) for name in Store.model_fields} | opened)
