"""Questions about a definition's images. They are decoded and made small where they lie.

Each names the `workspace`, as those about definitions do.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, PlainSerializer

from yogo.definition import DatasetDefinition, Sample, read_labels, read_notes, split
from yogo.distribution import installing
from yogo.errors import DefinitionError, YogoError
from yogo.files.places import told
from yogo.text.wording import counted
from yogo_tui.hosts.base import Tell

if TYPE_CHECKING:
    from PIL import Image

    from yogo.images.depth import Asked

Rgb = tuple[int, int, int]

Pixels = Annotated[
    bytes,
    PlainSerializer(lambda data: base64.b64encode(data).decode(), when_used="json"),
    BeforeValidator(lambda data: base64.b64decode(data) if isinstance(data, str) else data),
]
"""Bytes, in base64 on the line."""

_THIN = 250
"""Pixels of the shorter side of a picture for each pixel of a line's thickness."""

_KEPT = 4
"""Definitions whose lists of images are kept."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """The images of a definition."""

    classes: tuple[str, ...]
    num: int


@dataclass(frozen=True, slots=True)
class SmallImage:
    """One image, no larger than asked for, with its boxes drawn on it; or why it cannot be shown."""

    part: str
    """train, val or test."""

    image: Path
    width: int = 0
    pixels: Pixels = b""
    """RGB, one row after another."""

    boxes: tuple[tuple[int, int], ...] = ()
    """Class index and number of boxes, of each class on the image."""

    problem: str = ""


@dataclass(slots=True)
class _Listed:
    classes: tuple[str, ...]
    samples: list[tuple[str, Sample]]
    depth: Asked


_listed: dict[tuple[Path, Path], _Listed] = {}
"""By definition and workspace: in another workspace the same definition may have other images."""


@dataclass(frozen=True)
class ListImages:
    """How many labelled images a definition has. Raises DefinitionError."""

    definition: Path
    workspace: Path

    def answer(self, tell: Tell) -> ImageSet:
        found = _list(self.definition, self.workspace)
        return ImageSet(found.classes, len(found.samples))


@dataclass(frozen=True)
class LookAtImage:
    """The image at a position among those listed, within so many columns and rows of pixels."""

    definition: Path
    workspace: Path
    position: int
    columns: int
    rows: int
    colours: tuple[Rgb, ...]
    """Of the classes' boxes, in turn."""

    def answer(self, tell: Tell) -> SmallImage:
        known = _listed.get((self.definition, self.workspace))
        listed = known or _list(self.definition, self.workspace)
        if self.position >= len(listed.samples):  # files were removed since they were listed
            now = counted(len(listed.samples), "image")
            raise DefinitionError(f"{self.definition} has {now} now: leave its images and open them again.")
        part, sample = listed.samples[self.position]
        try:
            image = _read(sample, (max(1, self.columns), max(2, self.rows)), listed.depth)
            boxes = _boxes(sample, listed.classes)
        except (YogoError, OSError) as error:
            return SmallImage(part, sample.image, problem=told(error))
        for class_index, edges in boxes:
            outline(image, edges, self.colours[class_index % len(self.colours)])
        counts = Counter(class_index for class_index, _ in boxes)
        return SmallImage(part, sample.image, image.width, image.tobytes(), tuple(sorted(counts.items())))


def _list(path: Path, workspace: Path) -> _Listed:
    """List the images anew, and keep the list for those that are looked at."""
    definition = DatasetDefinition.from_yaml(path, base=workspace)
    samples = [(part, sample) for part, found in split(definition).items() for sample in found]
    _listed.pop((path, workspace), None)
    _listed[path, workspace] = found = _Listed(definition.classes, samples, _depth([sample for _, sample in samples]))
    for old in list(_listed)[:-_KEPT]:
        _listed.pop(old, None)
    return found


def _depth(samples: Sequence[Sample]) -> Asked:
    """How deep the images are, together. Raises DefinitionError where Pillow is missing."""
    try:
        from yogo.datasets.cache import default_folder
        from yogo.images.headers import depth_of_set
    except ImportError as error:
        raise DefinitionError(f"Images need Pillow, which is not installed: {installing('tui')}") from error
    return depth_of_set([sample.image_file for sample in samples], default_folder() / "headers")


def _read(sample: Sample, size: tuple[int, int], bits: Asked) -> Image.Image:
    """In colour, no wider and no higher than `size`; as it is trained on."""
    from PIL import Image

    from yogo.images.pixels import read_pixels

    pixels = read_pixels(sample.image, rgb=True, image_hw=None, bits=bits)
    return fitted(Image.fromarray(pixels.transpose(1, 2, 0).copy()), size)


def fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture, no wider and no higher than `size`, as large as that allows."""
    from PIL import Image

    scale = min(size[0] / picture.width, size[1] / picture.height)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def _boxes(sample: Sample, classes: Sequence[str]) -> list[tuple[int, list[float]]]:
    """Class index and edges (x0, y0, x1, y1, in fractions of the frame) of each box. Raises DefinitionError."""
    if sample.label is None:
        return []
    rows = read_labels(sample.label, classes, read_notes(sample.label.parent)).rows
    return [(int(rows[start]), list(rows[start + 1 : start + 5])) for start in range(0, len(rows), 5)]


def outline(picture: Image.Image, edges: Sequence[float], colour: Rgb, *, dotted: bool = False) -> None:
    """Draw a box on the picture, its edges in fractions of it; of a dotted one, every second pixel. On a large picture
    lines are thicker, and dots are dashes."""
    from PIL import ImageDraw

    thick = max(1, min(picture.size) // _THIN)
    sides = (picture.width, picture.height, picture.width, picture.height)
    place = [min(max(0, int(edge * side)), side - 1) for edge, side in zip(edges, sides, strict=True)]
    drawing = ImageDraw.Draw(picture)
    if not dotted:
        drawing.rectangle(place, outline=colour, width=thick)
        return
    dash = 1 if thick == 1 else 3 * thick
    x0, y0, x1, y1 = place
    for inset in range(thick):
        rows, columns = (y0 + inset, y1 - inset), (x0 + inset, x1 - inset)
        rim = {(x, y) for x in range(x0, x1 + 1) for y in rows} | {(x, y) for y in range(y0, y1 + 1) for x in columns}
        drawing.point([(x, y) for x, y in rim if (x + y) // dash % 2], fill=colour)
