"""Which images each rank takes in each batch of an epoch: pure arithmetic, equal on every rank and machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yogo.errors import TrainingError
from yogo.text.wording import counted

Indices = npt.NDArray[np.int64]

_ORDER = 0x0DE2
"""Keeps the draws of the order independent of other draws with the same seed and epoch."""


@dataclass(slots=True)
class ShardedBatches:
    """A global batch is `world_size * batch_size` consecutive images of the epoch's order, divided among the ranks.

    The last, smaller batch is divided evenly: sizes differ by at most one. When shuffling (training), every
    rank must have as many batches as the others, so if fewer images than ranks remain, they are left out of that epoch
    (`num_left_out`; each epoch leaves out different ones). Without shuffling (validation, test) every image is
    taken exactly once, and the last ranks may have one batch less.

    With `weights`, an epoch has as many draws as there are images, and each image is drawn in proportion to its
    weight: its weight over the mean weight, rounded up or down at random with the right probability. Equal weights
    draw every image once.
    """

    num_samples: int
    batch_size: int
    """Images per batch per rank."""

    rank: int = 0
    world_size: int = 1
    seed: int = 0
    shuffle: bool = True
    epoch: int = 0
    start_batch: int = 0
    weights: npt.NDArray[np.float64] | None = None
    """Weights of the images, each above 0. Only for shuffling."""

    def __post_init__(self) -> None:
        if self.shuffle and self.num_samples < self.world_size:
            raise TrainingError(
                f"{counted(self.num_samples, 'training image')} for {self.world_size} processes are too few: "
                "every process needs at least one. Use fewer processes or more images"
            )

    def set_epoch(self, epoch: int, start_batch: int = 0) -> None:
        """Iterate over `epoch` next, from its batch `start_batch` (for this one time)."""
        self.epoch, self.start_batch = epoch, start_batch

    @property
    def num_left_out(self) -> int:
        """Number of images that an epoch leaves out, over all ranks."""
        rest = self.num_samples % (self.world_size * self.batch_size)
        return rest if self.shuffle and rest < self.world_size else 0

    @property
    def global_batch_sizes(self) -> list[int]:
        """Number of images in each batch of an epoch, over all ranks."""
        whole, rest = divmod(self.num_samples, self.world_size * self.batch_size)
        last = [rest] if rest > self.num_left_out else []
        return [self.world_size * self.batch_size] * whole + last

    def order(self) -> Indices:
        """The epoch's order of all images, or of all draws."""
        if not self.shuffle:
            return np.arange(self.num_samples, dtype=np.int64)
        draw = np.random.default_rng([_ORDER, self.seed, self.epoch])
        order = draw.permutation(self.num_samples)
        return order if self.weights is None else _drawn(order, self.weights[order], draw)

    def draws(self, order: Indices) -> Indices:
        """A number below `num_samples` for each position in `order`; all numbers are different.

        It is the image's index, or the position itself if an image may occur several times.
        """
        return order if self.weights is None else np.arange(len(order), dtype=np.int64)

    def __iter__(self) -> Iterator[Indices]:
        """This rank's batches from `start_batch` on."""
        order = self.order()
        for part in self.parts():
            yield order[part]

    def parts(self) -> Iterator[slice]:
        """The positions of these batches in the epoch's order."""
        begin = 0
        start_batch, self.start_batch = self.start_batch, 0
        for number, size in enumerate(self.global_batch_sizes):
            offset, count = _share(size, self.rank, self.world_size)
            if number >= start_batch and count:
                yield slice(begin + offset, begin + offset + count)
            begin += size


def _drawn(order: Indices, weights: npt.NDArray[np.float64], draw: np.random.Generator) -> Indices:
    """As many draws from `order` as it has images: systematic sampling, which deviates by less than one draw.

    Even steps along the summed weights, from a random start, take each image in proportion to its weight.
    """
    ends = weights.cumsum()
    steps = (np.arange(len(order)) + draw.random()) * (ends[-1] / len(order))
    # Rounding may put the last step beyond the end.
    taken = np.minimum(ends.searchsorted(steps, side="right"), len(order) - 1)
    return draw.permutation(order[taken])


def _share(size: int, rank: int, world_size: int) -> tuple[int, int]:
    """Where a rank's share of `size` images begins, and how many images it has."""
    each, more = divmod(size, world_size)
    return rank * each + min(rank, more), each + (rank < more)
