"""How the boxes of one label became those of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Box = tuple[str, tuple[float, ...]]
"""Class, and corners (x0, y0, x1, y1) in fractions of the image."""

SAME_OBJECT = 0.5
"""IoU from which on two boxes are of one object, which was moved or given another class."""


def box_changes(before: Sequence[Box], after: Sequence[Box]) -> tuple[list[Box], list[Box], list[tuple[Box, Box]]]:
    """Boxes that were added, removed, and changed from one to the other."""
    left, right = Counter(before), Counter(after)
    gone, come = [*(left - right).elements()], [*(right - left).elements()]
    found = sorted(
        (
            (overlap, one, other)
            for one in range(len(gone))
            for other in range(len(come))
            if (overlap := _iou(gone[one][1], come[other][1])) >= SAME_OBJECT
        ),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    ones: dict[int, int] = {}
    for _, one, other in found:
        if one not in ones and other not in ones.values():
            ones[one] = other
    added = [box for place, box in enumerate(come) if place not in ones.values()]
    removed = [box for place, box in enumerate(gone) if place not in ones]
    return added, removed, [(gone[one], come[other]) for one, other in sorted(ones.items())]


def _iou(one: Sequence[float], other: Sequence[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)
