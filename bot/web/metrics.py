"""What Prometheus reads at /metrics: counts and durations, never who."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

registry = CollectorRegistry()
INBOUND = Counter("keepwarm_inbound_total", "Messages and events taken in", ["channel", "kind"], registry=registry)
REPEATS = Counter("keepwarm_inbound_repeats_total", "Deliveries answered before", ["channel"], registry=registry)
REJECTED = Counter("keepwarm_rejected_total", "Calls refused", ["path"], registry=registry)
LATE = Counter("keepwarm_late_total", "Answers that follow as a message of their own", ["channel"], registry=registry)
FAILED = Counter("keepwarm_failed_total", "Calls that broke", ["path"], registry=registry)
SECONDS = Histogram(
    "keepwarm_answer_seconds",
    "From the call to the committed answer",
    ["channel"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 4.5, 10),
    registry=registry,
)
OUTBOUND = Gauge(
    "keepwarm_outbound", "Messages by state and road, without those that are done", ["state", "via"], registry=registry
)
OLDEST = Gauge("keepwarm_outbound_oldest_seconds", "Since when the oldest message is due", registry=registry)
STOPPED = Gauge("keepwarm_channel_stopped", "1 while our account there is wrong", ["channel"], registry=registry)
CASES = Gauge("keepwarm_cases_open", "Cases not resolved", registry=registry)
PROMISES = Gauge("keepwarm_promises_open", "Promises not kept yet", registry=registry)
OVERDUE = Gauge("keepwarm_promises_overdue", "Promises that the record should have kept by now", registry=registry)
TOUCHES = Gauge("keepwarm_touches", "Touches that are due, or planned for the next hour", ["state"], registry=registry)
LAG = Gauge("keepwarm_touch_lag_seconds", "Since when the oldest touch is due", registry=registry)
HELD = Gauge("keepwarm_held_candidates", "Open candidates for whom the rhythm is not released", registry=registry)
DATABASE = Gauge("keepwarm_database_up", "Whether the database answered just now", registry=registry)
SPOOLED = Gauge("keepwarm_spooled", "Messages that wait on disk for the database", registry=registry)
