"""What is odd about the boxes of a data set: drawn twice, out of the image, without area, of an odd size or shape."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from yogo.definition.labels import EDGE, Labels
from yogo.health.finding import DataFinding
from yogo.health.robust import MedianSpread

SAME_BOX = 0.8
"""From this IoU on, two boxes are taken to be of one object."""

LEAST_BOXES = 30
"""Of a class, to know what is usual for it."""

ODD_SIZE, ODD_SHAPE = 2.0, 1.5
"""An odd box differs at least by this factor in area, or in width to height, from the median of its class."""

_AT_EDGE = 0.01
"""Of a side: a box that is nearer to the image's edge may be of an object that the edge cuts."""

_FARTHEST = 5.0
"""Spreads of its class."""

_ROWS = 512

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class BoxChecks:
    """Takes one label file after another; `findings` are those that a file shows alone, `odd()` those of the whole."""

    classes: Sequence[str]
    findings: list[DataFinding] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    num_boxes: int = 0
    """With those that were too small."""

    _numbers: array[float] = field(default_factory=lambda: array("d"))
    """Five for each box that lies within its image: file, line, class, width and height in pixels."""

    def add(self, file: str, labels: Labels, size: tuple[int, int] | None) -> None:
        """`size` is the image's width and height in pixels; None if it cannot be read: then no size is odd."""
        self.num_boxes += len(labels) + labels.num_dropped
        boxes = np.frombuffer(labels.rows, np.float32).reshape(-1, 5).astype(np.float64)
        lines = np.asarray(labels.lines, np.int64)
        self.findings += self._without_area(file, labels, size)
        self.findings += self._outside(file, boxes, lines)
        self.findings += self._twice(file, boxes, lines)
        if size:
            self._keep(boxes, lines, size)
        self.files.append(file)

    def _keep(self, boxes: Floats, lines: npt.NDArray[np.int64], size: tuple[int, int]) -> None:
        """For `odd`, those that lie within the image."""
        at_edge = (boxes[:, 1:3].min(1, initial=1) <= _AT_EDGE) | (boxes[:, 3:].max(1, initial=0) >= 1 - _AT_EDGE)
        sides = (boxes[:, 3:] - boxes[:, 1:3]) * size
        rows = np.column_stack([np.full(len(boxes), len(self.files)), lines, boxes[:, 0], sides])
        self._numbers.frombytes(rows[~at_edge].tobytes())

    def _without_area(self, file: str, labels: Labels, size: tuple[int, int] | None) -> Iterator[DataFinding]:
        width, height = size or (0, 0)
        for line, wide, high in labels.dropped:
            if wide <= 0 or high <= 0:
                yield DataFinding("no_area", "This box has no area", file, line)
            elif size and (wide * width < 0.5 or high * height < 0.5):
                shown = f"{wide * width:.2f} x {high * height:.2f}"
                yield DataFinding("no_area", f"This box is {shown} pixels, less than one", file, line)

    def _outside(self, file: str, boxes: Floats, lines: npt.NDArray[np.int64]) -> Iterator[DataFinding]:
        beyond = np.maximum(-boxes[:, 1:3], boxes[:, 3:] - 1).max(1, initial=-1)
        for place in np.flatnonzero(beyond > EDGE):
            what = f"This box reaches out of the image by {beyond[place]:.1%} of its side"
            yield DataFinding("outside", what, file, int(lines[place]))

    def _twice(self, file: str, boxes: Floats, lines: npt.NDArray[np.int64]) -> Iterator[DataFinding]:
        for first, second, iou in overlapping(boxes):
            one, other = (self.classes[int(boxes[place, 0])] for place in (first, second))
            what = f"This {other} box covers the same object as line {lines[first]} (IoU {iou:.2f})"
            more = "" if one == other else f", where it is {one}"
            yield DataFinding("twice", what + more, file, int(lines[second]), other_lines=(int(lines[first]),))

    def odd(self) -> Iterator[DataFinding]:
        """Boxes of a size or shape that is odd for their class; those that the image's edge may cut are left out."""
        numbers = np.frombuffer(self._numbers, np.float64).reshape(-1, 5)
        for index, name in enumerate(self.classes):
            rows = numbers[(numbers[:, 2] == index) & (numbers[:, 3:].min(1, initial=1) > 0)]
            if len(rows) >= LEAST_BOXES:
                yield from self._odd_of(rows, name)

    def _odd_of(self, rows: Floats, name: str) -> Iterator[DataFinding]:
        width, height = rows[:, 3], rows[:, 4]
        area, shape = MedianSpread.of(np.log(width * height)), MedianSpread.of(np.log(width / height))
        sizes = area.far(np.log(width * height), _FARTHEST, np.log(ODD_SIZE))
        shapes = shape.far(np.log(width / height), _FARTHEST, np.log(ODD_SHAPE))
        for place in np.flatnonzero(sizes):
            times = float(np.exp(np.log(width * height)[place] - area.median))
            what = f"{times:.1f} times" if times > 1 else "less than 1% of" if times < 0.01 else f"{times:.0%} of"
            said = f"This {name} box has {what} the area of the median {name} box"
            yield DataFinding("odd_size", said, self.files[int(rows[place, 0])], int(rows[place, 1]))
        for place in np.flatnonzero(shapes & ~sizes):
            times, usual = width[place] / height[place], float(np.exp(shape.median))
            said = f"This {name} box is {times:.2f} times as wide as high; the median {name} box is {usual:.2f} times"
            yield DataFinding("odd_shape", said, self.files[int(rows[place, 0])], int(rows[place, 1]))


def overlapping(boxes: Floats) -> Iterator[tuple[int, int, float]]:
    """Pairs of boxes of one object: the earlier, the later, and their IoU; each later one once, with its best."""
    low, high = boxes[:, 1:3], boxes[:, 3:]
    areas = (high - low).prod(1)
    for start in range(0, len(boxes), _ROWS):
        rows = slice(start, start + _ROWS)
        sides = np.minimum(high[rows, None], high[None]) - np.maximum(low[rows, None], low[None])
        shared = sides.clip(0).prod(2)
        iou = shared / np.maximum(areas[rows, None] + areas[None] - shared, 1e-12)
        iou[np.arange(len(iou))[:, None] + start <= np.arange(len(boxes))[None]] = 0  # only earlier ones
        for place in np.flatnonzero(iou.max(1, initial=0) >= SAME_BOX):
            first = int(iou[place].argmax())
            yield first, start + int(place), float(iou[place, first])
