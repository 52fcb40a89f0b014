"""Which predicted box is which labelled one: greedy by score, as COCO matches, whatever the classes.

Each prediction, the best score first, takes the box it overlaps most among those that are left, if by the gate
or more. Here all pictures are matched at once, in rounds: a prediction may take its best box as soon as no
better prediction that still has none could want that box. A few rounds settle everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from yogo.metrics.boxes import Floats, Found, Ints, Truth


def match(found: Found, truth: Truth, iou: float = 0.5) -> Ints:
    """(N of found,): the place in `truth` of the box that each prediction matches, or -1. `iou` is the gate."""
    rank_N = np.empty(len(found.image), np.int64)
    rank_N[np.argsort(-found.score, kind="stable")] = np.arange(len(rank_N))
    prediction, box, overlap = _candidates(found, truth, iou)
    # COCO lets the later one win where a prediction overlaps two boxes alike.
    order = np.lexsort((-box, -overlap, rank_N[prediction]))
    prediction, box = prediction[order], box[order]
    matched_N = np.full(len(rank_N), -1, np.int64)
    while len(prediction):
        first = np.flatnonzero(np.diff(prediction, prepend=-1))
        wanted_by = np.empty(len(truth.image), np.int64)
        wanted_by[box[::-1]] = prediction[::-1]  # the first in order is written last
        settled = first[wanted_by[box[first]] == prediction[first]]
        matched_N[prediction[settled]] = box[settled]
        is_taken = np.zeros(len(truth.image), bool)
        is_taken[box[settled]] = True
        left = ~is_taken[box] & (matched_N[prediction] < 0)
        prediction, box = prediction[left], box[left]
    return matched_N


def _candidates(found: Found, truth: Truth, gate: float) -> tuple[Ints, Ints, Floats]:
    """Pairs of a prediction and a box of the same picture that overlap enough: their places, and the overlap."""
    predictions, boxes, overlaps = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0, np.float32)]
    for of_found, of_truth in _by_image(found.image, truth.image):
        overlap = box_iou(found.box[of_found], truth.box[of_truth])
        row, column = np.nonzero(overlap >= gate)
        predictions.append(of_found[row])
        boxes.append(of_truth[column])
        overlaps.append(overlap[row, column])
    return np.concatenate(predictions), np.concatenate(boxes), np.concatenate(overlaps)


def _by_image(one: Ints, other: Ints) -> Iterator[tuple[Ints, Ints]]:
    """The places of each picture in two lists, where it is in both."""
    one_order, other_order = np.argsort(one, kind="stable"), np.argsort(other, kind="stable")
    shared = np.intersect1d(one, other)
    edges = [
        np.searchsorted(image[order], shared, side)
        for image, order in ((one, one_order), (other, other_order))
        for side in ("left", "right")
    ]
    for begin, end, other_begin, other_end in zip(*edges, strict=True):
        yield one_order[begin:end], other_order[other_begin:other_end]


def box_iou(one_N4: Floats, other_M4: Floats) -> Floats:
    """(N, M): intersection over union of every pair; 0 where a box has no area."""
    low = np.maximum(one_N4[:, None, :2], other_M4[None, :, :2])
    high = np.minimum(one_N4[:, None, 2:], other_M4[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(2)
    union = _area(one_N4)[:, None] + _area(other_M4)[None] - shared
    overlap: Floats = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap


def _area(box_N4: Floats) -> Floats:
    area: Floats = (box_N4[:, 2:] - box_N4[:, :2]).prod(1)
    return area
