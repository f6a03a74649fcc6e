"""Gives new cases to somebody, lets those climb that nobody works on, answers from the record where HR is silent."""

from bot.cases.escalation import escalate_due
from bot.cases.handover import answer_from_record
from jobs.context import JobContext


def run(desk: JobContext) -> int:
    """Gives how many clocks struck."""
    return desk.take_all(escalate_due) + desk.take_all(answer_from_record)
