"""What holds for each metric of the table; a new entry is tested without a line here."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

from yogo.definition.roles import NO_SAMPLE
from yogo.metrics.assay import AssayBasis
from yogo.metrics.assay_units import AssayUnits
from yogo.metrics.boxes import EvaluationData, GroundTruth, PredictedBoxes
from yogo.metrics.count_thresholds import choose_thresholds
from yogo.metrics.measure import Figures, measure, summary
from yogo.metrics.report import headline, table
from yogo.run.correction import AssayRoles
from yogo.run.figures import METRICS, Metric
from yogo.run.metrics import Metrics

NAMES = ("red", "white")
each = pytest.mark.parametrize("metric", METRICS, ids=[metric.key for metric in METRICS])


def data(*, good: bool) -> EvaluationData:
    """Two images of four cells; a good detector finds them, the other misses two, sees four more and mixes classes."""
    image, label = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 1, 0, 1, 0, 1, 0, 1])
    corner = np.linspace(0, 0.7, 8)[:, None] * [1, 1]
    box = np.concatenate([corner, corner + 0.08], 1).astype(np.float32)
    found_on, found, seen, sure = image, box, label, 0.99
    if not good:
        found_on = np.concatenate([image[:6], image[:4]])
        found = np.concatenate([box[:6], box[:4] + np.float32(0.2)])
        seen, sure = np.array([0, 1, 0, 0, 0, 1, 0, 0, 0, 0]), 0.8
    probabilities = np.full((len(seen), 2), 1 - sure, np.float32)
    probabilities[np.arange(len(seen)), seen] = sure
    predicted = PredictedBoxes(found_on, found, np.full(len(seen), 0.9, np.float32), probabilities)
    return EvaluationData(2, GroundTruth(image, box, label), predicted, predicted)


OWN = choose_thresholds(data(good=True), NAMES, intervals=False)
ROLES = AssayRoles(total=NAMES, target=NAMES[1:], per_microlitre=5e6)
ASSAY = AssayBasis(ROLES, NAMES, AssayUnits.of([NO_SAMPLE] * 2, [""] * 2))


@functools.cache
def found(*, own: bool = True, assay: bool = True, include_map: bool = True) -> Metrics:
    """The report of an assay takes a while."""
    options: dict[str, Any] = {"own": OWN if own else None, "assay": ASSAY if assay else None}
    return measure(data(good=False), NAMES, include_map=include_map, **options)


@each
def test_it_has_a_figure_for_all_and_one_for_each_class_where_it_has_classes(metric: Metric) -> None:
    figures = found().figures
    assert math.isfinite(figures[metric.key] or 0)
    assert metric.key in figures
    assert all((metric.key_of(name) in figures) == metric.per_class for name in NAMES)


@each
def test_an_epoch_has_its_figures_where_that_is_cheap_and_they_are_those_of_the_test(metric: Metric) -> None:
    each_epoch = _own(metric, summary(data(good=False), NAMES, OWN, assay=ASSAY))
    whole = _own(metric, found().figures)
    assert each_epoch == (whole if metric.each_epoch else {})
    without_ranks = _own(metric, found(include_map=False).figures)
    assert without_ranks == ({} if metric.ranked else whole)


@each
def test_without_thresholds_of_its_own_there_is_no_figure_at_them(metric: Metric) -> None:
    figures = _own(metric, found(own=False).figures)
    assert (figures == {}) == metric.at_own


@each
def test_without_roles_there_is_no_figure_that_takes_them(metric: Metric) -> None:
    figures = _own(metric, found(assay=False).figures)
    assert (figures == {}) == metric.of_roles


def _own(metric: Metric, figures: Figures) -> Figures:
    keys = {metric.key, *map(metric.key_of, NAMES)}
    return {key: value for key, value in figures.items() if key in keys}


@each
def test_it_has_a_column_and_is_told_where_it_says_so(metric: Metric) -> None:
    measured = found()
    head, *rows = table(measured)
    in_table = [one for one in METRICS if not one.at_own and not one.of_roles]
    assert head.split()[1:] == [one.heading for one in in_table]
    assert len(metric.heading) <= 6
    assert {len(row) for row in rows} == {len(head)}
    assert (metric.words in _told(measured.figures)) == metric.told


def _told(figures: Figures) -> set[str]:
    return {part.rpartition(" ")[0] for part in headline(figures).split(", ")}


def test_no_two_figures_have_one_key() -> None:
    keys = [key for one in METRICS for key in (one.key, one.key_of("a"))]
    assert len(set(keys)) == len(keys)
    assert len({one.heading for one in METRICS}) == len(METRICS)
