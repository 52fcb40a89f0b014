"""Labelled images that are made for tests of formats, and what a reader makes of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import Image

from yogo.files.yaml12 import dumped
from yogo.formats.labelled import LabelledImage
from yogo.formats.request import LabelSource
from yogo.formats.table import FORMATS

CLASSES = ("red cell", "globule β", 'a&b <c> "d"', "never drawn")
BOXES: Mapping[str, list[tuple[int, float, float, float, float]]] = {
    "plain.png": [(0, 0.5, 0.5, 0.25, 0.125), (1, 1 / 3, 2 / 7, 1 / 9, 1 / 11), (0, 0.5, 0.5, 1, 1)],
    "day 1/é 100%25 + b#1.jpg": [(2, 0.123456789, 0.987654321, 0.0123456, 0.0234567)],
    "day 1/Zürich & <x>.png": [(0, 0.9, 0.1, 0.199, 0.19), (0, 0.0001, 0.0001, 0.0001, 0.0001)],
    "day 2/plain.png": [],
}
"""Rows of a label file by the name of the image: class, centre, width and height, in fractions."""

SIZES = {".png": (640, 480), ".jpg": (1032, 772)}
Boxes = dict[str, list[tuple[str, float, float, float, float]]]


def make_set(folder: Path, boxes: Mapping[str, list[tuple[int, float, float, float, float]]] = BOXES) -> Path:
    """A definition of images and labels in YOLO's format."""
    pairs: dict[str, object] = {}
    for name, rows in boxes.items():
        image = folder / "images" / name
        label = (folder / "labels" / name).with_suffix(".txt")
        for path in (image, label):
            path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", SIZES[image.suffix]).save(image)
        label.write_text("".join(f"{' '.join(map(repr, row))}\n" for row in rows))
        pairs[str(image.parent)] = {"image_path": str(image.parent), "label_path": str(label.parent)}
    path = folder / "cells.yml"
    path.write_text(dumped({"class_names": [*CLASSES], "dataset_paths": pairs}))
    return path


def boxes_of(images: Iterable[LabelledImage]) -> Boxes:
    return {image.name: [(box.name, box.x0, box.y0, box.x1, box.y1) for box in image.boxes] for image in images}


def read_set(kind: str, path: Path, images: Path | None = None) -> tuple[tuple[str, ...], Boxes]:
    """The classes and the boxes of a file or folder."""
    reader = FORMATS[kind].parts.read(LabelSource(path, images))
    return tuple(reader.classes), boxes_of(reader.images())


def differ(one: Boxes, other: Boxes) -> float:
    """The largest difference of a corner; infinite where images, boxes or classes are others."""
    if one.keys() != other.keys():
        return float("inf")
    worst = 0.0
    for name, boxes in one.items():
        theirs = other[name]
        if [box[0] for box in boxes] != [box[0] for box in theirs]:
            return float("inf")
        worst = max(
            [
                worst,
                *(abs(a - b) for x, y in zip(boxes, theirs, strict=True) for a, b in zip(x[1:], y[1:], strict=True)),
            ]
        )
    return worst
