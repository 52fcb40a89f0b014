"""A survey in words, as `yogo check` and the console's commands print it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from yogo.definition.problem import Problem, listed
from yogo.definition.survey import DatasetSummary
from yogo.text.wording import counted

MOST_OF_A_KIND = 5
"""Problems of one kind that are printed; the rest is counted."""


def report(survey: DatasetSummary) -> Iterator[str]:
    """The lines of a survey. Names in them are unchanged: make them printable before you print them."""
    if survey.classes:
        yield from summary(survey)
        yield ""
        yield from _table(survey)
        yield ""
        yield f"{counted(survey.median_boxes, 'box')} an image (median), at most {survey.max_boxes:,}"
    yield from left_out(survey)
    if survey.problems:
        yield ""
        yield counted(len(survey.problems), "problem")
        yield from told(survey.problems, "--json lists all")


def summary(survey: DatasetSummary) -> Iterator[str]:
    """How many images there are, how they are split, and how much of them was read."""
    classes = counted(len(survey.classes), "class")
    yield f"{counted(survey.num_pictures, 'image')} in {counted(survey.num_folders, 'folder')} · {classes}"
    yield f"train {survey.num_train:,} · val {survey.num_val:,} · test {survey.num_test:,}"
    yield f"read: {read(survey)}"


def read(survey: DatasetSummary) -> str:
    """What was read for it."""
    labels = f"every row of {counted(survey.num_pictures, 'label file')}"
    if survey.num_looked_into:
        return f"{labels}, head and end of {counted(survey.num_looked_into, 'image')}"
    return f"{labels}; no image was opened"


def left_out(survey: DatasetSummary) -> Iterator[str]:
    """What is not trained on, and which images are empty."""
    if survey.num_dropped:
        boxes = counted(survey.num_dropped, "box")
        yield f"{boxes} left out: smaller than 200 square pixels of a 772x1032 frame"
    if survey.num_unlabelled:
        which = f": {listed(survey.unlabelled)}" if survey.unlabelled else ""
        number = counted(survey.num_unlabelled, "image")
        yield f"{number} left out: no label file (an empty one means: nothing here){which}"
    if survey.num_empty:
        on_them = "it" if survey.num_empty == 1 else "them"
        yield f"{counted(survey.num_empty, 'image')} with nothing on {on_them}, as an empty label says"


def told(problems: Iterable[Problem], lists_all: str = "") -> Iterator[str]:
    """Each problem on a line, errors first, grouped by kind; beyond a number they are only counted."""
    for group in grouped(problems):
        for problem in group[:MOST_OF_A_KIND]:
            yield f"{'✖' if problem.is_error else '!'} {problem.severity}: {problem}"
        if (rest := len(group) - MOST_OF_A_KIND) > 0:
            where = f" ({lists_all})" if lists_all else ""
            yield f"{'✖' if group[0].is_error else '!'} and {rest:,} more {group[0].kind}{where}"


def grouped(problems: Iterable[Problem]) -> list[list[Problem]]:
    """Problems of one kind together, errors first."""
    groups: dict[tuple[bool, str], list[Problem]] = {}
    for problem in sorted(problems, key=lambda one: not one.is_error):
        groups.setdefault((problem.is_error, problem.kind or str(problem)), []).append(problem)
    return list(groups.values())


def _table(survey: DatasetSummary) -> Iterator[str]:
    width = max(len("class"), *(len(name) for name in survey.classes))
    yield f"{'class':<{width}}  {'train':>12}  {'val':>12}  {'test':>12}  {'share':>7}"
    total = survey.num_boxes or 1
    for name, parts in survey.counts.items():
        numbers = "  ".join(f"{parts[part]:>12,}" for part in ("train", "val", "test"))
        yield f"{name:<{width}}  {numbers}  {sum(parts.values()) / total:>7.1%}"
