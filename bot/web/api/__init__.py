"""/api/v1, for the company's own systems: candidates, stages, cohorts, stores, cases, events, hooks.

To add a call: a function in the module of its noun, models in bot.web.api.models, one line in bot.web.api.table; the
document, the matrix test and the fuzz walk that table.
"""

from bot.web.api.door import BASE, Api

__all__ = ["BASE", "Api"]
