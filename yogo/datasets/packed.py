"""All label files parsed once, with their boxes in one array.

A batch's boxes are then a few slices; parsing the files again in every epoch cost as much as decoding PNGs.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from yogo.datasets.label_files import Parsed, parse, parse_apart
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, complaint
from yogo.definition.split import Sample
from yogo.device.cores import visible_cores

CHUNK = 1_000
"""Files that are parsed in one chunk."""

PARALLEL_FROM = 4_000
"""Fewer files than this are parsed sooner than the processes would have started."""


class PackedLabels(NamedTuple):
    boxes: Tensor
    """float32 (N, 5): class, x0, y0, x1, y1 as fractions of the frame, sample after sample."""

    offsets: Tensor
    """int64 (number of samples + 1): the boxes of sample i are those from offsets[i] to offsets[i + 1]."""

    dropped: Tensor
    """int64 (number of samples): boxes of each sample that were too small to keep."""

    @property
    def num_samples(self) -> int:
        return len(self.offsets) - 1

    @property
    def num_dropped(self) -> int:
        """Boxes that were too small to keep."""
        return int(self.dropped.sum())

    def of(self, index: int) -> Tensor:
        """float32 (n, 5): the boxes of one sample."""
        return self.boxes[self.offsets[index] : self.offsets[index + 1]]

    def followed_by(self, other: PackedLabels) -> PackedLabels:
        """The labels of these samples, followed by those of others."""
        return PackedLabels(
            torch.cat((self.boxes, other.boxes)),
            torch.cat((self.offsets, other.offsets[1:] + self.offsets[-1])),
            torch.cat((self.dropped, other.dropped)),
        )

    def split(self, sizes: Sequence[int]) -> list[PackedLabels]:
        """Split into the labels of the first so many samples, of the next so many, and so on."""
        ends = itertools.accumulate(sizes)
        return [self._slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def _slice(self, start: int, stop: int) -> PackedLabels:
        offsets = self.offsets[start : stop + 1]
        return PackedLabels(self.boxes[offsets[0] : offsets[-1]], offsets - offsets[0], self.dropped[start:stop])

    def select(self, indices: Tensor) -> PackedLabels:
        """The labels of some samples, in this order."""
        boxes, _ = self.gather(indices)
        counts = self.offsets[indices + 1] - self.offsets[indices]
        return PackedLabels(
            boxes, torch.cat((torch.zeros(1, dtype=torch.int64), counts.cumsum(0))), self.dropped[indices]
        )

    def gather(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The boxes (N, 5) of several samples, and for each box (N,) which of `indices` it belongs to."""
        # By numpy: for so few rows torch wakes a thread on each core, which takes longer than the work.
        offsets, chosen = self.offsets.numpy(), indices.numpy()
        starts = offsets[chosen]
        counts = offsets[chosen + 1] - starts
        owner = np.repeat(np.arange(len(chosen)), counts)
        first = counts.cumsum() - counts
        rows = np.arange(len(owner)) + (starts - first)[owner]
        return torch.from_numpy(self.boxes.numpy()[rows]), torch.from_numpy(owner)


def pack_labels(
    samples: Sequence[Sample],
    classes: Sequence[str],
    *,
    num_workers: int | None = None,
    chunk_size: int = CHUNK,
) -> PackedLabels:
    """The labels of all `samples`, in their order; a sample without a label file has no boxes.

    `chunk_size` files are parsed in one chunk; many files, by `num_workers` processes (default: one per core).
    Raises DefinitionError naming the files and lines that are wrong.
    """
    paths = [sample.label_file for sample in samples]
    chunks = [paths[start : start + chunk_size] for start in range(0, len(paths), chunk_size)]
    if num_workers is None:
        num_workers = visible_cores() if len(paths) >= PARALLEL_FROM else 0
    parsed: list[Parsed] = []
    wrong: list[Problem] = []
    for part in _parse_all(chunks, classes, num_workers):
        if isinstance(part, Parsed):
            parsed.append(part)
        else:
            wrong += part
    if wrong:
        raise complaint(wrong)
    return _joined(parsed)


def _parse_all(
    chunks: list[list[str | None]], classes: Sequence[str], num_workers: int
) -> Iterator[Parsed | Sequence[Problem]]:
    if num_workers <= 1 or len(chunks) <= 1:
        yield from (_parsed(parse, chunk, classes) for chunk in chunks)
        return
    with ThreadPoolExecutor(num_workers) as pool:  # each thread only waits for a process
        yield from pool.map(lambda chunk: _parsed(parse_apart, chunk, classes), chunks)


def _parsed(
    how: Callable[[Sequence[str | None], Sequence[str]], Parsed], chunk: Sequence[str | None], classes: Sequence[str]
) -> Parsed | Sequence[Problem]:
    """Collect what is wrong over all files, so that all can be repaired at once."""
    try:
        return how(chunk, classes)
    except InvalidDatasetDefinitionFile as error:
        return error.problems


def _joined(parts: list[Parsed]) -> PackedLabels:
    rows = np.concatenate([np.empty(0, np.float32), *(np.frombuffer(part.rows, np.float32) for part in parts)])
    counts = np.concatenate([np.zeros(1, np.int64), *(np.frombuffer(part.counts, np.int64) for part in parts)])
    dropped = np.concatenate([np.empty(0, np.int64), *(np.frombuffer(part.dropped, np.int64) for part in parts)])
    return PackedLabels(
        boxes=torch.from_numpy(rows.reshape(-1, 5)),
        offsets=torch.from_numpy(counts.cumsum()),
        dropped=torch.from_numpy(dropped),
    )
