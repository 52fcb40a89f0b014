"""The one model of labelled images, which every format is read into and written from.

A box is in fractions of the frame, with 0, 0 in the upper left corner; an image is known by its path below the folder
of images. Nothing here keeps more than an image: readers are iterators, and writers take an image at a time.
"""

from __future__ import annotations

import math
import posixpath
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from yogo.definition.group_rule import NO_GROUPS, GroupRule
from yogo.definition.labels import EDGE
from yogo.errors import ImagesNotFound, LabelsError
from yogo.text.wording import shown

SPLITS = ("train", "val", "test")
MOST_PLACES = 1_000
"""Places that are kept of each kind of thing that is left out; the rest are counted."""


class SourcePlace(NamedTuple):
    """Where something was read."""

    file: Path
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}" if self.line else str(self.file)

    def error(self, sentence: str) -> LabelsError:
        return LabelsError(f"{self}: {sentence}")


_NOWHERE = SourcePlace(Path())

NAME_THEM = ": name the folder of the images with --images"
"""How an ImagesNotFound ends."""


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """An object, in fractions of the frame."""

    name: str
    """Its class."""

    x0: float
    y0: float
    x1: float
    y1: float
    score: float | None = None
    """Confidence, of a box that a model has found."""

    is_difficult: bool = False
    """As Pascal VOC marks objects that are hard to recognise."""

    def in_pixels(self, size: tuple[int, int]) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in pixels of an image of this width and height, rounded to a millionth of a pixel."""
        width, height = size
        corners = self.x0 * width, self.y0 * height, self.x1 * width, self.y1 * height
        return tuple(round(corner, 6) + 0.0 for corner in corners)  # type: ignore[return-value] # four of four


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image that somebody, or a model, has labelled; without a box, nothing is on it."""

    name: str
    """Its path below the folder of images, with `/`; never one that leads out of it."""

    boxes: tuple[LabelledBox, ...] = ()
    size: tuple[int, int] | None = None
    """Width and height in pixels, where the labels say so."""

    file: Path | None = None
    """Where it lies, if that is known."""

    split: str = ""
    """One of SPLITS; empty where nothing says it."""

    score: float | None = None
    """Of an image whose boxes a model has found: how sure of all of them it is."""

    place: SourcePlace = _NOWHERE
    grouping: GroupRule = NO_GROUPS
    """How its group is known, where a definition says so."""

    def needed_size(self) -> tuple[int, int]:
        """Width and height, read from the image where the labels do not say them. Raises LabelsError."""
        if self.size:
            return self.size
        if self.file is None:
            raise ImagesNotFound(
                f"{self.place}: The width and height of {shown(self.name)} are not said, and the image was not found"
                f"{NAME_THEM}"
            )
        return size_of(self.file)


@dataclass(slots=True)
class Omissions:
    """What was found and is not carried over, by kind."""

    counts: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[SourcePlace]] = field(default_factory=dict)

    def add(self, what: str, place: SourcePlace) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
        kept = self.places.setdefault(what, [])
        if len(kept) < MOST_PLACES:
            kept.append(place)


def class_name(given: object, place: SourcePlace) -> str:
    """A class name without blanks around it. Raises LabelsError for one that files of text or XML cannot hold."""
    name = given.strip() if isinstance(given, str) else str(given) if isinstance(given, int | float) else ""
    if not name or isinstance(given, bool):
        raise place.error(f"A class name is expected, and this is {shown(given)}")
    if _has_odd(name):
        raise place.error(f"The class name {name[:60]!r} has a line break or another control character: rename it")
    return name


def safe_name(given: object, place: SourcePlace) -> str:
    """The name of an image as a path that stays below a folder, whatever is given: `../../a` and `C:\\a` become `a`.

    Raises LabelsError for one that no file can have.
    """
    if not isinstance(given, str) or not given.strip():
        raise place.error(f"The name of an image is expected, and this is {shown(given)}")
    if _has_odd(given):
        raise place.error(f"The name {given[:60]!r} has a line break or another control character: rename the image")
    plain = re.sub(r"^[A-Za-z]:(?=/)", "", given.replace("\\", "/"))
    name = posixpath.normpath(f"/{plain}").lstrip("/")
    if not name:
        raise place.error(f"The name of an image is expected, and this is {shown(given)}")
    return name


def _has_odd(text: str) -> bool:
    return not text.isprintable() and any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in text)


def pixel_box(
    name: str, corners: Sequence[object], size: tuple[int, int], place: SourcePlace, *, is_difficult: bool = False
) -> LabelledBox:
    """A box from its corners x0, y0, x1, y1 in pixels. Raises LabelsError for an impossible one."""
    x0, y0, x1, y1 = (number(corner, "A corner of a box", place) for corner in corners)
    width, height = size
    box = LabelledBox(name, x0 / width, y0 / height, x1 / width, y1 / height, is_difficult=is_difficult)
    check(box, place, f"({x0:g}, {y0:g}) to ({x1:g}, {y1:g}) in an image of {width} x {height} pixels")
    return box


def check(box: LabelledBox, place: SourcePlace, written: str) -> None:
    """Raises LabelsError for a box that label files of yogo cannot hold; `written` is the box as its file has it."""
    centre_x, centre_y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    width, height = box.x1 - box.x0, box.y1 - box.y0
    begin = f"The box of {shown(box.name)} from {written}"
    if width < -1e-9 or height < -1e-9:
        raise place.error(f"{begin} has its second corner before its first: exchange them, or remove the box")
    if max(width, height) > 1 + EDGE:
        raise place.error(f"{begin} is larger than the image: correct the box, or the width and height that are said")
    if not (-EDGE <= centre_x <= 1 + EDGE and -EDGE <= centre_y <= 1 + EDGE):
        raise place.error(f"{begin} has its centre outside the image: correct the box, or the width and height")


def number(given: object, what: str, place: SourcePlace) -> float:
    """A finite number, also one that is written as text. Raises LabelsError."""
    try:
        found = float(given) if isinstance(given, int | float | str) and not isinstance(given, bool) else math.nan
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise place.error(f"{what} must be a number, and this is {shown(given)}: correct or remove it")
    return found


def pixel_size(width: object, height: object, place: SourcePlace) -> tuple[int, int] | None:
    """Width and height where both are said and above 0; raises LabelsError for what cannot be read as one."""
    if width in (None, "") or height in (None, ""):
        return None
    found = (
        int(number(width, "The width of an image", place)),
        int(number(height, "The height of an image", place)),
    )
    return found if min(found) > 0 else None


def size_of(file: Path) -> tuple[int, int]:
    """Width and height of an image as its pixels are stored, from its header. Raises LabelsError, OSError."""
    from PIL import Image, UnidentifiedImageError

    from yogo.files.foreign import opened

    try:
        with opened(file) as data, Image.open(data) as picture:
            return picture.size
    except UnidentifiedImageError:
        raise LabelsError(f"{file}: This is not an image that can be read: its width and height are needed") from None
    except (ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise LabelsError(f"{file}: This image cannot be read: {error}") from error
