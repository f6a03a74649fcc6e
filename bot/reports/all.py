"""Every report by its name. To add one: a function that gives its tables, one line in REPORTS, its words."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.engine import Connection

from bot.reports import answers, cohort_status, cost, lost, risk
from bot.reports.model import ReportRequest, Table

Report = Callable[[Connection, ReportRequest], Sequence[Table]]


def _summary(connection: Connection, asked: ReportRequest) -> Sequence[Table]:
    """The page for the boss."""
    return [
        cohort_status.table(connection, asked),
        *lost.tables(connection, asked),
        cost.table(connection, asked),
        answers.table(connection, asked),
    ]


REPORTS: Mapping[str, Report] = {
    "summary": _summary,
    "lost": lost.tables,
    "cost": lambda connection, asked: [cost.table(connection, asked)],
    "answers": lambda connection, asked: [answers.table(connection, asked)],
    "risk": lambda connection, asked: [risk.table(connection, asked)],
    "signals": lambda connection, asked: [risk.before_leaving(connection, asked)],
}


def make(name: str, connection: Connection, asked: ReportRequest) -> Sequence[Table]:
    """The tables of a report. PostgreSQL is kept from compiling the queries: that takes longer than they do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL jit = off")
    return REPORTS[name](connection, asked)
