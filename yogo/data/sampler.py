"""Which pictures each rank takes in each batch of an epoch. Pure arithmetic: equal on every rank and machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yogo.errors import TrainingError

Indices = npt.NDArray[np.int64]

_ORDER = 0x0DE2
"""Keeps the draws of the order apart from other draws with the same seed and epoch."""


@dataclass(slots=True)
class ShardedBatches:
    """A global batch is `world_size * batch_size` consecutive pictures of the epoch's order, dealt out to the ranks.

    The last, smaller one is dealt out evenly: sizes differ by at most one. When shuffling (training), every
    rank must have as many batches as the others, so fewer last pictures than ranks are left out of that epoch
    (`num_left_out`; another order leaves out others). Without shuffling (validation, test) every picture is
    taken exactly once, and the last ranks may have one batch less.

    With `weights`, an epoch has as many draws as there are pictures, and each picture has its share of them: as
    often as its weight over the mean weight says, rounded up or down at random with the right odds. Equal weights
    give every picture once.
    """

    num_samples: int
    batch_size: int
    """Pictures a batch and rank."""

    rank: int = 0
    world_size: int = 1
    seed: int = 0
    shuffle: bool = True
    epoch: int = 0
    start_batch: int = 0
    weights: npt.NDArray[np.float64] | None = None
    """Of the pictures, each above 0. Only for shuffling."""

    def __post_init__(self) -> None:
        if self.shuffle and self.num_samples < self.world_size:
            raise TrainingError(
                f"There are {self.num_samples} training pictures for {self.world_size} processes: "
                "every process needs at least one. Use fewer processes or more pictures"
            )

    def set_epoch(self, epoch: int, start_batch: int = 0) -> None:
        """Iterate over `epoch` next, from its batch `start_batch` (for this one time)."""
        self.epoch, self.start_batch = epoch, start_batch

    @property
    def num_left_out(self) -> int:
        """Pictures that an epoch leaves out, over all ranks."""
        rest = self.num_samples % (self.world_size * self.batch_size)
        return rest if self.shuffle and rest < self.world_size else 0

    @property
    def global_batch_sizes(self) -> list[int]:
        """Pictures over all ranks of each batch of an epoch."""
        whole, rest = divmod(self.num_samples, self.world_size * self.batch_size)
        last = [rest] if rest > self.num_left_out else []
        return [self.world_size * self.batch_size] * whole + last

    def __len__(self) -> int:
        """Batches of this rank in an epoch."""
        return sum(_share(size, self.rank, self.world_size)[1] > 0 for size in self.global_batch_sizes)

    def order(self) -> Indices:
        """The epoch's order of all pictures, or of its draws of them."""
        if not self.shuffle:
            return np.arange(self.num_samples, dtype=np.int64)
        draw = np.random.default_rng([_ORDER, self.seed, self.epoch])
        order = draw.permutation(self.num_samples)
        return order if self.weights is None else _drawn(order, self.weights[order], draw)

    def draws(self, order: Indices) -> Indices:
        """A number below `num_samples` for each place in `order`, no two of them the same.

        It is the picture's own, or the place itself where a picture may stand in several.
        """
        return order if self.weights is None else np.arange(len(order), dtype=np.int64)

    def __iter__(self) -> Iterator[Indices]:
        """This rank's batches from `start_batch` on."""
        order = self.order()
        for part in self.parts():
            yield order[part]

    def parts(self) -> Iterator[slice]:
        """Where in the epoch's order these batches lie."""
        begin = 0
        start_batch, self.start_batch = self.start_batch, 0
        for number, size in enumerate(self.global_batch_sizes):
            offset, count = _share(size, self.rank, self.world_size)
            if number >= start_batch and count:
                yield slice(begin + offset, begin + offset + count)
            begin += size


def _drawn(order: Indices, weights: npt.NDArray[np.float64], draw: np.random.Generator) -> Indices:
    """As many of `order` as there are, some more than once: systematic sampling, which strays by less than one draw.

    Stepping evenly along the summed weights, from a random start, takes each as often as its weight says.
    """
    ends = weights.cumsum()
    steps = (np.arange(len(order)) + draw.random()) * (ends[-1] / len(order))
    # Rounding may put the last step at the very end.
    taken = np.minimum(ends.searchsorted(steps, side="right"), len(order) - 1)
    return draw.permutation(order[taken])


def _share(size: int, rank: int, world_size: int) -> tuple[int, int]:
    """Where a rank's share of `size` pictures begins, and how many they are."""
    each, more = divmod(size, world_size)
    return rank * each + min(rank, more), each + (rank < more)
