"""The tables. Columns of type `Sealed` hold personal data and are opened by `bot.store.db.cipher` alone."""

from bot.store.tables.cases import alerts, case_events, case_reasons, cases, suggestions
from bot.store.tables.columns import Id, Index, Moment, Sealed, metadata
from bot.store.tables.company import cohorts, publications, stores
from bot.store.tables.messages import inbound, outbound, receipts, stopped_channels
from bot.store.tables.people import (
    addresses,
    bindings,
    candidates,
    codes,
    contacts,
    credits,
    links,
    stage_times,
    wrong_codes,
)
from bot.store.tables.platform import api_tokens, events, hook_calls, hooks, meta, taught, uploads
from bot.store.tables.staff import audit, forms, sessions, sign_in_failures, staff
from bot.store.tables.touches import checkins, promises, risk_changes, signals, tasks, touches

__all__ = [
    "Id",
    "Index",
    "Moment",
    "Sealed",
    "addresses",
    "alerts",
    "api_tokens",
    "audit",
    "bindings",
    "candidates",
    "case_events",
    "case_reasons",
    "cases",
    "checkins",
    "codes",
    "cohorts",
    "contacts",
    "credits",
    "events",
    "forms",
    "hook_calls",
    "hooks",
    "inbound",
    "links",
    "meta",
    "metadata",
    "outbound",
    "promises",
    "publications",
    "receipts",
    "risk_changes",
    "sessions",
    "sign_in_failures",
    "signals",
    "staff",
    "stage_times",
    "stopped_channels",
    "stores",
    "suggestions",
    "tasks",
    "taught",
    "touches",
    "uploads",
    "wrong_codes",
]
