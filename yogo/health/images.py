"""What is odd about images: much darker, brighter or more blurred than the rest of their folder, or empty."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from yogo.health.finding import DataFinding
from yogo.health.looks import Looks
from yogo.health.robust import MedianSpread
from yogo.health.signature import LEAST_CONTRAST
from yogo.text.wording import counted

LEAST_IMAGES = 20
"""Of a folder, to know what is usual in it; smaller folders are compared with all images."""

LEAST_SHADES = 25.0
"""Of 255: a smaller difference in brightness is not odd, however alike the others are."""

LEAST_BLUR = 1.0
"""Of a logarithm to base 2: a blurred image has lost at least half of its fine detail."""

_FARTHEST = 5.0
"""Spreads of the folder."""


def odd_images(found: Looks, num_boxes: Mapping[str, int]) -> Iterator[DataFinding]:
    """`num_boxes` says how many boxes each image's label has."""
    brightness, contrast, sharpness = found.measures.T
    is_blank = found.is_read & (contrast < LEAST_CONTRAST)
    for place in np.flatnonzero(is_blank).tolist():
        number = num_boxes.get(found.paths[place], 0)
        labelled = f", but its label has {counted(number, 'box')}" if number else ""
        said = f"Nothing can be seen on this image: its contrast is {contrast[place]:.1f} shades of 255{labelled}"
        yield DataFinding("blank", said, found.paths[place])
    for path, number in num_boxes.items():
        if not number:
            yield DataFinding("no_boxes", "The label of this image says that nothing is on it", path)
    for places in _groups(found, found.is_read):
        yield from _odd_light(found.paths, places, brightness[places])
    for places in _groups(found, found.is_read & ~is_blank):
        yield from _blurred(found.paths, places, sharpness[places])


def _groups(found: Looks, which: npt.NDArray[np.bool_]) -> Iterator[list[int]]:
    """The images that are compared with each other."""
    folders: dict[str, list[int]] = {}
    for place in np.flatnonzero(which).tolist():
        folders.setdefault(os.path.dirname(found.paths[place]), []).append(place)
    large = [places for places in folders.values() if len(places) >= LEAST_IMAGES]
    rest = [place for places in folders.values() if len(places) < LEAST_IMAGES for place in places]
    yield from large
    if len(rest) >= LEAST_IMAGES:
        yield rest


def _odd_light(paths: Sequence[str], places: Sequence[int], values: npt.NDArray[np.float32]) -> Iterator[DataFinding]:
    usual = MedianSpread.of(values)
    for which in np.flatnonzero(usual.far(values, _FARTHEST, LEAST_SHADES)).tolist():
        is_dark = values[which] < usual.median
        what = f"This image is much {'darker' if is_dark else 'brighter'} than the rest"
        said = f"{what}: {values[which]:.0f} of 255 on average; the median is {usual.median:.0f}"
        yield DataFinding("dark" if is_dark else "bright", said, paths[places[which]])


def _blurred(paths: Sequence[str], places: Sequence[int], values: npt.NDArray[np.float32]) -> Iterator[DataFinding]:
    usual = MedianSpread.of(values)
    for which in np.flatnonzero(usual.far(values, _FARTHEST, LEAST_BLUR) & (values < usual.median)).tolist():
        times = 2 ** float(usual.median - values[which])
        said = f"This image is much more blurred than the rest: it has {times:.1f} times less fine detail"
        yield DataFinding("blurry", said, paths[places[which]])
