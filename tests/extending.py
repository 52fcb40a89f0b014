"""The examples of docs/extending.md, made in a copy of the source."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "extending.md"
_BLOCK = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


class Example:
    """What the section `How to add WHAT` says, done in `folder`."""

    def __init__(self, what: str, folder: Path) -> None:
        self.folder = folder
        for part in ("yogo", "yogo_tui", "sbatch_templates", "tests", "docs", "tools", "pyproject.toml"):
            source, target = ROOT / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", ".slurm*", "*.svg"))
            else:
                shutil.copy(source, target)
        self.changed = [self._make(*block) for block in _blocks(what)]

    def _make(self, language: str, name: str, text: str) -> str:
        """A diff is made in the file that it names, where its lines stand; anything else is a new file."""
        path = self.folder / name
        if language != "diff":
            assert not path.exists(), f"{name} is there already"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return name
        lines = text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[:1] != "+")
        after = "".join(line[1:] for line in lines if line[:1] != "-")
        source = path.read_text()
        assert source.count(before) == 1, f"{name} has these lines {source.count(before)} times, not once:\n{before}"
        path.write_text(source.replace(before, after))
        return name

    def run(self, *command: str) -> str:
        """What a Python command prints there; it has to succeed."""
        env = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *command], cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def check(self, *tests: str) -> None:
        """Run contract tests there: those of a file, or those whose name holds a word (FILE -k WORD)."""
        told = self.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
        assert re.search(r"\b[1-9]\d* passed", told), told


def _blocks(what: str) -> Iterator[tuple[str, str, str]]:
    text = PAGE.read_text()
    start = text.index(f"## How to add {what}\n")
    end = text.find("\n## ", start)
    yield from _BLOCK.findall(text[start : end if end > 0 else len(text)])
