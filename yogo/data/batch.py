"""What goes from the files to the network in one step: bytes of pictures, and the boxes on them.

Axes: B pictures of the batch, C channels, H rows, W columns, N boxes of all of its pictures.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Pictures as bytes, their boxes in one flat list. On the CPU; in pinned memory where there is a GPU."""

    images: Tensor
    """uint8 (B, C, H, W)."""

    boxes: Tensor
    """float32 (N, 5): class, x0, y0, x1, y1, corners as fractions of the frame."""

    image_index: Tensor
    """int64 (N,): which of the B pictures each box lies on."""

    indices: Tensor
    """int64 (B,): the pictures' places in the list of samples that the loader was given."""

    draws: Tensor
    """int64 (B,): what each picture's changes are drawn by: see `ShardedBatches.draws`."""

    def to(self, device: torch.device | str, non_blocking: bool = True) -> Batch:
        return Batch(*(part.to(device, non_blocking=non_blocking) for part in self))

    def pinned(self) -> Batch:
        """The same in page-locked memory, from which a GPU copies while the program goes on."""
        return Batch(*(part.pin_memory() for part in self))
