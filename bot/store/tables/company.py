"""Stores, trainings, and what was announced of a training."""

import sqlalchemy as sa

from bot.store.tables.columns import Moment, Sealed, metadata, row_id

stores = sa.Table(
    "stores",
    metadata,
    row_id(),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("city", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("lat", sa.Float),
    sa.Column("lng", sa.Float),
    sa.Column("openings", sa.Integer),
    sa.Column("manager", Sealed),
    sa.Column("phone", Sealed),
    sa.Column("opens_on", sa.Date),
    sa.Column("closes_on", sa.Date),
    sa.Column("updated_at", Moment, nullable=False),
)

cohorts = sa.Table(
    "cohorts",
    metadata,
    row_id(),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("starts_at", Moment),
    sa.Column("ends_at", Moment),
    sa.Column("place", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("lat", sa.Float),
    sa.Column("lng", sa.Float),
    sa.Column("seats", sa.Integer),
    sa.Column("outline", sa.JSON, nullable=False),
    sa.Column("bring", sa.JSON, nullable=False),
    sa.Column("date_state", sa.Text, nullable=False),
    sa.Column("date_by", Moment),
    sa.Column("timezone", sa.Text),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("updated_at", Moment, nullable=False),
)

# A training notice to so many that a second person has to agree. `version`: of the cohort as the first one saw it.
# `state`: asked, done, dropped.
publications = sa.Table(
    "publications",
    metadata,
    row_id(),
    sa.Column("cohort_id", sa.ForeignKey("cohorts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_at", Moment),
)
