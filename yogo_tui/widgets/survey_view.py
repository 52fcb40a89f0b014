"""Shows the summary of a dataset definition: counts with bars, splits, and problems with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from yogo.definition import DatasetSummary, Problem
from yogo.definition.report import MOST_OF_A_KIND, grouped, read
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.words import cut_middle, thousands

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_PARTS = ("train", "val", "test")
_WIDE = 84


def survey_view(survey: DatasetSummary, path: Path, width: int) -> RenderableType:
    """The summary for a pane of this width in columns. A wide one shows the boxes of each split too."""
    parts: list[RenderableType] = []
    if survey.classes:
        folders, classes = counted(survey.num_folders, "folder"), counted(len(survey.classes), "class")
        mark = "✖" if survey.has_errors else "!" if survey.problems else "✔"
        parts.append(Text(f"{mark} {counted(survey.num_pictures, 'image')} in {folders} · {classes}"))
        splits = zip(_PARTS, (survey.num_train, survey.num_val, survey.num_test), strict=True)
        parts.append(Text("  " + " · ".join(f"{name} {thousands(count)}" for name, count in splits) + "\n"))
        parts.append(_classes(survey, width))
        parts.append(Text("\n".join(("", *_asides(survey)))))
    if survey.problems:
        parts.append(Text(f"\n{counted(len(survey.problems), 'problem')}"))
        parts += _problems(survey.problems, path)
    return Group(*parts)


def problems_view(problems: list[Problem], path: Path) -> RenderableType:
    """The problems that are known before anything is counted."""
    return Group(*_problems(problems, path))


def _classes(survey: DatasetSummary, width: int) -> Table:
    table = Table.grid(padding=(0, 1))
    is_wide = width >= _WIDE
    total = survey.num_boxes or 1
    bar_width = max(6, min(24, width - 38)) if not is_wide else 20
    if is_wide:
        table.add_row(
            "", Text("boxes", "dim", justify="right"), "", "", *(Text(p, "dim", justify="right") for p in _PARTS)
        )
    for name, parts in survey.counts.items():
        count = sum(parts.values())
        splits = [Text(thousands(parts[part]).rjust(11), justify="right") for part in _PARTS] if is_wide else []
        table.add_row(
            Text(cut_middle(name, 16), no_wrap=True),
            Text(thousands(count), justify="right", no_wrap=True),
            Text(bar(count / total, bar_width), no_wrap=True),
            Text(f"{100 * count / total:.1f} %", justify="right", no_wrap=True),
            *splits,
        )
    return table


def _problems(problems: list[Problem], path: Path) -> Iterator[Text]:
    """The first few problems of each kind, and how many more there are."""
    for group in grouped(problems):
        yield from (_problem(problem, path) for problem in group[:MOST_OF_A_KIND])
        if (rest := len(group) - MOST_OF_A_KIND) > 0:
            yield Text(f"{'✖' if group[0].is_error else '!'} and {thousands(rest)} more {group[0].kind}")


def _asides(survey: DatasetSummary) -> Iterator[str]:
    yield f"{counted(survey.median_boxes, 'cell')} an image (median), at most {thousands(survey.max_boxes)}"
    if survey.num_dropped:
        yield f"{counted(survey.num_dropped, 'box')} left out: too small"
    if survey.num_unlabelled:
        yield f"{counted(survey.num_unlabelled, 'image')} left out: no label file"
    yield f"read: {read(survey)}"


def _problem(problem: Problem, path: Path) -> Text:
    if problem.file is None:
        place = ""
    elif problem.file == path:
        place = f"line {problem.line}: " if problem.line else ""
    else:
        place = f"{problem.file.name}{f', line {problem.line}' if problem.line else ''}: "
    return Text(f"{'✖' if problem.is_error else '!'} {printable(place + problem.message)}")


def bar(share: float, width: int) -> str:
    """A share, from 0 to 1, of so many cells."""
    eighths = round(share * width * 8)
    whole, rest = divmod(eighths, 8)
    if share > 0 and eighths == 0:
        rest = 1
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(width)
