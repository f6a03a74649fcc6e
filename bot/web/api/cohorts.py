"""Cohorts."""

from typing import Any

import sqlalchemy as sa

from bot.imports.cohorts import CohortSheet as Kind
from bot.store.tables import cohorts
from bot.store.visibility import cohort_seen_by
from bot.web.api.models import Cohort, Cohorts
from bot.web.api.paging import page
from bot.web.api.problems import not_found
from bot.web.api.types import ApiAnswer, ApiCall
from bot.web.api.upsert import put as put_row


def index(call: ApiCall) -> ApiAnswer:
    wanted = sa.select(cohorts).where(cohort_seen_by(call.sight))
    rows, further = call.database.read(lambda c: page(c, wanted, cohorts.c.code, call.query.after, call.query.limit))
    return ApiAnswer(Cohorts(items=[_cohort(row) for row in rows], next=further))


def show(call: ApiCall) -> ApiAnswer:
    wanted = sa.select(cohorts).where(cohorts.c.code == call.code, cohort_seen_by(call.sight))
    row = call.database.read(lambda c: c.execute(wanted).first())
    if row is None:
        raise not_found(f"cohort {call.code!r}")
    return ApiAnswer(_cohort(row), target=row.code)


def put(call: ApiCall) -> ApiAnswer:
    return put_row(call, Kind, cohort_seen_by(call.sight))


def _cohort(row: Any) -> Cohort:
    return Cohort.model_validate({name: getattr(row, name) for name in Cohort.model_fields})
