"""/api/v1, for the company's own systems: candidates, stages, cohorts, stores, cases, events, hooks.

To add a call: a function in the module of its noun, models in bot.web.api.models, one line in bot.web.api.routes; the
document, the matrix test and the fuzz walk that table.
"""

from bot.web.api.dispatch import BASE, Dispatch

__all__ = ["BASE", "Dispatch"]
