"""Weeks in minutes for the demo: a moved clock, simulated people, the same jobs."""
