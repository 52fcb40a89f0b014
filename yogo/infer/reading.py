"""Pictures to batches of frames, read ahead by threads. A broken one keeps its place, empty, and says why."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from yogo.data.cores import visible_cores
from yogo.data.pictures import Bytes
from yogo.errors import YogoError
from yogo.infer.pictures import Pictures, fit

MOST_THREADS = 16
BATCHES_AHEAD = 2

_Read = Bytes | YogoError


@dataclass(frozen=True, slots=True)
class FrameBatch:
    first: int
    """Index of the first picture."""

    frames: Tensor
    """uint8 (B, C, H, W); zeros for a broken picture."""

    broken: dict[int, str]
    """Place in the batch of each picture that could not be read, and why, in a sentence that names it."""


@dataclass(frozen=True, slots=True)
class FrameShape:
    image_hw: tuple[int, int]
    """Pictures are brought to this size first."""

    num_rows: int
    """Of them, the rows in the middle that the network looks at."""

    rgb: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of a frame."""
        return (3 if self.rgb else 1, self.num_rows, self.image_hw[1])


def read_batches(
    pictures: Pictures, shape: FrameShape, batch_size: int, *, num_threads: int | None = None, pin_memory: bool = False
) -> Iterator[FrameBatch]:
    """Every picture once, in order."""
    starts = range(0, len(pictures.stems), batch_size)

    def read(index: int) -> _Read:
        try:
            return fit(pictures.read(index, rgb=shape.rgb), shape.image_hw, shape.num_rows)
        except YogoError as error:
            return error

    def ask(start: int) -> list[Future[_Read]]:
        stop = min(start + batch_size, len(pictures.stems))
        return [pool.submit(read, index) for index in range(start, stop)]

    pool = ThreadPoolExecutor(num_threads or min(visible_cores(), MOST_THREADS), "yogo-reader")
    try:
        ahead = deque((start, ask(start)) for start in starts[:BATCHES_AHEAD])
        for start in starts[BATCHES_AHEAD:]:
            yield _collected(*ahead.popleft(), shape, pin_memory)
            ahead.append((start, ask(start)))
        while ahead:
            yield _collected(*ahead.popleft(), shape, pin_memory)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _collected(first: int, tasks: list[Future[_Read]], shape: FrameShape, pin_memory: bool) -> FrameBatch:
    frames = torch.empty((len(tasks), *shape.shape), dtype=torch.uint8, pin_memory=pin_memory)
    broken = {}
    for place, (task, out) in enumerate(zip(tasks, frames.numpy(), strict=True)):
        read = task.result()
        if isinstance(read, YogoError):
            broken[place] = str(read)
            out.fill(0)
        else:
            np.copyto(out, read)
    return FrameBatch(first, frames, broken)
