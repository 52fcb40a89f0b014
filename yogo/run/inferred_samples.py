"""samples.json of `yogo infer --samples`: what was counted in each sample, how, and whether all were."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from yogo.run.assay import AssayFigure, PublishedEstimate
from yogo.run.correction import AssayRoles
from yogo.run.record import Part, Record, now

IMAGE_ROWS, SAMPLE_ROWS, SAMPLES_RECORD = "images.csv", "samples.csv", "samples.json"
"""A row an image, a row a sample, and this record, in the folder of the results."""


class CountSettings(Part):
    """What decides which boxes are counted. Rows of other settings are never taken over."""

    checkpoint_sha256: str
    classes: tuple[str, ...]
    threshold: float
    """Of the class's probability: boxes above it are counted."""

    obj_thresh: float
    iou_thresh: float
    average_boxes: bool
    frame: tuple[int, int, int]
    """(C, H, W) of what the network sees."""

    image_bits: int | str | None = None
    half: bool = False
    zarr_axes: str | None = None
    zarr_channel: int | None = None


class InferredSample(Part):
    name: str
    group: str = ""
    num_images: int
    """Without those that could not be read."""

    num_unreadable: int = 0
    threshold: float
    counts: dict[str, float]
    """Of each class, at the threshold."""

    every_count: dict[str, float]
    """Of each class, at any probability."""

    cells: float | None = None
    """Of the classes that are counted as a cell; None where no roles say which those are."""

    targets: float | None = None
    known_per_ul: float | None = None
    raw_per_ul: AssayFigure | None = None
    line_per_ul: AssayFigure | None = None
    matrix_per_ul: AssayFigure | None = None
    """Of the counts at any probability, as the matrix is."""

    published: dict[str, PublishedEstimate] = Field(default_factory=dict)
    """By raw, line or matrix."""


class SamplesRecord(Record):
    begun_at: datetime = Field(default_factory=now)
    complete: bool = False
    """Whether all images were looked at; until then there are no samples."""

    checkpoint: str
    samples_file: str
    places: dict[str, str]
    """Of each sample, the folder or store of its images."""

    settings: CountSettings
    roles: AssayRoles | None = None
    samples: tuple[InferredSample, ...] = ()
    remarks: tuple[str, ...] = ()
    """What the figures lack, in sentences."""
