"""Everything that the console can do, for screens and commands alike: a session and its parts. Without Textual.

`library` lists definitions and recipes, `runs` finds and watches runs, `planner` makes the plan of a launch, `launcher`
submits plans, `jobs` cancels, resumes, uses and forgets runs, `notebook` keeps their notes, `trash` moves them away and
back, and `results` reads what their models find and miss.
"""

from yogo_tui.runs.watcher import Runs
from yogo_tui.session.session import Session

__all__ = ["Runs", "Session"]
