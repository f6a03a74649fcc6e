"""Spreadsheets in: good rows into the record, bad rows out to a file beside them with the reason.

To add a column: one entry in COLUMNS of its kind (stores, cohorts, staff, candidates); a test asks for the rest.
"""
