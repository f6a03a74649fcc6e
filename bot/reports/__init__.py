"""Figures for HR and for the boss, from the record alone, and how they are written down."""
