"""Runs beside each other: what differs, their figures, and the tables and reports of both. Pure: nothing is read."""

FEWEST = 2
"""Runs in a comparison."""
