"""Rows of YOLO's label files that hold more than a box: outlines (segmentation, turned boxes) and keypoints (pose)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yogo.definition.labels import EDGE
from yogo.formats.labelled import Omissions, SourcePlace

OUTLINES = "outlines of objects (the boxes around them are carried over)"
KEYPOINTS = "keypoints (the boxes of their objects are carried over)"


@dataclass(frozen=True, slots=True)
class YoloShapes:
    """What becomes of such rows: each is counted, and its box is kept."""

    omitted: Omissions
    num_keypoints: int | None = None
    """The numbers of keypoints in each row, where data.yaml says so."""

    def box_of(self, numbers: Sequence[float], place: SourcePlace) -> tuple[float, float, float, float] | None:
        """Centre, width and height from all numbers of a row but the class; None if it is no such row.

        Raises LabelsError for an outline that is not in fractions of the frame.
        """
        if len(numbers) == 4 + self.num_keypoints if self.num_keypoints else _has_visibilities(numbers):
            self.omitted.add(KEYPOINTS, place)
            return numbers[0], numbers[1], numbers[2], numbers[3]
        if len(numbers) < 6 or len(numbers) % 2:
            return None
        across, down = numbers[::2], numbers[1::2]
        if not all(-EDGE <= value <= 1 + EDGE for value in numbers):
            odd = next(value for value in numbers if not -EDGE <= value <= 1 + EDGE)
            raise place.error(
                f"The outline of {len(across)} points has the coordinate {odd:g}: all are fractions of the frame, so "
                "divide pixels by the image's width and height"
            )
        self.omitted.add(OUTLINES, place)
        x0, y0, x1, y1 = (min(max(value, 0.0), 1.0) for value in (min(across), min(down), max(across), max(down)))
        return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def keypoint_numbers(data: Mapping[str, Any]) -> int | None:
    """How many numbers `kpt_shape: [points, 2 or 3]` of a data.yaml adds to a row; None where it says nothing."""
    shape = data.get("kpt_shape")
    if isinstance(shape, list) and len(shape) == 2 and all(isinstance(one, int) and one > 0 for one in shape):
        return int(shape[0] * shape[1])
    return None


def _has_visibilities(numbers: Sequence[float]) -> bool:
    """Whether a box and points follow, each with x, y and 0, 1 or 2, as COCO says how visible it is."""
    return len(numbers) > 6 and (len(numbers) - 4) % 3 == 0 and all(one in (0, 1, 2) for one in numbers[6::3])
