"""Messages of the trainer besides the run's events: they are shown, and not stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from yogo.metrics.boxes import EvaluationData
from yogo.run import events
from yogo.run.metrics import Metrics

Phase = Literal["look", "record", "decode", "train", "validate", "test", "resample", "review"]
"""Of a test, resamples are measured for its intervals. A review looks for the images on which the best weights are
wrong, after the last epoch."""


@dataclass(frozen=True, slots=True)
class Progressed:
    """One more batch. Holds only numbers on the host, so that it costs nothing."""

    phase: Phase
    epoch: int
    """From 0."""

    done: int
    """Batches of this phase, in this epoch."""

    total: int


@dataclass(frozen=True, slots=True)
class Noticed:
    """A notice for a person."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Measured:
    """All results of a test; its metrics are also an event of the run."""

    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Reviewed:
    """All boxes of a set of images, labelled and predicted by the best weights."""

    part: Literal["val", "test"]
    data: EvaluationData


Shown = Progressed | Noticed | Measured | Reviewed
"""Those that are not events of the run."""

Event = events.Event | Shown
