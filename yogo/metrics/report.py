"""Metrics in words and in letters: a table, and the confusion matrix as a picture that a log can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from yogo.run.metrics import Metrics
from yogo.wording import counted

COLUMNS = {
    "AP50": "mAP50",
    "AP": "mAP",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "roc_auc": "roc_auc",
    "calibration_error": "calibration_error",
    "count_error": "count_error",
    "count_bias": "count_bias",
}
"""A class's figure, and the one of all classes."""

HEADINGS = ("AP50", "AP", "prec", "recall", "F1", "ROC", "ECE", "count±", "bias")

SHADES = " ░▒▓█"
"""From nothing of a row to all of it."""

WIDEST_NAME = 14


def report(metrics: Metrics) -> Iterator[str]:
    """The lines of a test. They hold class names as they are: make them printable at the edge."""
    yield (
        f"{counted(metrics.num_objects, 'cell')} labelled and {metrics.num_boxes:,} found on "
        f"{counted(metrics.num_images, 'picture')} "
        f"(objectness above {metrics.thresholds.objectness:g}, overlap at least {metrics.thresholds.match_iou:g})"
    )
    yield from table(metrics)
    yield ""
    yield from matrix(metrics)
    for run, count in metrics.trained_on.items():
        yield trained_on(run, count, metrics.num_images)


def table(metrics: Metrics) -> Iterator[str]:
    """A line a class, and one of their means; ECE is the calibration error, the last two are cells a picture."""
    width = max(len("all"), *(len(_short(name)) for name in metrics.classes))
    yield f"{'class':<{width}}" + "".join(f"{heading:>7}" for heading in HEADINGS)
    for name in metrics.classes:
        figures = {column: metrics.figures.get(f"{column}/{name}") for column in COLUMNS}
        yield f"{_short(name):<{width}}" + _cells(figures)
    yield f"{'all':<{width}}" + _cells({column: metrics.figures.get(COLUMNS[column]) for column in COLUMNS})


def matrix(metrics: Metrics) -> Iterator[str]:
    """A row for what a box is, a column for what it was taken for, shaded by its share of the row."""
    corner = "is ↓ found →"
    width = max(len(corner), *(len(_short(name)) for name in metrics.names))
    longest = max(len(f"{count:,}") for row in metrics.confusion for count in row)
    column = max(longest + 1, *(min(len(name), 10) for name in metrics.names))
    yield f"{corner:<{width}}" + "".join(f"  {_short(name)[:column]:>{column}}" for name in metrics.names)
    for name, row in zip(metrics.names, metrics.confusion, strict=True):
        total = sum(row) or 1
        cells = (f"  {_shade(count / total) + format(count, ','):>{column}}" for count in row)
        yield f"{_short(name):<{width}}" + "".join(cells)


def trained_on(run: str, count: int, num_images: int) -> str:
    """What test pictures that a run was trained on mean."""
    return (
        f"{count:,} of {num_images:,} test pictures were training pictures of {run}, by their content: "
        "the test flatters the model"
    )


def headline(figures: Mapping[str, float | None]) -> str:
    """The few figures that an epoch is told by; empty where there are none."""
    shown = [
        f"{name} {figures[name]:.3f}"
        for name in ("mAP50", "mAP", "precision", "recall", "count_error")
        if figures.get(name) is not None
    ]
    return ", ".join(shown).replace("_", " ")


def _cells(figures: Mapping[str, float | None]) -> str:
    return "".join(f"{_figure(name, value):>7}" for name, value in figures.items())


def _figure(name: str, value: float | None) -> str:
    if value is None:
        return "–"
    if not name.startswith("count"):
        return f"{value:.3f}"
    digits = 2 if abs(value) < 100 else 0
    return f"{value:+.{digits}f}" if name == "count_bias" else f"{value:.{digits}f}"


def _shade(share: float) -> str:
    """Whatever is there is seen, were it one in a thousand."""
    return SHADES[0] if not share else SHADES[min(len(SHADES) - 1, 1 + int(share * (len(SHADES) - 1)))]


def _short(name: str) -> str:
    return name if len(name) <= WIDEST_NAME else name[: WIDEST_NAME - 1] + "…"
