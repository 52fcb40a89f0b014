"""Groups of images that belong together, such as those of one slide, donor or flow cell: no split may part one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from yogo.definition.problem import Problem, listed
from yogo.text.wording import counted

if TYPE_CHECKING:
    from yogo.definition.folders import Listing

SHARED = "groups in training and in test"


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


def group_problems(
    data: Sequence[Listing], test: Sequence[Listing], allowed: Collection[str], definition: Path
) -> Iterator[Problem]:
    """Groups that are in both lists, which are errors but for those `allowed`; and images that have no group although
    their folders are grouped by names."""
    for one in (*data, *test):
        yield from _ungrouped(one)
    ones, others = _labels_of(data), _labels_of(test)
    both = [group for group in ones if group in others]
    for group in both:
        if group not in allowed:
            yield Problem(
                "error",
                f"The group {group} is in dataset_paths ({listed(ones[group])}) and in test_paths "
                f"({listed(others[group])}), so what is learnt would be tested on itself. Move one of them; or allow "
                f'it: shared_groups: ["{group}"]',
                definition,
                kind=SHARED,
            )
    if known := [group for group in both if group in allowed]:
        what = f"{counted(len(known), 'group', 'is')} in dataset_paths and in test_paths, as shared_groups allows"
        yield Problem("warning", f"{what}: {listed(known)}", definition)


def _labels_of(listings: Sequence[Listing]) -> dict[str, list[str]]:
    """Group to the labels of the folder pairs that it is in."""
    found: dict[str, list[str]] = {}
    for one in listings:
        groups = dict.fromkeys(one.pair.grouping.group_of(image) for image, _ in one.names) if one.pair.grouping else ()
        for group in groups:
            if group:
                found.setdefault(group, []).append(one.pair.label)
    return found


def _ungrouped(one: Listing) -> Iterator[Problem]:
    rule = one.pair.grouping
    if not rule.pattern:
        return
    alone = [image for image, _ in one.names if not rule.group_of(image)]
    if alone:
        what = f"{counted(len(alone), 'image', 'is')} in no group: the pattern {rule.pattern} is not in"
        name = "its name" if len(alone) == 1 else "their names"
        yield Problem("warning", f"{what} {name}, so each is split alone: {listed(alone)}", one.pair.images)
