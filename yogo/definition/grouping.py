"""What can be wrong with groups: images of one that are in training and in test, and images that have none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from yogo.definition.folders import Listing
from yogo.definition.problem import Problem, listed
from yogo.text.wording import counted

SHARED = "groups in training and in test"


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
