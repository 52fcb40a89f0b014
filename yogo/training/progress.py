"""What the trainer says beside the run's events: it is shown while it lasts, and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from yogo.run import events
from yogo.run.metrics import Metrics

Phase = Literal["look", "record", "decode", "train", "validate", "test"]


@dataclass(frozen=True, slots=True)
class Progressed:
    """One more batch. Holds numbers of the host only, so that saying it costs nothing."""

    phase: Phase
    epoch: int
    """From 0."""

    done: int
    """Batches of this phase, in this epoch."""

    total: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something a person should know."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that a test found; its figures are an event of the run, too."""

    metrics: Metrics


Event = events.Event | Progressed | Noticed | Measured
