"""Losses on their way from the device to a person: read now and then, since each reading waits for the device."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from yogo.loss import Losses
from yogo.run import events
from yogo.training.distributed import World


@dataclass(slots=True)
class Reader:
    """Gathers the losses of steps until they are due."""

    world: World
    _began: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)
    _unread: list[Tensor] = field(default_factory=list)
    _frames: int = 0
    _waited: float = 0.0

    def add(self, losses: Tensor, num_frames: int, waited_seconds: float) -> None:
        """One step's losses, this process's share of them; its frames on all of them, and how long it waited."""
        self._unread.append(losses)
        self._frames += num_frames
        self._waited += waited_seconds

    def restart_clock(self) -> None:
        """What happened since the last reading was not training."""
        self._last, self._waited, self._frames = time.monotonic(), 0.0, 0

    @property
    def is_due(self) -> bool:
        """Each second at first, and every ten in a long run: a day makes some ten thousand events."""
        now = time.monotonic()
        return now - self._last >= min(10.0, max(1.0, (now - self._began) / 200))

    def read(self, *, step: int, epoch: int, rate: float) -> events.Step | None:
        """The means over the steps since the last reading; None if there were none."""
        if not self._unread:
            return None
        rows = self.world.sum(torch.stack(self._unread)).double().tolist()
        self._unread.clear()
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        seconds = max(1e-9, time.monotonic() - self._last)
        event = events.Step(
            step=step,
            epoch=epoch,
            losses=named(means),
            lr=rate,
            frames_per_s=self._frames / seconds,
            data_wait=min(1.0, self._waited / seconds),
        )
        self.restart_clock()
        return event


def named(values: list[float]) -> events.Losses:
    """Numbers in the order of `yogo.loss.Losses`, by name."""
    return events.Losses(**dict(zip(Losses._fields, values, strict=True)))
