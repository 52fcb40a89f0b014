"""How the group of an image is known: images of a group, such as those of one slide, donor or flow cell, belong
together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class GroupRule:
    """How the group of an image is known. Without a name and a pattern there is none."""

    name: str = ""
    """The group of all images of a folder pair."""

    pattern: str = ""
    """A regular expression. What it finds in a file's name, or what its brackets do, is the group; below `name`, where
    there is one too."""

    def __bool__(self) -> bool:
        return bool(self.name or self.pattern)

    def group_of(self, file: str) -> str:
        """The group of the image with this file name; empty if it has none."""
        if not self.pattern:
            return self.name
        found = _compiled(self.pattern).search(file.rpartition(".")[0])
        if found is None:
            return ""
        parts = [part for part in (found.groups() or (found[0],)) if part]
        return "/".join([*([self.name] if self.name else []), "-".join(parts)]) if parts else ""

    def __str__(self) -> str:
        words = [f"group {self.name}"] if self.name else []
        return ", ".join([*words, *([f"groups by {self.pattern}"] if self.pattern else [])])


NO_GROUPS = GroupRule()


@lru_cache(maxsize=100)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
