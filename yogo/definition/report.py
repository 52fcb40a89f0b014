"""A survey in words, as `yogo check` and the console's commands print it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from yogo.definition.balance import balance_lines
from yogo.definition.histogram import Histogram, merged
from yogo.definition.problem import Problem, listed
from yogo.definition.survey import DatasetSummary
from yogo.definition.tree import Node
from yogo.text.wording import counted

_EIGHTHS = " ▏▎▍▌▋▊▉█"
MOST_LISTED = 200
"""The same in a list that can be walked through."""

MOST_ROWS = 12
"""Rows of a histogram."""

_MOST_NODES = 60
"""Lines of the tree that are printed."""

MOST_OF_A_KIND = 5
"""Problems of one kind that are printed; the rest is counted."""


def report(survey: DatasetSummary) -> Iterator[str]:
    """The lines of a survey. Names in them are unchanged: make them printable before you print them."""
    if survey.classes:
        yield from summary(survey)
        yield ""
        yield from _table(survey)
        yield ""
        if survey.groups:
            yield from balance_lines(survey.groups)
            yield ""
        if survey.num_pictures:
            yield f"{counted(survey.median_boxes, 'box')} an image (median), at most {survey.max_boxes:,}"
        yield from image_sizes(survey)
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
    yield from roles_words(survey)


def roles_words(survey: DatasetSummary) -> Iterator[str]:
    """What is looked for, where the definition says it."""
    if survey.roles:
        known = f" · {counted(survey.num_samples, 'sample')}" if survey.num_samples else ""
        yield f"looked for: {survey.roles}{known}"


def read(survey: DatasetSummary) -> str:
    """What was read for it."""
    if survey.num_read < survey.num_pictures:
        return f"{survey.num_read:,} of {counted(survey.num_pictures, 'label file')} so far"
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


def in_full(survey: DatasetSummary, columns: int) -> Iterator[str]:
    """What the definition names, as a tree, and the histograms."""
    if survey.tree:
        yield ""
        shares = " · ".join(f"{part} {share:g}" for part, share in survey.fractions.items() if share)
        yield f"what it names{f' (split {shares})' if shares else ''}"
        yield from tree_lines(survey.tree)
    for one in survey.histograms:
        yield ""
        yield from histogram_lines(one, columns)


def bar(share: float, width: int) -> str:
    """A share, from 0 to 1, of so many columns."""
    eighths = round(share * width * 8)
    whole, rest = divmod(eighths, 8)
    if share > 0 and eighths == 0:
        rest = 1
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(width)


def histogram_lines(one: Histogram, columns: int, rows: int = MOST_ROWS) -> Iterator[str]:
    """A title, and a bar for each range of values; the longest takes what `columns` leave."""
    unit = f" {one.unit}" if one.unit else ""
    note = f" · {one.note}" if one.note else ""
    yield f"{one.title}, median {one.median:g}{unit}{note}"
    edges, counts = merged(one, rows)
    ranges = [_range(edges[place], edges[place + 1], one.is_whole) for place in range(len(counts))]
    room, most = max(map(len, ranges)), max(counts)
    numbers = [f"{count:,}" for count in counts]
    width = max(4, columns - room - max(map(len, numbers)) - 4)
    for words, count, number in zip(ranges, counts, numbers, strict=True):
        yield f"  {words:>{room}} {bar(count / most, width)} {number:>{max(map(len, numbers))}}"


def _range(low: float, high: float, is_whole: bool) -> str:
    if is_whole:
        return f"{low:,.0f}" if high - low == 1 else f"{low:,.0f}–{high - 1:,.0f}"
    return f"{low:g}–{high:g}"


def tree_lines(nodes: Sequence[Node], most: int = _MOST_NODES) -> Iterator[str]:
    """The folder pairs and definitions that a definition names, each with its counts."""
    lines = [*_tree(nodes, "")]
    yield from lines[:most]
    if len(lines) > most:
        yield f"and {len(lines) - most:,} more (--json lists all)"


def _tree(nodes: Sequence[Node], before: str) -> Iterator[str]:
    for node in nodes:
        is_last = node is nodes[-1]
        yield f"{before}{'└' if is_last else '├'} {node_name(node)} · {node_words(node)}"
        yield from _tree(node.parts, before + ("  " if is_last else "│ "))


def node_name(node: Node) -> str:
    return f"{node.label} ({node.definition.name})" if node.definition else node.label


def node_words(node: Node) -> str:
    """The counts of a folder pair or a definition."""
    if node.is_broken and not node.num_pictures:
        return "✖ adds nothing"
    splits = " · ".join(f"{split} {number:,}" for split, number in node.splits.items() if number)
    boxes = f" · {counted(node.num_boxes, 'box')}" if node.num_read == node.num_pictures else ""
    alone = f" · {node.num_unlabelled:,} without a label" if node.num_unlabelled else ""
    mark = "✖ " if node.is_broken else ""
    grouping = f" · {node.grouping}" if node.grouping and node.definition is None else ""
    sample = f" · {node.sample}" if node.sample else ""
    images = f"{counted(node.num_pictures, 'image')}{f' ({splits})' if splits else ''}"
    return f"{mark}{images}{boxes}{alone}{grouping}{sample}"


def image_sizes(survey: DatasetSummary) -> Iterator[str]:
    """The sizes of the images, the most frequent first."""
    if survey.image_sizes:
        several = len(survey.image_sizes) > 1
        named = [f"{w} x {h}{f' ({number:,})' if several else ''}" for w, h, number in survey.image_sizes]
        yield f"images of {listed(named)} pixels"


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
