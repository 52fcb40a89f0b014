"""Every label file parsed once, all of their boxes in one array.

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

from yogo.data.cores import visible_cores
from yogo.data.label_files import Parsed, parse, parse_apart
from yogo.definition.problem import InvalidDatasetDefinitionFile, Problem, complaint
from yogo.definition.split import Sample

Progress = Callable[[int, int], None]
"""Told how many are done, and of how many."""

CHUNK = 1_000
"""Files that are parsed in one go; progress is told after each go."""

PARALLEL_FROM = 4_000
"""Fewer files are parsed sooner than the processes would have started."""


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
        """Those of these samples, then of others."""
        return PackedLabels(
            torch.cat((self.boxes, other.boxes)),
            torch.cat((self.offsets, other.offsets[1:] + self.offsets[-1])),
            torch.cat((self.dropped, other.dropped)),
        )

    def split(self, sizes: Sequence[int]) -> list[PackedLabels]:
        """Those of so many samples, then of the so many after them, and so on."""
        ends = itertools.accumulate(sizes)
        return [self._slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]

    def _slice(self, start: int, stop: int) -> PackedLabels:
        offsets = self.offsets[start : stop + 1]
        return PackedLabels(self.boxes[offsets[0] : offsets[-1]], offsets - offsets[0], self.dropped[start:stop])

    def select(self, indices: Tensor) -> PackedLabels:
        """Those of some samples, in this order."""
        boxes, _ = self.gather(indices)
        counts = self.offsets[indices + 1] - self.offsets[indices]
        return PackedLabels(
            boxes, torch.cat((torch.zeros(1, dtype=torch.int64), counts.cumsum(0))), self.dropped[indices]
        )

    def gather(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The boxes (N, 5) of several samples, and for each box (N,) which of `indices` it belongs to."""
        starts = self.offsets[indices]
        counts = self.offsets[indices + 1] - starts
        owner = torch.repeat_interleave(counts)
        first = counts.cumsum(0) - counts
        rows = torch.arange(len(owner)) + (starts - first)[owner]
        return self.boxes[rows], owner


def pack_labels(
    samples: Sequence[Sample],
    classes: Sequence[str],
    *,
    progress: Progress | None = None,
    num_workers: int | None = None,
) -> PackedLabels:
    """The labels of all `samples`, in their order; a sample without a label file has no boxes.

    Many files are parsed by `num_workers` processes: as many as there are cores, if it is not said.
    Raises DefinitionError naming the files and lines that are wrong.
    """
    paths = [sample.label_file for sample in samples]
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    if num_workers is None:
        num_workers = visible_cores() if len(paths) >= PARALLEL_FROM else 0
    parsed: list[Parsed] = []
    wrong: list[Problem] = []
    done = 0
    for chunk, part in zip(chunks, _parse_all(chunks, classes, num_workers), strict=True):
        if isinstance(part, Parsed):
            parsed.append(part)
        else:
            wrong += part
        done += len(chunk)
        if progress is not None:
            progress(done, len(paths))
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
    """What is wrong is gathered over all files, since each may be mended only once it was told."""
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
