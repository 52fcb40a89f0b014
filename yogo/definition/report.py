"""A survey in words, as `yogo check` and the console's commands print it."""

from __future__ import annotations

from collections.abc import Iterator

from yogo.definition.survey import Survey
from yogo.wording import counted


def report(survey: Survey) -> Iterator[str]:
    """The lines of a survey. They hold names as they are: make them printable at the edge."""
    if survey.classes:
        classes = "1 class" if len(survey.classes) == 1 else f"{len(survey.classes)} classes"
        yield f"{counted(survey.num_pictures, 'picture')} in {counted(survey.num_folders, 'folder')} · {classes}"
        yield f"train {survey.num_train:,} · val {survey.num_val:,} · test {survey.num_test:,}"
        yield ""
        yield from _table(survey)
        yield ""
        yield f"{survey.median_boxes:g} boxes a picture (median), at most {survey.max_boxes:,}"
    if survey.num_dropped:
        yield f"{survey.num_dropped:,} boxes left out: smaller than 200 square pixels of a 772x1032 frame"
    if survey.num_unlabelled:
        yield f"{counted(survey.num_unlabelled, 'picture')} left out: no label file (an empty one says: nothing here)"
    if survey.problems:
        yield ""
        yield counted(len(survey.problems), "problem")
        for problem in survey.problems:
            yield f"{'✖' if problem.is_error else '!'} {problem.severity}: {problem}"


def _table(survey: Survey) -> Iterator[str]:
    width = max(len("class"), *(len(name) for name in survey.classes))
    yield f"{'class':<{width}}  {'train':>12}  {'val':>12}  {'test':>12}  {'share':>7}"
    total = survey.num_boxes or 1
    for name, parts in survey.counts.items():
        numbers = "  ".join(f"{parts[part]:>12,}" for part in ("train", "val", "test"))
        yield f"{name:<{width}}  {numbers}  {sum(parts.values()) / total:>7.1%}"
