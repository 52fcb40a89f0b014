"""A difference between two models in words. Needs no numpy."""

from __future__ import annotations

from typing import Any

from yogo.metrics.difference import PairedFigure, detectable, images_to_show
from yogo.run.figures import METRICS

_METRICS = {metric.key: metric for metric in METRICS}

MOST_IMAGES, MOST_SEEDS = 100_000, 1_000
"""Beyond that a number says no more than that it is hopeless."""


def verdict(figure: PairedFigure) -> str:
    """Of the first model of the two, such as `better by .020 (.005 to .036)`."""
    sign = -1 if _METRICS[figure.key].better == "less" else 1
    low, high = sorted((sign * figure.low, sign * figure.high))
    digits = _digits(figure)
    if not figure.is_seen:
        if not figure.deviation and not figure.difference:
            return "no difference at all"
        worse, better = amount(figure.key, -low, digits), amount(figure.key, high, digits)
        return f"no difference seen ({worse} worse to {better} better)"
    word, near, far = ("better", low, high) if low > 0 else ("worse", -high, -low)
    size, near_words, far_words = (amount(figure.key, value, digits) for value in (abs(figure.difference), near, far))
    return f"{word} by {size} ({near_words} to {far_words})"


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
