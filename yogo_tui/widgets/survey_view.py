"""Shows the summary of a dataset definition: counts with bars, splits, and problems with file and line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from yogo.definition import DatasetSummary, Problem
from yogo.definition.balance import balance_lines
from yogo.definition.report import (
    MOST_OF_A_KIND,
    bar,
    grouped,
    histogram_lines,
    image_sizes,
    node_name,
    read,
    roles_words,
    tree_lines,
)
from yogo.definition.samples_report import samples_report
from yogo.definition.tree import Node
from yogo.health.finding import DataHealth
from yogo.text.terminal import printable
from yogo.text.wording import counted
from yogo_tui.widgets.health_view import health_lines
from yogo_tui.words import cut_middle, padded, thousands

_PARTS = ("train", "val", "test")
_WIDE = 84
_NARROWEST = 20
_MOST_NODES = 20
"""Lines of the tree beside the list of definitions."""


def survey_view(survey: DatasetSummary, path: Path, width: int, health: DataHealth | None = None) -> RenderableType:
    """The summary for a pane of this width in columns, and what is known of the health of its data. A wide one shows
    the boxes of each split too."""
    if survey.samples_file:
        mark = "✖" if survey.has_errors else "!" if survey.problems else "✔"
        first, *lines = (*samples_report(survey.samples_file), "", "Its images have no labels: u on a run assays them.")
        return Text(printable_lines([f"{mark} {first}", *lines]))
    parts: list[RenderableType] = []
    if survey.classes:
        parts += totals_view(survey, width)
    if survey.problems:
        parts.append(Text(f"\n{counted(len(survey.problems), 'problem')}"))
        parts += _problems(survey.problems, path)
    parts += _health(health, width)
    if survey.tree:
        lines = [part for line in tree_lines(survey.tree, _MOST_NODES) for part in _whole(printable(line), width)]
        parts.append(Text("\n".join(["", "what it names", *lines]), no_wrap=True))
    parts += histograms_view(survey, width)
    return Group(*parts)


def _whole(line: str, width: int) -> list[str]:
    """The line, in parts below each other where it has no room."""
    return textwrap.wrap(line, max(width, _NARROWEST), subsequent_indent="    ", drop_whitespace=True) or [line]


def _health(health: DataHealth | None, width: int) -> Iterator[Text]:
    if health:
        yield Text("\n".join(["", *health_lines(health, width)]))


def totals_view(survey: DatasetSummary, width: int) -> Iterator[RenderableType]:
    """How many images there are, how they are split, and the boxes of each class."""
    folders, classes = counted(survey.num_folders, "folder"), counted(len(survey.classes), "class")
    mark = "✖" if survey.has_errors else "!" if survey.problems else "✔" if survey.is_whole else "·"
    yield Text(f"{mark} {counted(survey.num_pictures, 'image')} in {folders} · {classes}")
    splits = zip(_PARTS, (survey.num_train, survey.num_val, survey.num_test), strict=True)
    yield Text("  " + " · ".join(f"{name} {thousands(count)}" for name, count in splits))
    yield Text(printable_lines([*(f"  {line}" for line in roles_words(survey)), ""]))
    yield _classes(survey, width)
    if survey.groups:
        yield Text("\n" + printable_lines(balance_lines(survey.groups)))
    yield Text("\n".join(("", *_asides(survey))))


def histograms_view(survey: DatasetSummary, width: int) -> Iterator[RenderableType]:
    """The histograms, their bars as wide as there is room."""
    for one in survey.histograms:
        yield Text("\n".join(("", *histogram_lines(one, width))), no_wrap=True)


def printable_lines(lines: Iterable[str]) -> str:
    return "\n".join(map(printable, lines))


def _classes(survey: DatasetSummary, width: int) -> Table:
    table = Table.grid(padding=(0, 1))
    is_wide = width >= _WIDE
    total = survey.num_boxes or 1
    rows = [_class_row(survey, name, is_wide) for name in survey.counts]
    head = ["", "boxes", *_PARTS, "size" if survey.box_sizes else ""] if is_wide else ["", ""]
    if is_wide:
        table.add_row(*(Text(word, "dim", justify="right") for word in (*head, "", "")))
    columns = zip(head, *([cell.plain for cell in row] for row in rows), strict=True)
    bar_width = max(6, width - sum(max(map(len, column)) + 1 for column in columns) - len("100.0 %") - 2)
    for row, parts in zip(rows, survey.counts.values(), strict=True):
        if not _has_figures(survey):
            table.add_row(*row, "", "")
            continue
        share = sum(parts.values()) / total
        percent = Text(f"{100 * share:.1f} %", justify="right", no_wrap=True)
        table.add_row(*row, Text(bar(share, bar_width), no_wrap=True), percent)
    return table


def _has_figures(survey: DatasetSummary) -> bool:
    """Whether boxes were counted: not before the first label is read."""
    return survey.is_whole or survey.num_read > 0


def _class_row(survey: DatasetSummary, name: str, is_wide: bool) -> list[Text]:
    """The name of a class and its numbers: boxes; in a wide pane also those of each split, and the median size."""
    parts = survey.counts[name]
    words = thousands if _has_figures(survey) else lambda _: "…"
    numbers = [words(sum(parts.values()))]
    if is_wide:
        size = survey.box_sizes.get(name)
        numbers += [words(parts[part]).rjust(9) for part in _PARTS]
        numbers.append(f" {size[0]:.0f}×{size[1]:.0f} px" if size else "")
    first = Text(cut_middle(name, 16), no_wrap=True)
    return [first, *(Text(number, justify="right", no_wrap=True) for number in numbers)]


def _problems(problems: list[Problem], path: Path) -> Iterator[Text]:
    """The first few problems of each kind, and how many more there are."""
    for group in grouped(problems):
        yield from (Text(printable(problem_line(problem, path))) for problem in group[:MOST_OF_A_KIND])
        if (rest := len(group) - MOST_OF_A_KIND) > 0:
            yield Text(f"{'✖' if group[0].is_error else '!'} and {thousands(rest)} more {group[0].kind}")


def _asides(survey: DatasetSummary) -> Iterator[str]:
    if survey.num_pictures and _has_figures(survey):
        yield f"{counted(survey.median_boxes, 'cell')} an image (median), at most {thousands(survey.max_boxes)}"
    yield from image_sizes(survey)
    if survey.num_dropped:
        yield f"{counted(survey.num_dropped, 'box')} left out: too small"
    if survey.num_unlabelled:
        yield f"{counted(survey.num_unlabelled, 'image')} left out: no label file"
    yield f"read: {read(survey)}"


def figures_view(survey: DatasetSummary, width: int, health: DataHealth | None = None) -> RenderableType:
    """Totals, what is known of its health, and histograms."""
    totals = totals_view(survey, width) if survey.classes else ()
    return Group(*totals, *_health(health, width), *histograms_view(survey, width))


def node_line(node: Node, width: int) -> Text:
    """A folder pair or a definition with its counts, in so many columns. A narrow line leaves out the splits."""
    parts = [thousands(node.splits[part]).rjust(9) for part in _PARTS] if width >= _WIDE else []
    boxes = f"{thousands(node.num_boxes)} boxes" if node.num_read == node.num_pictures else "…"
    words = "adds nothing" if node.is_broken and not node.num_pictures else f"{boxes:>16}"
    images = f"{thousands(node.num_pictures):>9} images" if node.num_pictures else ""
    numbers = "".join((images, *parts, words.rjust(16)))
    mark = "✖ " if node.is_broken else ""
    test = " (test)" if node.is_test and node.definition is None else ""
    name = padded(cut_middle(f"{mark}{node_name(node)}{test}", width - len(numbers) - 1), width - len(numbers) - 1)
    return Text(f"{name} {numbers}", no_wrap=True)


def problem_line(problem: Problem, path: Path) -> str:
    if problem.file is None:
        place = ""
    elif problem.file == path:
        place = f"line {problem.line}: " if problem.line else ""
    else:
        place = f"{problem.file.name}{f', line {problem.line}' if problem.line else ''}: "
    return f"{'✖' if problem.is_error else '!'} {place}{problem.message}"
