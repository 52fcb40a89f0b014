"""The intervals of a test's figures as a table, and in sentences. Imports nothing heavy."""

from __future__ import annotations

import math
from collections.abc import Iterator

from yogo.run.error_kinds import KindOfError
from yogo.run.figures import METRICS, Metric
from yogo.run.metrics import Metrics

NO_INTERVAL = "–"

HELD = ((50, 20, "86 to 95"), (200, 87, "86 to 98"), (math.inf, 500, "90 to 95"))
"""Below so many images: of how many benchmarks/coverage.py was run, and how often their intervals were right."""

Rows = list[list[str]]


def interval_table(metrics: Metrics) -> tuple[list[str], Rows]:
    """The columns, all classes and each one, and a row for each metric; no row where there are no intervals."""
    head = ["95 %", "all", *metrics.classes]
    rows = []
    for metric in METRICS:
        keys = [metric.key, *(metric.key_of(name) if metric.per_class else "" for name in metrics.classes)]
        if any(key in metrics.intervals for key in keys):
            rows.append([metric.heading, *(interval_words(metrics, metric, key) for key in keys)])
    return head, rows


def interval_words(metrics: Metrics, metric: Metric, key: str) -> str:
    """Such as `0.628 to 0.709`; a dash where the figure is known and its interval is not."""
    if between := metrics.intervals.get(key):
        return between_words(metric, *between)
    return NO_INTERVAL if key in metrics.figures else ""


def between_words(metric: Metric, low: float, high: float) -> str:
    form = {"share": ".3f", "cells": ".2f", "±cells": "+.2f", "per_ul": ",.0f"}[metric.unit]
    return f"{low:{form}} to {high:{form}}"


def gain_between(one: KindOfError) -> str:
    """Such as `+0.021 to +0.046`."""
    return f"{one.interval[0]:+.3f} to {one.interval[1]:+.3f}" if one.interval else NO_INTERVAL


def intervals_said(metrics: Metrics) -> Iterator[str]:
    """Sentences on what the intervals are of, and how far they can be relied on; none where none were asked for."""
    found = metrics.resampling
    if found is None:
        return
    if not found.resamples:
        yield f"no intervals: {found.words} are too few, as single ones decide; from 10 on there are some"
        return
    yield f"95 %: intervals over {found.words}, by {found.resamples:,} resamples; they tell what other {found.over}"
    yield "of this kind would change, not what another training would"
    for most, num, held in HELD:
        if found.num < most:
            yield f"simulated tests of {num} images: {held} of 100 such intervals held the truth"
            break
    if any(NO_INTERVAL in row for row in interval_table(metrics)[1]):
        yield f"–: the resamples do not differ, or a class has too few labels or {found.over}"
