"""Questions about paths that a person has typed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from yogo_tui.hosts.base import Tell


@dataclass(frozen=True, slots=True)
class Found:
    """What a path leads to."""

    path: Path
    """Absolute."""

    is_there: bool
    is_file: bool


@dataclass(frozen=True)
class FindPath:
    """What `text` means there: ~ is the home folder, and what is relative is below `start`."""

    text: str
    start: Path

    def answer(self, tell: Tell) -> Found:
        path = Path(os.path.normpath(self.start / os.path.expanduser(self.text.strip())))
        return Found(path, path.exists(), path.is_file())
