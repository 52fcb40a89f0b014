"""How well a network counts: by how many cells of a class an image is off, with intervals over images."""

from __future__ import annotations

from yogo.run.count_thresholds import CountThresholds
from yogo.run.record import Part


class CountFigure(Part):
    value: float
    low: float | None = None
    """Of its interval of 95 %, by resamples of the images, or of groups in a test; None where there is none."""

    high: float | None = None


class ClassCounts(Part):
    """Of one class. Figures are in cells an image."""

    labelled: int
    """Cells, in all images."""

    counted: int
    error: CountFigure
    """How far an image's count is off, on average."""

    bias: CountFigure
    """The mean of count minus labels: above 0, too many are counted."""

    spread: CountFigure
    """The standard deviation of count minus labels."""


class CountReport(Part):
    """The counts of a test, each in the order of the classes."""

    usual: tuple[ClassCounts, ...]
    """Of the boxes above the usual objectness."""

    own: tuple[ClassCounts, ...] = ()
    """Of those above the checkpoint's own thresholds; empty where it has none."""

    thresholds: CountThresholds | None = None
    chosen_here: bool = False
    """Whether those thresholds were chosen on these images, on which they are without bias for that reason alone."""
