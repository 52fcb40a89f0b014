"""Builds the target grid of the loss from labelled boxes: vectorised, on the boxes' device, without a sync.

Axes: N boxes of a whole batch, 5 = class, x0, y0, x1, y1 (fractions of the frame), B images, Y rows, X columns.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def build_targets(boxes_N5: Tensor, image_index_N: Tensor, num_images: int, Sx: int, Sy: int) -> Tensor:
    """(B, 6, Sy, Sx) float32: mask, x0, y0, x1, y1, class in the grid cell that holds each box's centre, else zeros.

    The last box wins a cell. A centre on or beyond an edge belongs to the cell at that edge.
    """
    num_cells = num_images * Sy * Sx
    cell_N = _cells(boxes_N5, image_index_N, Sx, Sy)
    is_last_N = _is_last(cell_N, num_cells)
    # Boxes that lost their cell go to one extra cell, which is cut off: selecting them would need a sync.
    slot_N = torch.where(is_last_N, cell_N, num_cells)
    boxes_N5 = boxes_N5.float()
    values_6N = torch.stack((torch.ones_like(boxes_N5[:, 0]), *boxes_N5[:, 1:].unbind(1), boxes_N5[:, 0]))
    grid_6C = boxes_N5.new_zeros(6, num_cells + 1)
    grid_6C[:, slot_N] = values_6N
    return grid_6C[:, :num_cells].view(6, num_images, Sy, Sx).transpose(0, 1)


def count_collisions(boxes_N5: Tensor, image_index_N: Tensor, Sx: int, Sy: int) -> int:
    """How many boxes lose their grid cell to a later one, for any number of images: no grid is filled. On the CPU."""
    # NumPy sorts whole numbers ten times as fast.
    cells = np.sort(_cells(boxes_N5, image_index_N, Sx, Sy).numpy())
    return int(np.count_nonzero(cells[1:] == cells[:-1]))


def _cells(boxes_N5: Tensor, image_index_N: Tensor, Sx: int, Sy: int) -> Tensor:
    """The cell of each box, counted over all images."""
    # In float32, as in published yogo: with more bits, a centre on a line between cells may fall on the other side.
    _, x0, y0, x1, y1 = boxes_N5.float().unbind(1)
    column_N = ((x0 + x1) * Sx / 2).floor().long().clamp(0, Sx - 1)
    row_N = ((y0 + y1) * Sy / 2).floor().long().clamp(0, Sy - 1)
    return (image_index_N.long() * Sy + row_N) * Sx + column_N


def _is_last(cell_N: Tensor, num_cells: int) -> Tensor:
    """Whether each box is the last one in its cell."""
    order_N = torch.arange(len(cell_N), device=cell_N.device)
    last_C = torch.full((num_cells,), -1, device=cell_N.device)
    last_C.scatter_reduce_(0, cell_N, order_N, "amax")
    return last_C[cell_N] == order_N
