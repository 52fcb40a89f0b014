"""Sweeps: the same training with other values, as one array of jobs whose tasks are runs like any other.

`space` reads what is varied, `record` is the sweep's file, `submit` submits trials, `board` ranks them.
"""

AT_ONCE = 4
"""How many trials run at a time, where nobody says."""
