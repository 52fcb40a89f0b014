"""Histograms of a set of images: sizes and shapes of the boxes, in pixels, and the images' brightness."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from yogo.definition import DatasetSummary
from yogo.definition.folder_count import WHOLE
from yogo.definition.histogram import Histogram, histogram
from yogo.definition.identity import settled, status
from yogo.definition.stamps import remember, remembered
from yogo.definition.survey import FolderBoxes
from yogo.device.cores import visible_cores
from yogo.errors import DefinitionError
from yogo.images.depth import Bits
from yogo.images.headers import ImageHeader
from yogo.images.pixels import read_pixels

MOST_DECODED = 200
"""Images whose brightness is measured, spread evenly over the set."""

ASPECT_STEP = 0.05
_MOST_PIXELS = 1 << 17
_MOST_ASPECT = 1 << 10


def measure_boxes(found: DatasetSummary, folders: Sequence[FolderBoxes], headers: Mapping[str, ImageHeader]) -> None:
    """Add the sizes of the images and boxes to a summary. Boxes of images that cannot be read are left out."""
    shapes = Counter((header.width, header.height) for header in headers.values())
    found.image_sizes = [(width, height, number) for (width, height), number in shapes.most_common()]
    num_classes = len(found.classes)
    widths, heights = (np.zeros((num_classes, 0), np.int64) for _ in range(2))
    aspects = np.zeros(0, np.int64)
    for one in folders:
        classes, width, height = _in_pixels(one, headers)
        widths = _counted(widths, classes, width)
        heights = _counted(heights, classes, height)
        shape = np.minimum(np.rint(width / np.maximum(height, 1) / ASPECT_STEP), _MOST_ASPECT).astype(np.int64)
        aspects = _sum(aspects, np.bincount(shape))
    for index, name in enumerate(found.classes):
        if index < len(widths) and widths[index].any():
            found.box_sizes[name] = _median(widths[index]), _median(heights[index])
    made = (
        histogram("box width", _numbers(widths.sum(0)), unit="px"),
        histogram("box height", _numbers(heights.sum(0)), unit="px"),
        histogram("box width / height", _numbers(aspects), step=ASPECT_STEP),
    )
    found.histograms += [one for one in made if one]


def brightness(
    paths: Sequence[str], bits: Bits, *, memory: Path | None, tell: Callable[[int, int], None]
) -> Histogram | None:
    """The mean brightness of each of some images, as they are trained on: 0 is black and 255 is white. It is remembered
    in the folder `memory`."""
    places = np.unique(np.linspace(0, len(paths) - 1, min(len(paths), MOST_DECODED)).round().astype(int))
    chosen = [paths[place] for place in places]
    known = {folder: remembered(memory, folder) for folder in {os.path.dirname(path) for path in chosen}}
    means: Counter[int] = Counter()
    with ThreadPoolExecutor(min(8, visible_cores())) as pool:
        try:
            for done, entry in enumerate(pool.map(lambda path: _mean(path, bits, known), chosen), 1):
                if entry:
                    folder, name = os.path.split(chosen[done - 1])
                    known[folder][name] = entry if entry[0] else None
                    means[entry[2]] += 1
                tell(done, len(chosen))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for folder, entries in known.items():
        remember(memory, folder, {name: entry for name, entry in entries.items() if isinstance(entry, list)})
    some = f"of {means.total():,} images, spread over all" if len(paths) > len(places) else ""
    return histogram("mean brightness of an image", means, unit="of 255", note=some)


def _mean(path: str, bits: Bits, known: Mapping[str, Mapping[str, Any]]) -> list[Any] | None:
    """The file's status (None where that will not show a change), the depth it was read at, and the mean."""
    folder, name = os.path.split(path)
    try:
        now = status(path)
        kept = known[folder].get(name)
        if isinstance(kept, list) and kept[:2] == [[*now], bits] and isinstance(kept[2], int):
            return kept
        is_sure = settled((now,))
        mean = round(float(read_pixels(path, rgb=False, image_hw=None, bits=bits).mean()))
        return [[*now] if is_sure else None, bits, mean]
    except (DefinitionError, OSError):
        return None


def _in_pixels(
    one: FolderBoxes, headers: Mapping[str, ImageHeader]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Class, width and height of each box."""
    boxes = np.frombuffer(one.boxes, np.uint16).reshape(-1, 3)
    known = [headers.get(f"{one.folder}/{name}") for name in one.pictures]
    shapes = np.array([(header.width, header.height) if header else (0, 0) for header in known]).reshape(-1, 2)
    of_each = np.repeat(shapes, np.frombuffer(one.num_boxes, np.dtype("l")), axis=0)
    is_known = of_each[:, 0] > 0
    sizes = (boxes[is_known, 1:] / WHOLE) * of_each[is_known]
    return boxes[is_known, 0].astype(np.int64), sizes[:, 0], sizes[:, 1]


def _counted(
    total: npt.NDArray[np.int64], classes: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The sums by class and whole value, with some more values."""
    whole = np.minimum(np.rint(values), _MOST_PIXELS).astype(np.int64)
    wide = max(total.shape[1], int(whole.max(initial=-1)) + 1)
    found = np.bincount(classes * wide + whole, minlength=len(total) * wide).reshape(len(total), wide)
    found[:, : total.shape[1]] += total
    return found


def _sum(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    found = longer.copy()
    found[: len(shorter)] += shorter
    return found


def _numbers(counts: npt.NDArray[np.int64]) -> dict[int, int]:
    return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}


def _median(counts: npt.NDArray[np.int64]) -> float:
    return float(np.searchsorted(counts.cumsum(), counts.sum() / 2))
