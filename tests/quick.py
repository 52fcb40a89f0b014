"""The files of tests for the inner loop, one a line: the light ones, and those that a change touches.

Light are those that start no other process and need neither torch nor a screen. A change touches the files of tests
that differ from main, those that import a module that does, and with one of yogo_tui those that show a screen; those
of the real Slurm only where they themselves differ.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.side_by_side import USES_SLURM

SHOWS_A_SCREEN = re.compile(r"\bPilot\b|\brun_test\b")
STARTS_OR_LOADS_MUCH = re.compile(
    r"\b(torch|subprocess|Popen|asyncssh|ssh_server|host: Host|import main|tiny)\b"
    r"|tests\.yogo_tui\.(lab|terminal|local)\b"
)


def selected(root: Path) -> list[str]:
    """Paths below the root of a checkout, sorted."""
    changed = _changed(root)
    modules = [_module(path) for path in changed if not path.startswith("tests/test_")]
    imports = re.compile("|".join(rf"\b{re.escape(module)}\b" for module in modules) or "(?!)")
    found = []
    for file in (root / "tests").rglob("test_*.py"):
        path, text = file.relative_to(root).as_posix(), file.read_text()
        shows_a_change = SHOWS_A_SCREEN.search(text) and any(one.startswith("yogo_tui/") for one in changed)
        is_heavy = any(one.search(text) for one in (USES_SLURM, SHOWS_A_SCREEN, STARTS_OR_LOADS_MUCH))
        is_touched = (imports.search(text) or shows_a_change) and not USES_SLURM.search(text)
        if path in changed or is_touched or not is_heavy:
            found.append(path)
    return sorted(found)


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _changed(root: Path) -> set[str]:
    """The Python files that differ from main, in commits or not, and those that git does not know yet."""
    bases = (_git(root, "merge-base", "HEAD", main).strip() for main in ("main", "origin/main", "HEAD"))
    differ = _git(root, "diff", "--name-only", next(filter(None, bases)))
    new = _git(root, "ls-files", "--others", "--exclude-standard")
    return {path for path in (differ + new).splitlines() if path.endswith(".py") and (root / path).exists()}


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    print(*selected(Path(__file__).parents[1]), sep="\n")
