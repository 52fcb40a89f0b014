"""worst.json.gz: the images on which a model is wrong most often, small, with their labels and its predictions.

The trainer writes it at its end, of the validation images and best.pth; `yogo test --dump-to-disk` writes one of its
test images beside its metrics.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Literal, TypeVar

from pydantic import Field

from yogo.run.metrics import Metrics
from yogo.run.record import Packed, Part, Record, now

MOST_IMAGES = 20
MOST_BOXES = 300
"""Labels, and predictions, that are kept of an image."""

SIDE = 320
"""The longest side of a thumbnail, in pixels."""

MOST_BYTES = 40_000
"""Of a thumbnail, so that the file stays below 1.5 MB."""

Edges = tuple[float, float, float, float]
"""x0, y0, x1, y1 in fractions of the frame."""

P = TypeVar("P", bound=PurePath)


class Verdict(StrEnum):
    FOUND = "found"
    CONFUSED = "confused"
    """Found, and taken for another class."""

    MISSED = "missed"
    FALSE = "false"
    """Predicted where there is no label."""


class JudgedBox(Part):
    box: Edges
    class_index: int
    verdict: Verdict
    confidence: float | None = None
    """Of a prediction: objectness x the probability of its class. None for a label."""


class WorstImage(Part):
    image: str
    """Absolute path."""

    missed: int = 0
    false: int = 0
    confused: int = 0
    num_labels: int = 0
    num_predictions: int = 0
    labels: tuple[JudgedBox, ...] = ()
    """At most `MOST_BOXES`, as many as `predictions`; those that are wrong come first."""

    predictions: tuple[JudgedBox, ...] = ()
    thumbnail: Packed = b""
    """A JPEG, of at most `SIDE` pixels a side; empty if the image could not be read."""

    problem: str = ""
    """Why there is no thumbnail."""

    @property
    def num_wrong(self) -> int:
        return self.missed + self.false + self.confused


class WorstImages(Record):
    made_at: datetime = Field(default_factory=now)
    part: Literal["val", "test"]
    """Which of the definition's images were looked at."""

    checkpoint: str = ""
    definition: str = ""
    classes: tuple[str, ...]
    num_images: int
    """How many were looked at."""

    metrics: Metrics | None = None
    """Of the validation images, with their confusion matrix; None of test images, whose metrics have their own file."""

    images: tuple[WorstImage, ...] = ()
    """Those with something wrong on them, the worst first."""


def worst_beside(metrics: P) -> P:
    """The file of the worst images of a test, beside the file of its metrics."""
    return metrics.with_name(f"{metrics.stem}.worst.json.gz")
