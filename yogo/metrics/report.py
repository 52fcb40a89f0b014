"""Metrics as text: a table, and the confusion matrix in characters for a log."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from yogo.assay.views.sentences import sentences_of
from yogo.metrics.interval_report import gain_between, interval_table, intervals_said
from yogo.run.count_thresholds import ClassThreshold
from yogo.run.counts import ClassCounts, CountReport
from yogo.run.error_kinds import KINDS, NAMES, ErrorCosts
from yogo.run.figures import METRICS, Metric
from yogo.run.metrics import Metrics, Thresholds
from yogo.text.wording import counted

SHADES = " ░▒▓█"
"""Shades from none of a row to all of it."""

_IN_TABLE = tuple(one for one in METRICS if not one.at_own and not one.of_roles)
"""The others stand below it, with what they are told beside."""

WIDEST_NAME = 14
WIDEST_MATRIX = 80


def report(metrics: Metrics) -> Iterator[str]:
    """The lines of a test's report. Class names in them are unchanged: make them printable before printing."""
    yield (
        f"{counted(metrics.num_objects, 'cell')} labelled and {metrics.num_boxes:,} found on "
        f"{counted(metrics.num_images, 'image')} "
        f"(objectness above {metrics.thresholds.objectness:g}, overlap at least {metrics.thresholds.match_iou:g})"
    )
    yield from table(metrics)
    if metrics.resampling:
        yield ""
        yield from intervals(metrics)
    yield ""
    yield from matrix(metrics)
    if metrics.counts is not None:
        yield ""
        yield from counts(metrics.counts, metrics)
    if metrics.assay is not None:
        yield ""
        for sentence in sentences_of(metrics.assay):
            yield from textwrap.wrap(sentence, WIDEST_MATRIX)
    if metrics.errors:
        yield ""
        yield from errors(metrics.errors, metrics.thresholds)
    for run, count in metrics.trained_on.items():
        yield trained_on(run, count, metrics.num_images)


def table(metrics: Metrics) -> Iterator[str]:
    """A line per class, and one of their means; ECE is the calibration error, the last two are in cells per image."""
    width = max(len("all"), *(len(_short(name)) for name in metrics.classes))
    yield f"{'class':<{width}}" + "".join(f"{metric.heading:>7}" for metric in _IN_TABLE)
    for name in metrics.classes:
        keys = [metric.key_of(name) if metric.per_class else "" for metric in _IN_TABLE]
        yield f"{_short(name):<{width}}" + _cells(metrics.figures, keys)
    yield f"{'all':<{width}}" + _cells(metrics.figures, [metric.key for metric in _IN_TABLE])


def counts(report: CountReport, metrics: Metrics) -> Iterator[str]:
    """Two lines per class: as inference counts by default, and at the checkpoint's own threshold."""
    width = max(len("class"), *(len(_short(name)) for name in metrics.classes))
    yield f"{'class':<{width}}  threshold  labels counted  error    bias {'(95 % of resamples)':>19}  spread"
    usual = [f"{metrics.thresholds.objectness:g}"] * len(metrics.classes)
    own = [_own(one) for one in report.thresholds.of_class.values()] if report.thresholds else []
    for place, name in enumerate(metrics.classes):
        yield _count_line(f"{_short(name):<{width}}", usual[place], report.usual[place])
        if report.own:
            yield _count_line(" " * width, own[place], report.own[place])
    if report.thresholds is None:
        yield "the checkpoint holds no count thresholds of its own"
        return
    where = "these images, so that there is no bias here" if report.chosen_here else "the validation set"
    yield f"own: the checkpoint's count threshold, chosen on {where} ({_images(report.thresholds.num_images)})"
    yield from report.thresholds.remarks()


def _images(num: int) -> str:
    return counted(num, "image")


def _own(one: ClassThreshold) -> str:
    return f"own {one.used:.3f}"


def _count_line(name: str, threshold: str, one: ClassCounts) -> str:
    bias = one.bias
    between = "" if bias.low is None or bias.high is None else f"({bias.low:+.2f} to {bias.high:+.2f})"
    return (
        f"{name}  {threshold:>9}  {one.labelled:>6,} {one.counted:>7,} {one.error.value:>6.2f}  {bias.value:>+6.2f} "
        f"{between:>19}  {one.spread.value:>6.2f}"
    )


def matrix(metrics: Metrics) -> Iterator[str]:
    """A row per labelled class, a column per predicted class, shaded by its share of the row.

    Where the names make it wider than a terminal, the columns have the numbers of the rows.
    """
    corner = "is ↓ found →"
    names, headings = [_short(name) for name in metrics.names], [name[:10] for name in metrics.names]
    longest = max(len(f"{count:,}") for row in metrics.confusion for count in row)
    column = max(longest + 1, *map(len, headings))
    if max(map(len, (corner, *names))) + len(names) * (2 + column) > WIDEST_MATRIX:
        headings = [str(number) for number in range(1, len(names) + 1)]
        names = [f"{number:>{len(headings[-1])}} {name}" for number, name in zip(headings, names, strict=True)]
        column = longest + 1
    width = max(map(len, (corner, *names)))
    yield f"{corner:<{width}}" + "".join(f"  {heading:>{column}}" for heading in headings)
    for name, row in zip(names, metrics.confusion, strict=True):
        total = sum(row) or 1
        cells = (f"  {_shade(count / total) + format(count, ','):>{column}}" for count in row)
        yield f"{name:<{width}}" + "".join(cells)


def intervals(metrics: Metrics) -> Iterator[str]:
    """A line per metric; classes that have no room beside the others follow below."""
    (first, *head), rows = interval_table(metrics)
    if rows:
        width = max(len(first), *(len(row[0]) for row in rows)) + 1
        at_once = max(1, (WIDEST_MATRIX - width) // (WIDEST_NAME + 3))
        for begin in range(0, len(head), at_once):
            chosen = slice(begin, begin + at_once)
            for name, cells in ((first, [_short(name) for name in head]), *((row[0], row[1:]) for row in rows)):
                yield f"{name:<{width}}" + "".join(f"{cell:>{WIDEST_NAME + 3}}" for cell in cells[chosen])
    yield from intervals_said(metrics)


def errors(costs: ErrorCosts, thresholds: Thresholds) -> Iterator[str]:
    """A line per kind, and sentences on what they say."""
    width, has_intervals = max(map(len, NAMES)), any(one.interval for one in costs.kinds)
    yield f"{'error':<{width}}{'boxes':>9}{'ranked':>9}{'mAP50':>9}" + f"{'95 %':>18}" * has_intervals
    for one in costs.kinds:
        between = f"{gain_between(one):>18}" * has_intervals
        yield f"{one.kind:<{width}}{one.num_kept:>9,}{one.num_ranked:>9,}{one.gain:>+9.3f}{between}"
    yield from errors_said(costs, thresholds)


def errors_said(costs: ErrorCosts, thresholds: Thresholds) -> Iterator[str]:
    """Sentences: which kind costs most, and what the columns are."""
    if (worst := costs.worst) is not None:
        yield f"Most is lost by {worst.kind}: {dict(KINDS)[worst.kind]}"
    yield (
        f"boxes: above an objectness of {thresholds.objectness:g}; ranked: above {thresholds.ranked_objectness:g}, as "
        "mAP50 ranks them"
    )
    yield "mAP50: what it would gain if all errors of the kind were mended"
    if costs.resamples:
        yield f"95 %: the interval of that, by {costs.resamples:,} resamples; –: too few errors of the kind"


def trained_on(run: str, count: int, num_images: int) -> str:
    """A warning about test images that a run was trained on."""
    were = "was a training image" if count == 1 else "were training images"
    return (
        f"{count:,} of {counted(num_images, 'test image')} {were} of {run}, by their content: "
        "the test flatters the model"
    )


def headline(figures: Mapping[str, float | None]) -> str:
    """The few metrics that are shown for an epoch; empty if there are none."""
    told = [(one, figures.get(one.key)) for one in METRICS if one.told]
    return ", ".join(f"{one.words} {_told(one, value)}" for one, value in told if value is not None)


def _told(metric: Metric, value: float) -> str:
    return f"{value:,.0f}" if metric.unit == "per_ul" else f"{value:.3f}"


def _cells(figures: Mapping[str, float | None], keys: Iterable[str]) -> str:
    """A column a metric; blank where the key is empty, as it has no such figure."""
    cells = (_figure(metric, figures.get(key)) if key else "" for metric, key in zip(_IN_TABLE, keys, strict=True))
    return "".join(f"{cell:>7}" for cell in cells)


def _figure(metric: Metric, value: float | None) -> str:
    if value is None:
        return "–"
    if metric.unit == "share":
        return f"{value:.3f}"
    digits = 2 if abs(value) < 100 else 0
    return f"{value:+.{digits}f}" if metric.unit == "±cells" else f"{value:.{digits}f}"


def _shade(share: float) -> str:
    """A shade for any share above 0, even one in a thousand."""
    return SHADES[0] if not share else SHADES[min(len(SHADES) - 1, 1 + int(share * (len(SHADES) - 1)))]


def _short(name: str) -> str:
    return name if len(name) <= WIDEST_NAME else name[: WIDEST_NAME - 1] + "…"
