"""metrics.json: the metrics of a model on its test set, with the thresholds that they depend on."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from yogo.run.assay import AssayReport
from yogo.run.counts import CountReport
from yogo.run.error_kinds import ErrorCosts
from yogo.run.events import Losses
from yogo.run.record import Part, Record, now
from yogo.text.wording import counted

Numbers = tuple[float | None, ...]
"""None where there was nothing to divide by."""


class Thresholds(Part):
    objectness: float
    """A box above it is kept, as by `yogo infer`: all metrics except AP are of kept boxes."""

    suppression_iou: float
    """Of boxes that overlap by more, one is kept."""

    average_boxes: bool = False
    """Whether that one becomes the mean of them."""

    match_iou: float
    """A box and an object that overlap by less are a false alarm and a miss."""

    ranked_objectness: float
    """A box above it counts for AP, by its rank in the order of scores."""

    most_boxes: int
    """For AP, per image and class."""


class ClassCurves(Part):
    """The curves of a class; each point of a curve has the same index in its lists."""

    precision: Numbers = ()
    """At recalls from 0 to 1, at an overlap of one half."""

    roc_false_positive_rate: Numbers
    roc_true_positive_rate: Numbers
    """At thresholds from 1 to 0."""

    calibration_count: tuple[int, ...]
    """Boxes in each bin of the class's probability, from 0 to 1."""

    calibration_confidence: Numbers
    calibration_accuracy: Numbers


class Resampling(Part):
    """What the intervals are over."""

    over: Literal["images", "groups", "samples"]
    """Samples, else groups, where the dataset definition names them: all images of one are drawn together."""

    num: int
    """How many of them there are."""

    resamples: int
    """0: there are too few for intervals."""

    @property
    def words(self) -> str:
        """Such as `87 images`."""
        return counted(self.num, self.over.removesuffix("s"))


class Metrics(Record):
    measured_at: datetime = Field(default_factory=now)
    checkpoint: str = ""
    """Absolute path of the .pth."""

    definition: str = ""
    classes: tuple[str, ...]
    num_images: int
    num_objects: int
    num_boxes: int
    """Kept ones."""

    thresholds: Thresholds
    losses: Losses = Losses()
    figures: dict[str, float | None]
    """By name; of one class where the name ends in /class. None where there was nothing to divide by."""

    confusion: tuple[tuple[int, ...], ...]
    """A row per labelled class, a column per predicted class; `names` names them."""

    names: tuple[str, ...]
    """Names of the matrix's rows and columns: the classes, and the background."""

    curves: dict[str, ClassCurves]
    intervals: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """Of 95 %, by the names of figures; one that nothing is known of is not here."""

    resampling: Resampling | None = None
    """None where no intervals were computed, as in files of earlier versions."""

    errors: ErrorCosts | None = None
    """By kind. None where no cell is labelled, without mAP, and in files of versions that did not tell kinds."""

    counts: CountReport | None = None
    """None in older files."""

    assay: AssayReport | None = None
    """None without roles in the dataset definition, and in older files."""

    trained_on: dict[str, int] = Field(default_factory=dict)
    """How many of the test images each run was trained on, this one or one that it comes from; by the run's name."""


def beside(checkpoint: Path, definition: Path) -> Path:
    """The file in which `yogo test` keeps its metrics."""
    return checkpoint.with_name(f"{checkpoint.stem}-test-{definition.stem}.json")


def kind_of_results(name: str) -> tuple[str, str]:
    """Of a file beside a checkpoint, by its name: `test` or `assay`, and on which definition; empty if it is
    neither."""
    if found := re.fullmatch(r".+?-(test|assay)-(.+)\.json", name):
        return found[1], found[2]
    return "", ""
