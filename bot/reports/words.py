"""The words of tables: those of messages/*/report.yaml, and how risk.yaml calls the reasons of cases."""

from collections.abc import Mapping

from bot.reports.model import Words


def table_words(report: Mapping[str, str], risk: Mapping[str, str], comma: str) -> Words:
    """`comma`: what stands between the items of a list."""
    reasons = {key.replace("case_", "reason_", 1): text for key, text in risk.items() if key.startswith("case_")}
    return {"comma": comma} | reasons | dict(report)
