"""Reads losses from the device now and then, since each reading waits for the device."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import torch
from torch import Tensor

from yogo.device.memory import take_peak
from yogo.distributed.world import World
from yogo.model.loss import LossParts
from yogo.run import events


@dataclass(slots=True)
class Pace:
    """The amount of training, and how long it took."""

    frames: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    """Seconds in which the device had nothing to do because data had not come."""

    def add(self, other: Pace) -> None:
        self.frames += other.frames
        self.seconds += other.seconds
        self.waited += other.waited


@dataclass(slots=True)
class LossReader:
    """Gathers the losses of steps until they are due."""

    world: World
    _began: float = field(default_factory=time.monotonic)
    _last: float = field(default_factory=time.monotonic)
    _unread: list[Tensor] = field(default_factory=list)
    _pace: Pace = field(default_factory=Pace)
    """Totals since the last reading."""

    _epoch: Pace = field(default_factory=Pace)

    def add(self, losses: Tensor, num_frames: int, waited_seconds: float) -> None:
        """One step's losses, this process's share of them; its frames on all of them, and how long it waited."""
        self._unread.append(losses)
        self._pace.frames += num_frames
        self._pace.waited += waited_seconds

    def restart_clock(self) -> None:
        """Restart the clock: the time since the last reading was not training."""
        self._last, self._pace = time.monotonic(), Pace()

    @property
    def is_due(self) -> bool:
        """Every second at first, and every ten seconds in a long run: a day gives some ten thousand events."""
        now = time.monotonic()
        return now - self._last >= min(10.0, max(1.0, (now - self._began) / 200))

    def read(self, *, step: int, epoch: int, rate: float, is_last: bool = False) -> events.Step | None:
        """The means over the steps since the last reading; None if there were none.

        At the last step of an epoch the pace is that of the epoch, because the few remaining frames do not show it.
        """
        if not self._unread:
            return None
        rows = self.world.all_reduce_sum(torch.stack(self._unread)).double().tolist()
        self._unread.clear()
        means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
        self._pace.seconds = max(1e-9, time.monotonic() - self._last)
        self._epoch.add(self._pace)
        pace = self._epoch if is_last else self._pace
        if is_last:
            self._epoch = Pace()
        event = events.Step(
            step=step,
            epoch=epoch,
            losses=named(means),
            lr=rate,
            frames_per_s=pace.frames / pace.seconds,
            data_wait=min(1.0, pace.waited / pace.seconds),
            gpu_memory=take_peak(self.world.device),
        )
        self.restart_clock()
        return event


def named(values: list[float]) -> events.Losses:
    """Numbers in the order of `yogo.model.loss.Losses`, by name."""
    return events.Losses(**dict(zip(LossParts._fields, values, strict=True)))
