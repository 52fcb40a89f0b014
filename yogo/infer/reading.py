"""Batches of frames from images, read ahead by threads. A broken image keeps its position, with the reason."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from yogo.device.cores import visible_cores
from yogo.errors import YogoError
from yogo.images.depth import FLAT, UPPER_EIGHT, Asked
from yogo.images.pixels import Bytes, Marks
from yogo.infer.images import Pictures, fit, top_row

MOST_THREADS = 16
BATCHES_AHEAD = 2


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """An image before it is resized to the network's frame."""

    hw: tuple[int, int]
    low: int
    high: int
    """The range of the frame's values (0 to 255), except a thousandth at either end."""

    marks: Marks

    @property
    def is_flat(self) -> bool:
        return self.high - self.low < FLAT * 255


Floats = npt.NDArray[np.float32]


class FrameEngine(Protocol):
    """Finds cells in a frame, uint8 (C, H, W) to (P, Sy, Sx), for several threads at once."""

    @property
    def num_side_by_side(self) -> int:
        """Threads that should call it at once."""
        ...

    def __call__(self, frame: Bytes) -> Floats: ...


_Read = tuple[Bytes, FrameFacts, Floats | None] | YogoError


@dataclass(frozen=True, slots=True)
class FrameBatch:
    first: int
    """Index of the first image."""

    frames: Tensor
    """uint8 (B, C, H, W); zeros for a broken image."""

    broken: dict[int, str]
    """Position in the batch of each image that could not be read, with a sentence that names it and says why."""

    seen: dict[int, FrameFacts]
    """The original images, by their position in the batch."""

    found: dict[int, Floats]
    """What the engine found in the frames, where there is one, by their position in the batch."""


@dataclass(frozen=True, slots=True)
class FrameShape:
    image_hw: tuple[int, int]
    """Images are brought to this size first."""

    num_rows: int
    """Number of middle rows that the network uses."""

    rgb: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of a frame."""
        return (3 if self.rgb else 1, self.num_rows, self.image_hw[1])

    def part_of(self, picture_hw: tuple[int, int]) -> tuple[float, float]:
        """Where the frame begins in an image, from the top, and its height, in fractions of the image."""
        height, width = self.image_hw
        if picture_hw == (self.num_rows, width):
            return 0.0, 1.0
        return top_row(height, self.num_rows) / height, self.num_rows / height


def read_batches(
    pictures: Pictures,
    shape: FrameShape,
    batch_size: int,
    *,
    bits: Asked = UPPER_EIGHT,
    num_threads: int | None = None,
    pin_memory: bool = False,
    engine: FrameEngine | None = None,
) -> Iterator[FrameBatch]:
    """Every image once, in order; deep images are read at `bits`.

    An `engine` is given each frame by the thread that read it, so that it computes while others are read, and while
    the caller goes through the batch before. So there are more threads than read, as they wait for it.
    """
    starts = range(0, len(pictures.stems), batch_size)
    num_side_by_side = engine.num_side_by_side if engine else 0
    num_readers = (num_threads or min(visible_cores(), MOST_THREADS)) + num_side_by_side
    num_ahead = max(BATCHES_AHEAD, -(-2 * num_side_by_side // batch_size) + 1)

    def ask(start: int) -> list[Future[_Read]]:
        stop = min(start + batch_size, len(pictures.stems))
        return [pool.submit(_read, pictures, index, shape, bits, engine) for index in range(start, stop)]

    pool = ThreadPoolExecutor(num_readers, "yogo-reader")
    try:
        ahead = deque((start, ask(start)) for start in starts[:num_ahead])
        for start in starts[num_ahead:]:
            yield _collected(*ahead.popleft(), shape, pin_memory)
            ahead.append((start, ask(start)))
        while ahead:
            yield _collected(*ahead.popleft(), shape, pin_memory)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _read(pictures: Pictures, index: int, shape: FrameShape, bits: Asked, engine: FrameEngine | None) -> _Read:
    try:
        picture = pictures.read(index, rgb=shape.rgb, bits=bits)
        frame = fit(picture, shape.image_hw, shape.num_rows)
        facts = FrameFacts((picture.shape[1], picture.shape[2]), *_spread(frame), pictures.marks(index))
    except YogoError as error:
        return error
    return frame, facts, engine(frame) if engine else None


def _collected(first: int, tasks: list[Future[_Read]], shape: FrameShape, pin_memory: bool) -> FrameBatch:
    frames = torch.empty((len(tasks), *shape.shape), dtype=torch.uint8, pin_memory=pin_memory)
    broken, seen, found = {}, {}, dict[int, Floats]()
    for place, (task, out) in enumerate(zip(tasks, frames.numpy(), strict=True)):
        read = task.result()
        if isinstance(read, YogoError):
            broken[place] = str(read)
            out.fill(0)
        else:
            np.copyto(out, read[0])
            seen[place] = read[1]
            if read[2] is not None:
                found[place] = read[2]
    return FrameBatch(first, frames, broken, seen, found)


def _spread(frame: Bytes) -> tuple[int, int]:
    """The lowest and highest of a frame's values, except a thousandth at either end, of the widest channel."""
    edges = []
    for channel in frame[:, ::2, ::2]:
        counts = np.bincount(channel.ravel(), minlength=256).cumsum()
        edges.append((int((counts <= counts[-1] / 1000).sum()), int((counts < counts[-1] * 0.999).sum())))
    return max(edges, key=lambda edge: edge[1] - edge[0])
