"""Two models compared on the images that both were tested on: a paired bootstrap over images.

Each resample draws as many images as there are, with replacement, and both models are measured on it. The spread of the
difference between them says how far other images of the same kind might move it. It says nothing of what another seed
of the training would change.

Axes: I images, B resamples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from yogo.metrics.boxes import Doubles, Ints
from yogo.metrics.difference import KEYS, NUM_RESAMPLES, PairedFigure
from yogo.metrics.resampling import ResultsByImage, Weights
from yogo.students_t import students_t

_AT_A_TIME = 5_000_000
"""Weights of images that are in memory at a time."""

_MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Draws:
    """Resamples of a test set, in parts that fit into memory; the same ones each time."""

    unit_I: Ints
    """Which unit each image is drawn with."""

    num: int = NUM_RESAMPLES
    seed: int = 0

    @classmethod
    def of_images(cls, num_images: int, num: int = NUM_RESAMPLES) -> Draws:
        """Each image by itself."""
        return cls(np.arange(num_images), num)

    @property
    def num_units(self) -> int:
        return int(self.unit_I.max(initial=-1)) + 1

    def parts(self) -> Iterator[Weights]:
        """(B, I) each: how often each resample holds each image."""
        draw, units = np.random.default_rng(self.seed), self.num_units
        rows = max(1, min(_MOST_ROWS, _AT_A_TIME // max(1, len(self.unit_I))))
        for begin in range(0, self.num, rows):
            size = min(rows, self.num - begin)
            drawn_BU = draw.multinomial(units, np.full(units, 1 / units), size=size).astype(np.uint16)
            yield np.take(drawn_BU, self.unit_I, axis=1)


def paired(
    first: ResultsByImage, second: ResultsByImage, draws: Draws, tell: Callable[[int], None] = lambda done: None
) -> tuple[PairedFigure, ...]:
    """The metrics of two tests of the same images in the same order, with the intervals of their differences; one that
    has nothing to divide by is left out. `tell` is given how many resamples are done.

    To resample a test set for two systems at once follows Koehn, Statistical Significance Tests for Machine Translation
    Evaluation (EMNLP 2004). The interval is the percentile interval of Efron and Tibshirani, An Introduction to the
    Bootstrap (1993), chapter 13, widened for few images as Hesterberg's expanded percentile interval is (What Teachers
    Should Know About the Bootstrap, The American Statistician 69, 2015).
    """
    num_images = len(draws.unit_I)
    whole = np.ones((1, num_images), np.uint16)
    ours, theirs = first.figures(whole), second.figures(whole)
    drawn = differences([first], [second], draws, tell)
    return tuple(
        _figure(key, ours[key][0], theirs[key][0], drawn[key], num_images)
        for key in KEYS
        if not math.isnan(ours[key][0] - theirs[key][0])
    )


def differences(
    ones: Sequence[ResultsByImage],
    others: Sequence[ResultsByImage],
    draws: Draws,
    tell: Callable[[int], None] = lambda done: None,
) -> dict[str, Doubles]:
    """(B,) by the key of the metric: the mean of the first models on each resample minus that of the others."""
    parts, done = [], 0
    for weights_BI in draws.parts():
        tell(done)
        sides = [[one.figures(weights_BI) for one in side] for side in (ones, others)]
        means = [{key: np.mean([one[key] for one in side], axis=0) for key in KEYS} for side in sides]
        parts.append({key: means[0][key] - means[1][key] for key in KEYS})
        done += len(weights_BI)
    return {key: np.concatenate([part[key] for part in parts]) for key in KEYS}


def _figure(key: str, first: float, second: float, difference_B: Doubles, num_images: int) -> PairedFigure:
    """A resample without a label of any class has no difference, and is left out."""
    known_B = difference_B[~np.isnan(difference_B)]
    share = tail(num_images)
    low, high = np.quantile(known_B, (share, 1 - share))
    return PairedFigure(key, float(first), float(second), float(low), float(high), float(known_B.std(ddof=1)))


def tail(num_images: int) -> float:
    """The share of resamples on each side of the interval: below .025, as the spread over few images is too small."""
    freedom = num_images - 1
    return math.erfc(math.sqrt(num_images / freedom / 2) * students_t(freedom)) / 2


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
