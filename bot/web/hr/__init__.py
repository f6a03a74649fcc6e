"""The inbox of HR under /hr: who may come in, what they see, what they do.

To add a page: a handler module, a template, and a `Route` in `bot.web.hr.routes`; tests/bot/web/test_hr_matrix.py asks
for its case.
"""
