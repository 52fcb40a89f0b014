"""Hands batches to the loop, and measures for how long the device had nothing to do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch

from yogo.datasets.batch import Batch


class Feed:
    """A GPU works off what it was given while the next batch is fetched: that time is not lost, and not counted."""

    def __init__(self, batches: Iterator[Batch], device: torch.device) -> None:
        self._batches = batches
        self._device = device
        self._waited = 0.0

    def next(self) -> Batch:
        """The next batch, as the loader gives it. Raises StopIteration after the last."""
        done = torch.cuda.current_stream(self._device).record_event() if self._device.type == "cuda" else None
        asked = time.monotonic()
        batch = next(self._batches)
        if done is None or done.query():
            self._waited += time.monotonic() - asked
        return batch

    def take_waited(self) -> float:
        """Seconds since this was last asked in which a batch was waited for, and the device ran out of work: at most.

        Where it ran out of work in the middle of a wait, the whole wait counts.
        """
        waited, self._waited = self._waited, 0.0
        return waited
