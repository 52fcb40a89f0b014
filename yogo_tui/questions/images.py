"""Questions about a definition's images. They are decoded and made small where they lie.

Each names the `workspace`, as those about definitions do.
"""

from __future__ import annotations

import base64
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, PlainSerializer

from yogo.definition import Labels, Sample, read_notes
from yogo.definition.labels import examine_labels
from yogo.errors import DefinitionError, YogoError
from yogo.files.places import told
from yogo.text.wording import counted
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.image_lists import EVERY_IMAGE, ImageFilter, ListedImages, listed_images

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from yogo.images.depth import Asked

Rgb = tuple[int, int, int]

Pixels = Annotated[
    bytes,
    PlainSerializer(lambda data: base64.b64encode(data).decode(), when_used="json"),
    BeforeValidator(lambda data: base64.b64decode(data) if isinstance(data, str) else data),
]
"""Bytes, in base64 on the line."""

MOST_ZOOM = 32

_TAIL = 0.5
"""Per cent of the values at either end that may become black or white."""

_THIN = 250
"""Pixels of the shorter side of a picture for each pixel of a line's thickness."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """The images of a definition."""

    classes: tuple[str, ...]
    num: int
    """Of those that are wanted."""

    num_all: int


@dataclass(frozen=True, slots=True)
class ImageView:
    """How an image is to be shown."""

    zoom: int = 1
    """How many times larger than the whole would be."""

    centre: tuple[float, float] = (0.5, 0.5)
    """What is in the middle, in fractions of the image."""

    is_stretched: bool = False
    """From black to white, whatever part of that the image spans."""

    has_boxes: bool = True

    def whole(self) -> ImageView:
        return replace(self, zoom=1, centre=(0.5, 0.5))

    def zoomed(self, by: int) -> ImageView:
        """Twice as large for 1, half as large for -1; all of it for 0."""
        zoom = min(max(1, self.zoom * 2 if by > 0 else self.zoom // 2), MOST_ZOOM)
        return replace(self, zoom=zoom) if by and zoom > 1 else self.whole()

    def centred(self, box: tuple[float, float, float, float]) -> ImageView:
        """With the middle of a box in the middle."""
        x0, y0, x1, y1 = box
        return replace(self, centre=((x0 + x1) / 2, (y0 + y1) / 2))

    def moved(self, columns: int, rows: int) -> ImageView:
        """Further right and down by so many quarters of what is shown, and never beyond the image."""
        x0, y0, x1, y1 = self.frame()
        step, half = 0.25 / self.zoom, 0.5 / self.zoom
        x, y = (x0 + x1) / 2 + columns * step, (y0 + y1) / 2 + rows * step
        return replace(self, centre=(min(max(half, x), 1 - half), min(max(half, y), 1 - half)))

    def frame(self) -> tuple[float, float, float, float]:
        """The part that is shown: x0, y0, x1, y1 in fractions of the image."""
        half = 0.5 / self.zoom
        x, y = (min(max(half, middle), 1 - half) for middle in self.centre)
        return x - half, y - half, x + half, y + half


PLAINLY = ImageView()


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image of a list."""

    number: int
    """Its place among those that are wanted, from 1."""

    part: str
    image: Path
    label: Path | None
    boxes: dict[str, int]
    problems: tuple[str, ...] = ()
    """What is wrong with its label file."""

    group: str = ""
    """What it belongs to, as its definition says; empty if that says nothing."""


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
    label: Path | None = None
    remark: str = ""
    """What is wrong with its labels; the boxes are those that can be read."""

    marked: tuple[float, float, float, float] | None = None
    """The edges of what the marked boxes cover, in fractions of the image; None if none is marked."""

    group: str = ""
    """What it belongs to, as its definition says; empty if that says nothing."""

    @property
    def height(self) -> int:
        return len(self.pixels) // (3 * self.width) if self.width else 0


@dataclass(frozen=True)
class ListImages:
    """How many labelled images a definition has, and how many of them are wanted. Raises DefinitionError."""

    definition: Path
    workspace: Path
    wanted: ImageFilter = EVERY_IMAGE

    def answer(self, tell: Tell) -> ImageSet:
        found = listed_images(self.definition, self.workspace, self.wanted, tell, anew=True)
        return ImageSet(found.classes, len(found.chosen[self.wanted]), len(found.samples))


@dataclass(frozen=True)
class FindImage:
    """The place of the first wanted image whose name contains a text, from `start` on and then from the beginning; None
    where there is none. Raises DefinitionError."""

    definition: Path
    workspace: Path
    text: str
    start: int = 0
    wanted: ImageFilter = EVERY_IMAGE

    def answer(self, tell: Tell) -> int | None:
        found = listed_images(self.definition, self.workspace, self.wanted, tell)
        places = found.chosen[self.wanted]
        names = [found.samples[place][1].image_file.rpartition("/")[2].casefold() for place in places]
        order = [*range(self.start, len(names)), *range(min(self.start, len(names)))]
        return next((place for place in order if self.text.casefold() in names[place]), None)


@dataclass(frozen=True)
class DescribeImages:
    """Some of the images that are wanted, each with the boxes in its label file. Raises DefinitionError."""

    definition: Path
    workspace: Path
    wanted: ImageFilter
    start: int
    stop: int

    def answer(self, tell: Tell) -> tuple[ImageRow, ...]:
        found = listed_images(self.definition, self.workspace, self.wanted, tell)
        chosen = [found.samples[place] for place in found.chosen[self.wanted][self.start : self.stop]]
        return tuple(_row(number, *one, found.classes) for number, one in enumerate(chosen, self.start + 1))


@dataclass(frozen=True)
class LookAtImage:
    """The image at a position among those that are wanted, within so many columns and rows of pixels."""

    definition: Path
    workspace: Path
    position: int
    columns: int
    rows: int
    colours: tuple[Rgb, ...]
    """Of the classes' boxes, in turn."""

    wanted: ImageFilter = EVERY_IMAGE
    view: ImageView = PLAINLY
    marked: tuple[int, ...] = ()
    """Lines of the label file: their boxes are drawn solid, the others dotted."""

    def answer(self, tell: Tell) -> SmallImage:
        listed = listed_images(self.definition, self.workspace, self.wanted, tell)
        places = listed.chosen[self.wanted]
        if self.position >= len(places):  # files were removed since they were listed
            now = counted(len(places), "image")
            raise DefinitionError(f"{self.definition} has {now} now: leave its images and open them again.")
        part, sample = listed.samples[places[self.position]]
        size = self.columns, self.rows
        return looked_at(part, sample, listed, size=size, colours=self.colours, view=self.view, marked=self.marked)


def looked_at(
    part: str,
    sample: Sample,
    listed: ListedImages,
    *,
    size: tuple[int, int],
    colours: Sequence[Rgb],
    view: ImageView,
    marked: Sequence[int] = (),
) -> SmallImage:
    """What is shown of an image, or why it cannot be, with the boxes in the lines that are marked above the others."""
    try:
        image = _read(sample, (max(1, size[0]), max(2, size[1])), listed.depth, view)
    except (YogoError, OSError) as error:
        return SmallImage(part, sample.image, problem=told(error), label=sample.label, group=sample.group)
    labels, wrong = _labels(sample, listed.classes)
    boxes = sorted(_boxes(labels), key=lambda box: box[0] in marked)
    for line, class_index, edges in boxes if view.has_boxes else ():
        is_dotted = bool(marked) and line not in marked
        outline(image, seen_edges(edges, view), colours[class_index % len(colours)], dotted=is_dotted)
    kinds = tuple(sorted(Counter(map(int, labels.rows[::5])).items()))
    remark = f"{wrong[0]}{f' ({len(wrong) - 1} more)' if wrong[1:] else ''}" if wrong else ""
    return SmallImage(
        *(part, sample.image, image.width, image.tobytes(), kinds),
        label=sample.label,
        remark=remark.removeprefix(f"{sample.label.parent}/" if sample.label else ""),
        marked=_around([edges for line, _, edges in boxes if line in marked]),
        group=sample.group,
    )


def _boxes(labels: Labels) -> Iterator[tuple[int, int, array[float]]]:
    """Line, class and edges of each."""
    rows = labels.rows
    for line, at in zip(labels.lines, range(0, len(rows), 5), strict=True):
        yield line, int(rows[at]), rows[at + 1 : at + 5]


def _around(boxes: Sequence[Sequence[float]]) -> tuple[float, float, float, float] | None:
    if not boxes:
        return None
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _row(number: int, part: str, sample: Sample, classes: Sequence[str]) -> ImageRow:
    labels, problems = _labels(sample, classes)
    counts = Counter(classes[int(index)] for index in labels.rows[::5])
    boxes = {name: counts[name] for name in classes if counts[name]}
    return ImageRow(number, part, sample.image, sample.label, boxes, problems, sample.group)


def _labels(sample: Sample, classes: Sequence[str]) -> tuple[Labels, tuple[str, ...]]:
    """The boxes that can be read, and what is wrong with the others."""
    if sample.label is None:
        return Labels(array("f")), ()
    try:
        labels, problems = examine_labels(sample.label, classes, read_notes(sample.label.parent))
    except DefinitionError as error:
        return Labels(array("f")), (str(error),)
    return labels, tuple(map(str, problems))


def _read(sample: Sample, size: tuple[int, int], bits: Asked, view: ImageView) -> Image.Image:
    """What is shown of it, in colour, no wider and no higher than `size`; as it is trained on, if not stretched."""
    from yogo.images.pixels import read_pixels

    return part_of(read_pixels(sample.image, rgb=True, image_hw=None, bits=bits), size, view)


def part_of(pixels: npt.NDArray[np.uint8], size: tuple[int, int], view: ImageView) -> Image.Image:
    """What a view shows of an image, whose axes are colour, row and column, no wider and no higher than `size`."""
    from PIL import Image

    if view.is_stretched:
        pixels = stretched(pixels)
    _, height, width = pixels.shape
    x0, y0, x1, y1 = (round(edge * side) for edge, side in zip(view.frame(), (width, height) * 2, strict=True))
    part = pixels[:, min(y0, height - 1) : max(y1, y0 + 1), min(x0, width - 1) : max(x1, x0 + 1)]
    return fitted(Image.fromarray(part.transpose(1, 2, 0).copy()), size)


def stretched(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """From black to white, but for a few values at either end."""
    import numpy as np

    low, high = np.percentile(pixels, (_TAIL, 100 - _TAIL))
    if high <= low:
        return pixels
    found: npt.NDArray[np.uint8] = np.clip((pixels - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
    return found


def seen_edges(edges: Sequence[float], view: ImageView) -> list[float]:
    """The edges of a box, in fractions of what is shown."""
    x0, y0, *_ = view.frame()
    return [(edge - low) * view.zoom for edge, low in zip(edges, (x0, y0, x0, y0), strict=True)]


def fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture, no wider and no higher than `size`, as large as that allows."""
    from PIL import Image

    scale = min(size[0] / picture.width, size[1] / picture.height)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def outline(picture: Image.Image, edges: Sequence[float], colour: Rgb, *, dotted: bool = False) -> None:
    """Draw a box on the picture, its edges in fractions of it; of a dotted one, every second pixel. On a large picture
    lines are thicker, and dots are dashes."""
    from PIL import ImageDraw

    thick = max(1, min(picture.size) // _THIN)
    sides = (picture.width, picture.height, picture.width, picture.height)
    if not (edges[0] < 1 and edges[1] < 1 and edges[2] > 0 and edges[3] > 0):
        return
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


@dataclass(frozen=True, slots=True)
class SeenPair:
    """Two images, and the classes of their boxes."""

    classes: tuple[str, ...]
    images: tuple[SmallImage, SmallImage]


@dataclass(frozen=True)
class LookAtPair:
    """Two image files, each within so many columns and rows of pixels. One that the definition does not name, such as
    an image of a run, is shown without boxes, and its `part` is empty. Raises DefinitionError."""

    definition: Path
    workspace: Path
    images: tuple[str, str]
    columns: int
    rows: int
    colours: tuple[Rgb, ...]
    view: ImageView = PLAINLY

    def answer(self, tell: Tell) -> SeenPair:
        wanted = ImageFilter(files=self.images)
        listed = listed_images(self.definition, self.workspace, wanted, tell)
        of_it = [listed.samples[place] for place in listed.chosen[wanted]]
        known = {sample.image_file: (part, sample) for part, sample in of_it}
        size = self.columns, self.rows
        one, other = (
            looked_at(*found, listed, size=size, colours=self.colours, view=self.view)
            for file in self.images
            for found in [known.get(file, ("", Sample(file, None, file)))]
        )
        return SeenPair(listed.classes, (one, other))
