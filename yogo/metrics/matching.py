"""Matches predicted boxes with labelled ones: greedy by score, as COCO does, regardless of class.

Each prediction, in order of score, takes the remaining box that it overlaps most, if the overlap is at least the
gate. All images are matched at once, in rounds: a prediction may take its best box as soon as no unmatched
prediction with a better score could take that box. A few rounds are enough.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Floats, GroundTruth, Ints, PredictedBoxes

MOST_PAIRS = 2_000_000
"""Pairs compared at a time, to limit memory."""


def match(found: PredictedBoxes, truth: GroundTruth, iou: float = 0.5) -> Ints:
    """(N of found,): the index in `truth` of the box that each prediction matches, or -1. `iou` is the gate."""
    (matched_N,) = matches(found, truth, (iou,))
    return matched_N


def matches(found: PredictedBoxes, truth: GroundTruth, ious: Sequence[float]) -> Iterator[Ints]:
    """The same for each gate of `ious`, of which the first is the least."""
    rank_N = np.empty(len(found.image), np.int64)
    rank_N[np.argsort(-found.score, kind="stable")] = np.arange(len(rank_N))
    prediction, box, overlap = overlapping(found, truth, ious[0])
    # In COCO the later box wins if a prediction overlaps two boxes equally.
    order = np.lexsort((-box, -overlap, rank_N[prediction]))
    prediction, box, overlap = prediction[order], box[order], overlap[order]
    for iou in ious:
        enough = overlap >= iou
        yield _settled(prediction[enough], box[enough], len(found.image), len(truth.image))


def _settled(prediction: Ints, box: Ints, num_found: int, num_boxes: int) -> Ints:
    """(num_found,): of pairs in the order of who chooses first, and what it likes best, the box that each gets."""
    matched_N = np.full(num_found, -1, np.int64)
    while len(prediction):
        first = np.flatnonzero(np.diff(prediction, prepend=-1))
        wanted_by = np.empty(num_boxes, np.int64)
        wanted_by[box[::-1]] = prediction[::-1]  # the first in order is written last
        settled = first[wanted_by[box[first]] == prediction[first]]
        matched_N[prediction[settled]] = box[settled]
        is_taken = np.zeros(num_boxes, bool)
        is_taken[box[settled]] = True
        left = ~is_taken[box] & (matched_N[prediction] < 0)
        prediction, box = prediction[left], box[left]
    return matched_N


def overlapping(found: PredictedBoxes, truth: GroundTruth, gate: float) -> tuple[Ints, Ints, Floats]:
    """Pairs of a prediction and a box of the same image that overlap enough: their indices, and the overlap."""
    # Boxes are sorted by image and left edge, so those that a prediction may overlap are contiguous.
    place_M = _place(truth.image, truth.box[:, 0])
    order_M = np.argsort(place_M, kind="stable")
    widest = float((truth.box[:, 2] - truth.box[:, 0]).max(initial=0))
    begin_N = np.searchsorted(place_M[order_M], _place(found.image, found.box[:, 0] - widest), "left")
    end_N = np.searchsorted(place_M[order_M], _place(found.image, found.box[:, 2]), "right")
    count_N = np.maximum(end_N - begin_N, 0)
    predictions, boxes, overlaps = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for part in _slices(count_N):
        prediction = np.repeat(np.arange(part.start, part.stop), count_N[part])
        first = np.cumsum(count_N[part]) - count_N[part]
        box = order_M[np.arange(len(prediction)) + np.repeat(begin_N[part] - first, count_N[part])]
        overlap = overlaps_of(found.box[prediction], truth.box[box])
        enough = overlap >= gate
        predictions.append(prediction[enough])
        boxes.append(box[enough])
        overlaps.append(overlap[enough])
    return np.concatenate(predictions), np.concatenate(boxes), np.concatenate(overlaps)


def _place(image: Ints, x: Floats) -> npt.NDArray[np.float64]:
    """Positions on one line for all images. A box may reach beyond its frame by a frame's width, not into the next."""
    return image.astype(np.float64) * 6 + np.clip(x.astype(np.float64), -2, 3)


def _slices(count_N: Ints) -> Iterator[slice]:
    """Slices of the predictions that each make about `MOST_PAIRS` pairs."""
    total_N = np.cumsum(count_N)
    edges = np.searchsorted(total_N, np.arange(0, total_N[-1:].sum(), MOST_PAIRS), "left").tolist()
    for begin, end in itertools.pairwise(sorted({*edges, len(count_N)})):
        yield slice(begin, end)


def overlaps_of(one_N4: Floats, other_N4: Floats) -> Floats:
    """(N,): intersection over union of each pair; 0 if neither has an area."""
    width = np.minimum(one_N4[:, 2], other_N4[:, 2]) - np.maximum(one_N4[:, 0], other_N4[:, 0])
    height = np.minimum(one_N4[:, 3], other_N4[:, 3]) - np.maximum(one_N4[:, 1], other_N4[:, 1])
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    union = _area(one_N4) + _area(other_N4) - shared
    overlap: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def _area(box_N4: Floats) -> Floats:
    area: Floats = (box_N4[:, 2] - box_N4[:, 0]) * (box_N4[:, 3] - box_N4[:, 1])
    return area
