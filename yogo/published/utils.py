"""Names that scripts written for published yogo import from here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import TypeVar

import torch

from yogo.distributed import world
from yogo.distributed.rank_info import RankInfo
from yogo.infer.drawing import bbox_colour, draw_yogo_prediction
from yogo.infer.rows import format_to_numpy
from yogo.model.boxes import format_preds

__all__ = [
    "Timer",
    "bbox_colour",
    "choose_device",
    "draw_yogo_prediction",
    "format_preds",
    "format_to_numpy",
    "iter_in_chunks",
]

T = TypeVar("T")


def choose_device(device: str | torch.device | None = None) -> torch.device:
    """The requested device, else a GPU if there is one. Raises TrainingError for a device that is missing."""
    return world.choose_device(None if device is None else str(device), RankInfo())


def iter_in_chunks(sequence: Sequence[T], n: int = 1) -> Iterator[Sequence[T]]:
    """The sequence in slices of `n`, the last one perhaps shorter."""
    for start in range(0, len(sequence), n):
        yield sequence[start : start + n]


class Timer:
    """`with Timer("loading"): ...` prints how long that took; `seconds` holds it too."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.seconds = 0.0

    def __enter__(self) -> Timer:
        self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._began
        print(f"{self.text}: {self.seconds:.3f} s" if self.text else f"{self.seconds:.3f} s")
