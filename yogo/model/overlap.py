"""How much predicted boxes overlap labelled ones, without comparing each with each.

Axes: B images, Y rows, X columns of cells, N labelled boxes of a batch, W cells of a window; C is any.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

REACH = 8
"""Rows and columns on each side of a labelled box's own cell whose predictions are compared with it. For two boxes to
overlap by half, their centres are at most half a width apart, and a third if they have the same size."""

_EPSILON = 1e-7

Corners = tuple[Tensor, Tensor, Tensor, Tensor]
"""x0, y0, x1, y1, each of any shape."""


class BatchLabels(NamedTuple):
    """The labelled boxes of a batch."""

    boxes: Tensor
    """(N, 5): class, x0, y0, x1, y1 in fractions of the frame."""

    image_index: Tensor
    """(N,)"""


def labels_of(target_B6YX: Tensor) -> BatchLabels:
    """Those that have a cell of a target grid. An accelerator waits for them to be counted."""
    image_N, row_N, column_N = target_B6YX[:, 0].nonzero(as_tuple=True)
    found = target_B6YX[image_N, :, row_N, column_N]
    return BatchLabels(found[:, (5, 1, 2, 3, 4)], image_N)


def corners(boxes_4C: Tensor) -> Corners:
    """The corners of boxes given as centre and size, clamped to the frame."""
    cx, cy, w, h = boxes_4C.unbind(0)
    left, top = (cx - w / 2).clamp(0, 1), (cy - h / 2).clamp(0, 1)
    return left, top, (cx + w / 2).clamp(0, 1), (cy + h / 2).clamp(0, 1)


def overlaps(one: Corners, other: Corners) -> Tensor:
    """Intersection over union."""
    (x0, y0, x1, y1), (tx0, ty0, tx1, ty1) = one, other
    shared_w, shared_h = torch.min(x1, tx1) - torch.max(x0, tx0), torch.min(y1, ty1) - torch.max(y0, ty0)
    shared = shared_w.relu() * shared_h.relu()
    return shared / ((x1 - x0) * (y1 - y0) + (tx1 - tx0) * (ty1 - ty0) - shared + _EPSILON)


def overlapping(boxes_B4YX: Tensor, labels: BatchLabels, least: float) -> Tensor:
    """bool (B, Y, X): whether each cell's predicted box overlaps a labelled box of its image by more than `least`."""
    num_images, _, Sy, Sx = boxes_B4YX.shape
    _, x0, y0, x1, y1 = labels.boxes.to(boxes_B4YX.dtype).unbind(1)
    column_N, row_N = ((x0 + x1) * Sx / 2).floor().long(), ((y0 + y1) * Sy / 2).floor().long()
    reach = torch.arange(-REACH, REACH + 1, device=boxes_B4YX.device)
    row_NW, column_NW = row_N[:, None] + reach, column_N[:, None] + reach
    there = ((row_NW >= 0) & (row_NW < Sy))[:, :, None] & ((column_NW >= 0) & (column_NW < Sx))[:, None]
    row, column = row_NW.clamp(0, Sy - 1)[:, :, None], column_NW.clamp(0, Sx - 1)[:, None]
    cell = ((labels.image_index[:, None, None] * Sy + row) * Sx + column).flatten()
    pred_4C = boxes_B4YX.transpose(0, 1).flatten(1)[:, cell]
    per_box = there[0].numel() if len(there) else 1
    tx0, ty0, tx1, ty1 = (side.repeat_interleave(per_box) for side in (x0, y0, x1, y1))
    found = there.flatten() & (overlaps(corners(pred_4C), (tx0, ty0, tx1, ty1)) > least)
    hits = torch.zeros(num_images * Sy * Sx, dtype=torch.int32, device=cell.device)
    hits.index_add_(0, cell, found.int())
    return (hits > 0).view(num_images, Sy, Sx)
