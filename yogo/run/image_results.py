"""metrics.images.json.gz: what each image of a test brought to its figures, so that two models can be compared on the
images that both were tested on.

The trainer writes it beside metrics.json, and `yogo test --dump-to-disk` beside the metrics that it writes.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import Self, TypeVar

from pydantic import Field, model_validator

from yogo.run.metrics import Thresholds
from yogo.run.record import Packed, Part, Record, now

MOST_BOXES_AN_IMAGE = 1_000

MOST_BOXES = 2_000_000
"""Of all images, so that the file stays below 20 MB."""

IMAGE_BYTES = 32
"""Of an image's SHA-256."""

LABEL_BYTES = 8

P = TypeVar("P", bound=PurePath)


class ImageCounts(Part):
    """Numbers of boxes: for each image in turn one for each class, as little-endian integers of 4 bytes."""

    labelled: Packed
    predicted: Packed
    """Boxes above the threshold of objectness."""

    right: Packed
    """Those of them that match a label of their class."""


class RankedBoxes(Part):
    """The boxes that average precision ranks: of each image in turn, the best score first."""

    num_of_image: Packed
    """How many each image has; little-endian integers of 4 bytes, as all that follow are little-endian."""

    class_index: Packed
    """Integers of 2 bytes."""

    score: Packed
    """Objectness x class probability: floats of 4 bytes."""

    hits: Packed
    """Integers of 2 bytes: bit n is set where the box matches a label of its class at the overlap ious[n]."""

    num_dropped: int = 0
    """Boxes that metrics.json counts and this file does not, because the image has too many: those of lowest score."""


class ImageResults(Record):
    measured_at: datetime = Field(default_factory=now)
    checkpoint: str = ""
    """Absolute path of the .pth."""

    definition: str = ""
    classes: tuple[str, ...]
    num_images: int
    images: Packed
    """The SHA-256 of each image file."""

    labels: Packed
    """8 bytes for each image that tell its labels, as boxes and names of classes, from others."""

    thresholds: Thresholds
    ious: tuple[float, ...]
    counts: ImageCounts
    boxes: RankedBoxes
    trained_on: dict[str, int] = Field(default_factory=dict)
    """How many of the images each run was trained on, as in metrics.json."""

    @model_validator(mode="after")
    def _has_the_right_sizes(self) -> Self:
        counts, boxes, num_boxes = self.counts, self.boxes, len(self.boxes.class_index) // 2
        sizes = {
            "images": (self.images, IMAGE_BYTES * self.num_images),
            "labels": (self.labels, LABEL_BYTES * self.num_images),
            "labelled": (counts.labelled, 4 * self.num_images * len(self.classes)),
            "predicted": (counts.predicted, 4 * self.num_images * len(self.classes)),
            "right": (counts.right, 4 * self.num_images * len(self.classes)),
            "num_of_image": (boxes.num_of_image, 4 * self.num_images),
            "class_index": (boxes.class_index, 2 * num_boxes),
            "score": (boxes.score, 4 * num_boxes),
            "hits": (boxes.hits, 2 * num_boxes),
        }
        for name, (data, size) in sizes.items():
            if len(data) != size:
                raise ValueError(f"{name} has {len(data)} bytes, and not {size}")
        return self


def images_beside(metrics: P) -> P:
    """The file of single images of a test, beside the file of its metrics."""
    return metrics.with_name(f"{metrics.stem}.images.json.gz")
