"""Detects overfitting: the validation loss rises while the training loss falls."""

from __future__ import annotations

from dataclasses import dataclass, field

from yogo.run import events
from yogo.training.progress import Event

EPOCHS_OF_PATIENCE = 3


@dataclass(slots=True)
class Trend:
    warning: str = ""
    """A sentence each time that overfitting begins; empty otherwise."""

    _steps: list[float] = field(default_factory=list)
    """Training losses of the current epoch."""

    _train: dict[int, float] = field(default_factory=dict)
    _val: dict[int, float] = field(default_factory=dict)
    _warned_of: int | None = None

    def add(self, event: Event) -> None:
        if isinstance(event, events.Step) and event.losses.loss is not None:
            self._steps.append(event.losses.loss)
        elif isinstance(event, events.Validated) and event.losses.loss is not None and self._steps:
            self._train[event.epoch] = sum(self._steps) / len(self._steps)
            self._val[event.epoch] = event.losses.loss
            self._steps.clear()
            self._judge(event.epoch)

    def _judge(self, epoch: int) -> None:
        self.warning = ""
        best = min(self._val, key=lambda known: self._val[known])
        rises = epoch - best >= EPOCHS_OF_PATIENCE and self._val[epoch] > self._val[best]
        if rises and self._train[epoch] < self._train[best] and self._warned_of != best:
            self._warned_of = best
            self.warning = f"validation is rising since epoch {best + 1} while training falls"
