"""The box that a network should predict from: the typical size of what it will look for. Needs no torch.

A width is predicted as the anchor's width times an exponential, so sizes are compared by their logarithms: the anchor
with the least mean squared distance to all boxes is the geometric mean of their widths and heights.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from yogo.datasets.label_files import parse
from yogo.definition import DatasetDefinition, InvalidDatasetDefinitionFile, split
from yogo.definition.problem import Problem, complaint
from yogo.errors import DefinitionError

Size = tuple[float, float]
"""Width and height, in fractions of the frame."""

Progress = Callable[[int], None]

FILES_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Fit:
    """How well an anchor suits some boxes."""

    num_boxes: int
    mean_iou: float | None
    """Mean IoU of the boxes with an anchor at the same centre; None if there is no box."""

    default_iou: float | None
    """The same for a recipe's default anchor."""


@dataclass(frozen=True, slots=True)
class Proposal:
    anchor_width: float
    anchor_height: float
    num_pictures: int
    """Images that a run on the definition trains on."""

    total: Fit
    classes: dict[str, Fit]


def propose(definition: DatasetDefinition, default: Size, *, progress: Progress | None = None) -> Proposal:
    """The anchor for the definition's training images; `default` is compared with it.

    `progress` receives the number of images read so far. Raises DefinitionError, also if no box is left.
    """
    samples = split(definition).train
    paths = [sample.label_file for sample in samples]
    sizes: list[array[float]] = [array("d") for _ in definition.classes]
    wrong: list[Problem] = []
    for start in range(0, len(paths), FILES_AT_A_TIME):
        try:
            _collect(parse(paths[start : start + FILES_AT_A_TIME], definition.classes).rows, sizes)
        except InvalidDatasetDefinitionFile as error:
            wrong += error.problems
        if progress is not None:
            progress(min(start + FILES_AT_A_TIME, len(paths)))
    if wrong:
        raise complaint(wrong, f"`yogo check {definition.path}` lists all")
    everything = array("d", [value for one in sizes for value in one])
    if not everything:
        raise DefinitionError(f"{definition.path} has no boxes to train on, so no anchor can be proposed")
    anchor = _geometric_mean(everything[::2]), _geometric_mean(everything[1::2])
    fits = {name: _fit(one, anchor, default) for name, one in zip(definition.classes, sizes, strict=True)}
    return Proposal(*anchor, len(samples), _fit(everything, anchor, default), fits)


def _collect(rows: Sequence[float], sizes: list[array[float]]) -> None:
    """Add each box's width and height to those of its class; a row is class, x0, y0, x1, y1."""
    columns = (rows[place::5] for place in range(5))
    for kind, x0, y0, x1, y1 in zip(*columns, strict=True):
        sizes[int(kind)].extend((x1 - x0, y1 - y0))


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _fit(sizes: Sequence[float], anchor: Size, default: Size) -> Fit:
    boxes = list(zip(sizes[::2], sizes[1::2], strict=True))
    return Fit(len(boxes), _mean_iou(boxes, anchor), _mean_iou(boxes, default))


def _mean_iou(boxes: Sequence[Size], anchor: Size) -> float | None:
    width, height = anchor
    shared = (min(w, width) * min(h, height) for w, h in boxes)
    overlaps = (both / (w * h + width * height - both) for both, (w, h) in zip(shared, boxes, strict=True))
    return math.fsum(overlaps) / len(boxes) if boxes else None
