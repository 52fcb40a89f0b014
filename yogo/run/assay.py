"""What a model's counts are worth: false positives, limits and sensitivity by threshold, and samples with intervals.

Concentrations are targets per microlitre. docs/assay.md says what the figures mean.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from yogo.run.correction import AssayLine, AssayRoles, CountCorrection
from yogo.run.record import Part, Record, now


class AssayFigure(Part):
    value: float | None = None
    """None where there is none, such as a limit above all concentrations."""

    low: float | None = None
    """Of the interval of 95 %; None where no interval was found."""

    high: float | None = None
    is_open: bool = False
    """Whether the interval has no upper end; `high` is None then."""


class AssayAtThreshold(Part):
    threshold: float
    """Of the class's probability: boxes above it are counted."""

    false_positives_per_ul: AssayFigure
    spread_per_ul: float | None = None
    """Standard deviation between negative samples, beyond counting; None with fewer than two."""

    sensitivity: AssayFigure
    """Of the mix: the share of targets that are counted as one."""

    sensitivities: dict[str, AssayFigure] = Field(default_factory=dict)
    """The same of each class of the target; empty where nothing was labelled."""

    lob_per_ul: float | None = None
    lod_per_ul: AssayFigure = AssayFigure()
    line: AssayLine | None = None
    bend: float | None = None
    """Of the titration: how many deviations a square's part is from 0; above 2, the line is not straight."""

    near: AssayFigure | None = None
    """Of samples of known value above 0: the share that is estimated within 25 %."""


class ChosenThreshold(Part):
    """The threshold with the lowest limit of detection."""

    threshold: float
    low: float | None = None
    """Between these lie 95 % of the choices when samples or images are drawn anew."""

    high: float | None = None
    lod_per_ul: AssayFigure = AssayFigure()
    lod_elsewhere_per_ul: float | None = None
    """On the half that did not choose, the mean of both ways; None where the halves are too small."""


class PublishedEstimate(Part):
    """As published code reports it."""

    per_ul: float
    half_width: float | None = None


class AssayedSample(Part):
    name: str
    group: str = ""
    num_images: int
    threshold: float
    counts: dict[str, float]
    """Of each class, at the threshold."""

    cells: float
    """Of the classes that are counted as a cell, at the threshold."""

    targets: float
    known_per_ul: float | None = None
    raw_per_ul: AssayFigure = AssayFigure()
    line_per_ul: AssayFigure | None = None
    matrix_per_ul: AssayFigure | None = None
    """Of the counts at any probability, as the matrix is."""

    published: dict[str, PublishedEstimate] = Field(default_factory=dict)
    """By raw, line or matrix."""


class AssayReport(Part):
    roles: AssayRoles
    classes: tuple[str, ...]
    over: Literal["samples", "groups", "images"]
    """What is drawn anew for the intervals."""

    num: int
    """How many of them there are."""

    num_images: int
    num_negatives: int = 0
    """Samples that are known to have no target: false positives come from them, else from labels."""

    mix: dict[str, float] = Field(default_factory=dict)
    """The share of each class among the targets, for which sensitivity and limits hold."""

    thresholds: tuple[AssayAtThreshold, ...] = ()
    best: ChosenThreshold | None = None
    chosen_here: bool = True
    """Whether the best threshold was chosen on these images; else it came with the checkpoint."""

    samples: tuple[AssayedSample, ...] = ()
    correction: CountCorrection | None = None
    """What these images say of the model's mistakes."""

    remarks: tuple[str, ...] = ()
    """What the figures are not good for, in sentences."""

    @property
    def at_best(self) -> AssayAtThreshold | None:
        """The figures at the best threshold."""
        if self.best is None or not self.thresholds:
            return None
        chosen = self.best.threshold
        return min(self.thresholds, key=lambda one: abs(one.threshold - chosen))


class AssayFile(Record):
    """What `yogo assay` keeps beside a checkpoint."""

    measured_at: datetime = Field(default_factory=now)
    checkpoint: str = ""
    """Absolute path of the .pth."""

    checkpoint_sha256: str = ""
    definition: str = ""
    """Absolute path of the definition, or of the file of samples."""

    report: AssayReport


def assay_beside(checkpoint: Path, definition: Path) -> Path:
    """The file in which `yogo assay` keeps its report."""
    return checkpoint.with_name(f"{checkpoint.stem}-assay-{definition.stem}.json")
