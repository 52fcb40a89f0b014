"""A difference between two models in words. Needs no numpy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from yogo.metrics.difference import PairedFigure, detectable, images_to_show
from yogo.run.figures import METRICS

_METRICS = {metric.key: metric for metric in METRICS}

MOST_IMAGES, MOST_SEEDS = 100_000, 1_000
"""Beyond that a number says no more than that it is hopeless."""


def verdict(figure: PairedFigure) -> str:
    """Of the first model of the two, such as `better by .020 (.005 to .036)`."""
    if not (figure.is_seen or figure.deviation or figure.difference):
        return "no difference at all"
    words = functools.partial(amount, figure.key, digits=_digits(figure))
    is_less_better = _METRICS[figure.key].better == "less"
    return difference_words(figure.difference, figure.low, figure.high, words, is_less_better=is_less_better)


def difference_words(
    difference: float, low: float, high: float, words: Callable[[float], str], *, is_less_better: bool
) -> str:
    """Of a difference and its interval: such as `better by .020 (.005 to .036)`. `words` are those of a size."""
    sign = -1 if is_less_better else 1
    low, high = sorted((sign * low, sign * high))
    if low <= 0 <= high:
        return f"no difference seen ({words(-low)} worse to {words(high)} better)"
    word, near, far = ("better", low, high) if low > 0 else ("worse", -high, -low)
    return f"{word} by {words(abs(difference))} ({words(near)} to {words(far)})"


def would_show(figure: PairedFigure, num_images: int, seeds: int | None = None) -> str:
    """What it would take to see a difference that was not seen, with so many seeds if they are known; empty if one was
    seen."""
    if figure.is_seen or not figure.deviation:
        return ""
    size = amount(figure.key, abs(figure.difference))
    if seeds is not None and seeds <= MOST_SEEDS:
        return f"{seeds:,} seed{'s' * (seeds != 1)} each would show {size}"
    images = images_to_show(figure.difference, figure.deviation, num_images)
    if images is None or images > MOST_IMAGES:
        return f"these images would show {amount(figure.key, detectable(figure.deviation))}"
    return f"{_two_digits(images):,} images would show {size}"


def figure_data(figure: PairedFigure, num_images: int, seeds: int | None) -> dict[str, Any]:
    """The difference for programs: that of the first model's figure minus the second's."""
    return {
        "name": figure.key,
        "values": [figure.first, figure.second],
        "difference": figure.difference,
        "interval": [figure.low, figure.high],
        "is_seen": figure.is_seen,
        "images_to_show": images_to_show(figure.difference, figure.deviation, num_images),
        "seeds_to_show": seeds,
        "verdict": verdict(figure),
    }


def amount(key: str, value: float, digits: int = 0) -> str:
    """A difference, such as .020 or -.004; of counts 0.25."""
    if _METRICS[key].unit == "share":
        return f"{value:.{digits or 3}f}".replace("0.", ".", 1)
    return f"{value:.{digits or 2}f}"


def _digits(figure: PairedFigure) -> int:
    """So many that the end of an interval that leaves 0 out is not written as 0."""
    digits = 3 if _METRICS[figure.key].unit == "share" else 2
    nearest = min(abs(figure.low), abs(figure.high))
    while figure.is_seen and digits < 6 and nearest < 0.5 * 10**-digits:
        digits += 1
    return digits


def _two_digits(value: int) -> int:
    return value if value < 100 else int(float(f"{value:.2g}"))
