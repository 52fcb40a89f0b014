"""Batches from image files or their decoded cache, fetched by threads while the network is busy.

Threads are used rather than processes: decoding and copying release the interpreter's lock, so threads keep as
many cores busy, start at once, write straight into the (pinned) batch, need no shared memory, and leave
all signals to the main thread. An error in a thread is raised in the loop over the batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from yogo.datasets.balance import repeat_factors
from yogo.datasets.batch import Batch
from yogo.datasets.cache import DecodedCache
from yogo.datasets.composed_frames import ComposedFrames
from yogo.datasets.packed import PackedLabels
from yogo.datasets.sampler import Indices, ShardedBatches
from yogo.definition.split import Sample
from yogo.device.cores import reading_threads
from yogo.images.depth import UPPER_EIGHT, Bits
from yogo.images.pixels import Bytes, read_pixels

BATCHES_AHEAD = 2
"""Batches that are fetched while one is trained on."""


class Frames(Protocol):
    """Where frames come from."""

    shape: tuple[int, int, int]
    """(C, H, W)."""

    frames_a_task: int
    """How many frames to fetch at a time, so that handing out the work costs little in comparison."""

    def read(self, indices: Indices, out: Bytes) -> None:
        """Write the frames of some samples into `out`, (len(indices), C, H, W). Raises DefinitionError."""


class FilesOfFrames:
    """Frames decoded from their files each time."""

    frames_a_task = 1

    def __init__(self, samples: Sequence[Sample], *, image_hw: tuple[int, int], rgb: bool, bits: Bits) -> None:
        self.shape = (3 if rgb else 1, *image_hw)
        self._bits = bits
        self._paths = [sample.image_file for sample in samples]

    def read(self, indices: Indices, out: Bytes) -> None:
        for place, index in enumerate(indices):
            out[place] = read_pixels(
                self._paths[index], rgb=self.shape[0] == 3, image_hw=self.shape[1:], bits=self._bits
            )


class CachedFrames:
    """Frames copied out of the decoded cache."""

    frames_a_task = 16

    def __init__(self, samples: Sequence[Sample], cache: DecodedCache) -> None:
        self.shape = cache.shape
        self._frames = cache.frames
        self._rows = cache.rows(samples)

    def read(self, indices: Indices, out: Bytes) -> None:
        for place, row in enumerate(self._rows[indices]):
            out[place] = self._frames[row]


class FollowedFrames:
    """The frames of one source, then those of another."""

    def __init__(self, first: Frames, num_first: int, second: Frames) -> None:
        self.shape = first.shape
        self.frames_a_task = min(first.frames_a_task, second.frames_a_task)
        self._first = first
        self._num_first = num_first
        self._second = second

    def read(self, indices: Indices, out: Bytes) -> None:
        for place, index in enumerate(indices):
            one, own = slice(place, place + 1), index >= self._num_first
            source, start = (self._second, self._num_first) if own else (self._first, 0)
            source.read(indices[one] - start, out[one])


@dataclass(frozen=True, slots=True)
class _Fetch:
    """A batch's images, on their way."""

    indices: Indices
    draws: Indices
    images: Tensor
    tasks: list[Future[None]]


class BatchLoader:
    """The batches of this rank, epoch by epoch. Iterating again gives the epoch that was last set."""

    def __init__(
        self,
        frames: Frames,
        labels: PackedLabels,
        batches: ShardedBatches,
        *,
        num_threads: int = 0,
        pin_memory: bool = False,
    ) -> None:
        self.frames = frames
        self.labels = labels
        self.batches = batches
        self.num_threads = num_threads
        self.pin_memory = pin_memory and torch.cuda.is_available()
        self._pool = ThreadPoolExecutor(num_threads, "yogo-pictures") if num_threads else None

    def set_epoch(self, epoch: int, start_batch: int = 0) -> None:
        """Give `epoch` next, from its batch `start_batch` on, without reading the batches before it."""
        self.batches.set_epoch(epoch, start_batch)

    @property
    def global_batch_sizes(self) -> list[int]:
        """Images over all ranks of each batch of a whole epoch."""
        return self.batches.global_batch_sizes

    @property
    def num_left_out(self) -> int:
        """Images that each epoch leaves out so that all ranks have as many batches."""
        return self.batches.num_left_out

    def __iter__(self) -> Iterator[Batch]:
        pending: deque[_Fetch] = deque()
        order = self.batches.order()
        draws = self.batches.draws(order)
        try:
            for part in self.batches.parts():
                pending.append(self._begin(order[part], draws[part]))
                if len(pending) > (BATCHES_AHEAD if self._pool else 0):
                    yield self._finish(pending.popleft())
            while pending:
                yield self._finish(pending.popleft())
        finally:
            for fetch in pending:
                for task in fetch.tasks:
                    task.cancel()

    def close(self) -> None:
        """End the threads. After that the loader cannot be iterated over."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _begin(self, indices: Indices, draws: Indices) -> _Fetch:
        images = torch.empty((len(indices), *self.frames.shape), dtype=torch.uint8, pin_memory=self.pin_memory)
        pixels: Bytes = images.numpy()
        if self._pool is None:
            self.frames.read(indices, pixels)
            return _Fetch(indices, draws, images, [])
        step = self.frames.frames_a_task
        parts = [slice(start, start + step) for start in range(0, len(indices), step)]
        tasks = [self._pool.submit(self.frames.read, indices[part], pixels[part]) for part in parts]
        return _Fetch(indices, draws, images, tasks)

    def _finish(self, fetch: _Fetch) -> Batch:
        for task in fetch.tasks:
            task.result()
        indices, draws = (torch.from_numpy(np.ascontiguousarray(one)) for one in (fetch.indices, fetch.draws))
        boxes, image_index = self.labels.gather(indices)
        batch = Batch(fetch.images, boxes, image_index, indices, draws)
        return batch.pinned() if self.pin_memory else batch


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderOptions:
    """What the loaders of a run's sets have in common."""

    image_hw: tuple[int, int]
    rgb: bool
    bits: Bits = UPPER_EIGHT
    """How deep files of more than 8 bits are."""

    batch_size: int
    """Images of one rank in a batch."""

    rank: int = 0
    world_size: int = 1
    num_sharing_cores: int = 1
    """Ranks that share the cores that this one sees."""

    seed: int = 0
    num_workers: int | None = None
    """Threads that fetch the images; as many as suit this machine and its ranks if it is not said. With 0 they are
    fetched when they are asked for."""

    pin_memory: bool = False
    cache: DecodedCache | None = None


def loader(
    samples: Sequence[Sample],
    labels: PackedLabels,
    options: LoaderOptions,
    *,
    shuffle: bool,
    weighted: bool = False,
    made: ComposedFrames | None = None,
) -> BatchLoader:
    """Batches of `samples`, whose labels are `labels`, for one rank; see ShardedBatches for who gets what.

    Frames that were `made` follow the samples, with places of their own. `weighted` draws images with rare classes
    more often. Raises TrainingError where there are fewer images to shuffle than ranks.
    """
    cache, num_workers = options.cache, options.num_workers
    if num_workers is None:
        num_workers = reading_threads(
            cached=cache is not None, local_ranks=options.num_sharing_cores, has_gpu=torch.cuda.is_available()
        )
    frames: Frames = (
        CachedFrames(samples, cache)
        if cache is not None
        else FilesOfFrames(samples, image_hw=options.image_hw, rgb=options.rgb, bits=options.bits)
    )
    if made is not None:
        frames, labels = FollowedFrames(frames, len(samples), made), labels.followed_by(made.labels)
    weights = repeat_factors(labels) if weighted else None
    batches = ShardedBatches(
        labels.num_samples,
        options.batch_size,
        options.rank,
        options.world_size,
        options.seed,
        shuffle,
        weights=weights,
    )
    return BatchLoader(frames, labels, batches, num_threads=num_workers, pin_memory=options.pin_memory)
