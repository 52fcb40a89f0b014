"""Two models compared on the images that both were tested on: a paired bootstrap over images.

Each resample draws as many images as there are, with replacement, and both models are measured on it. The spread of the
difference between them says how far other images of the same kind might move it. It says nothing of what another seed
of the training would change.

Axes: I images, B resamples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from yogo.metrics.boxes import Doubles
from yogo.metrics.difference import KEYS, NUM_RESAMPLES, SEEN_BY_CHANCE, PairedFigure
from yogo.metrics.resampling import ResultsByImage, Weights

_AT_A_TIME = 200
"""Resamples between two reports of progress."""


def resamples(num_images: int, num: int = NUM_RESAMPLES, seed: int = 0) -> Weights:
    """(B, I): how often each of `num` resamples holds each image."""
    draws = np.random.default_rng(seed).multinomial(num_images, np.full(num_images, 1 / num_images), size=num)
    return draws.astype(np.uint16)


def paired(
    first: ResultsByImage,
    second: ResultsByImage,
    weights_BI: Weights,
    tell: Callable[[int], None] = lambda done: None,
) -> tuple[PairedFigure, ...]:
    """The metrics of two tests of the same images in the same order, with the intervals of their differences; one that
    has nothing to divide by is left out. `tell` is given how many resamples are done.

    To resample a test set for two systems at once follows Koehn, Statistical Significance Tests for Machine Translation
    Evaluation (EMNLP 2004). The interval is the percentile interval of Efron and Tibshirani, An Introduction to the
    Bootstrap (1993), chapter 13, widened for few images as Hesterberg's expanded percentile interval is (What Teachers
    Should Know About the Bootstrap, The American Statistician 69, 2015).
    """
    whole = np.ones((1, weights_BI.shape[1]), np.uint16)
    ours, theirs = first.figures(whole), second.figures(whole)
    parts = []
    for begin in range(0, len(weights_BI), _AT_A_TIME):
        tell(begin)
        drawn_BI = weights_BI[begin : begin + _AT_A_TIME]
        one, other = first.figures(drawn_BI), second.figures(drawn_BI)
        parts.append({key: one[key] - other[key] for key in KEYS})
    return tuple(
        _figure(key, ours[key][0], theirs[key][0], np.concatenate([part[key] for part in parts]), len(whole[0]))
        for key in KEYS
        if not math.isnan(ours[key][0] - theirs[key][0])
    )


def _figure(key: str, first: float, second: float, difference_B: Doubles, num_images: int) -> PairedFigure:
    """A resample without a label of any class has no difference, and is left out."""
    known_B = difference_B[~np.isnan(difference_B)]
    share = tail(num_images)
    low, high = np.quantile(known_B, (share, 1 - share))
    return PairedFigure(key, float(first), float(second), float(low), float(high), float(known_B.std(ddof=1)))


def tail(num_images: int) -> float:
    """The share of resamples on each side of the interval: below .025, as the spread over few images is too small."""
    freedom, z = num_images - 1, SEEN_BY_CHANCE
    # Student's t by the first terms of its expansion: Abramowitz and Stegun, 26.7.5.
    t = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return math.erfc(math.sqrt(num_images / freedom / 2) * t) / 2


@dataclass(frozen=True, slots=True)
class SharedImages:
    """Which images two tests share, by their places in each."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    num_relabelled: int
    """Images that both have, with other labels in the one than in the other: they are not among these."""


def shared(first: ResultsByImage, second: ResultsByImage) -> SharedImages:
    """Images are told by what their files hold. One that a test has twice is matched with as many of the other."""
    places = _numbered(second.images)
    pairs = [(here, places[key]) for key, here in _numbered(first.images).items() if key in places]
    same = [(here, there) for here, there in pairs if first.labels[here] == second.labels[there]]
    return SharedImages(
        tuple(here for here, _ in same), tuple(there for _, there in same), num_relabelled=len(pairs) - len(same)
    )


def _numbered(images: Sequence[bytes]) -> dict[tuple[bytes, int], int]:
    """The place of each image, by its digest and how often that came before."""
    seen: dict[bytes, int] = {}
    places = {}
    for place, image in enumerate(images):
        seen[image] = seen.get(image, 0) + 1
        places[image, seen[image]] = place
    return places
