"""One batch, from the files to the network: the bytes of its images, and the boxes on them.

Axes: B images of the batch, C channels, H rows, W columns, N boxes of all of its images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Images as bytes, with their boxes in one flat list. On the CPU; in pinned memory if there is a GPU."""

    images: Tensor
    """uint8 (B, C, H, W)."""

    boxes: Tensor
    """float32 (N, 5): class, x0, y0, x1, y1, corners as fractions of the frame."""

    image_index: Tensor
    """int64 (N,): which of the B images each box lies on."""

    indices: Tensor
    """int64 (B,): the images' indices in the list of samples that the loader was given."""

    draws: Tensor
    """int64 (B,): the index by which each image's augmentation is drawn: see `ShardedBatches.draws`."""

    def to(self, device: torch.device | str, non_blocking: bool = True) -> Batch:
        return Batch(*(part.to(device, non_blocking=non_blocking) for part in self))

    def pinned(self) -> Batch:
        """The same batch in page-locked memory, from which a GPU copies asynchronously."""
        return Batch(*(part.pin_memory() for part in self))


class Batches(Protocol):
    """This process's share of each batch, in order; every process has the same number of batches."""

    @property
    def global_batch_sizes(self) -> Sequence[int]:
        """Images of each batch, over all processes."""

    def set_epoch(self, epoch: int, start_batch: int = 0) -> None: ...

    def __iter__(self) -> Iterator[Batch]: ...
