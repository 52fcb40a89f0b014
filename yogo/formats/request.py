"""What a format is read with and written with, and what reads and writes it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from yogo.formats.finder import FoundImage, ImageFinder
from yogo.formats.labelled import LabelledImage, Omissions, SourcePlace, class_name
from yogo.formats.output import OutputFolder
from yogo.text.wording import shown

Progress = Callable[[str, int], None]
"""Receives what is being done, and how much of it is done."""

Corners = Literal["edges", "inclusive"]
"""What the corners of Pascal VOC mean: the edges of a box, from 0, or its first and last pixel, from 1."""

_SPLIT = re.compile(r"(?:instances_|obj_)?(train|val|test)(?:ing|id|idation)?(?:\d+|_data)?", re.IGNORECASE)


class LabelReader(Protocol):
    """What a format is read by. It is iterated twice where only the boxes say which classes there are."""

    @property
    def classes(self) -> Sequence[str]:
        """In the order of their numbers; empty where no list says them."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences on how it was read."""

    def images(self) -> Iterator[LabelledImage]: ...


class LabelWriter(Protocol):
    """What a format is written by."""

    def add(self, image: LabelledImage) -> None: ...

    def close(self) -> list[str]:
        """Finish the files. Returns sentences on what to do with them."""


@dataclass(slots=True)
class LabelSource:
    """What is read, and how."""

    path: Path
    image_folder: Path | None = None
    classes: tuple[str, ...] = ()
    """As the user gives them; they decide."""

    predictions: bool = False
    """Whether the boxes that a model proposes are read, instead of those of a person."""

    corners: Corners | None = None
    omitted: Omissions = field(default_factory=Omissions)
    tell: Progress = lambda *_: None
    finder: ImageFinder | None = None
    has_groups: bool = False
    """Whether a reader has found out that images belong to groups."""

    shared_groups: tuple[str, ...] = ()
    """Groups that may be in training and in test."""

    def begin(self, beside: Path, listed: Sequence[str] = ()) -> tuple[str, ...]:
        """Look for images in the user's folder, else `beside`. Returns the classes: the user's, else those listed."""
        self.finder = ImageFinder(self.image_folder, beside)
        self.classes = self.classes or tuple(dict.fromkeys(listed))
        return self.classes

    def find(self, name: str, split: str = "", folder: str = "") -> FoundImage:
        assert self.finder is not None, "begin was not called"
        return self.finder.find(name, split, folder)

    def class_of(self, given: object, place: SourcePlace) -> str:
        """The class that is named so. Raises LabelsError if it is not one of the classes."""
        name = class_name(given, place)
        if self.classes and name not in self.classes:
            names = ", ".join(self.classes)
            raise place.error(
                f"The class {shown(name)} is not one of {names}: correct it, or name all classes with --classes"
            )
        return name


@dataclass(frozen=True, slots=True)
class LabelTarget:
    """Where labels are written, and how."""

    folder: OutputFolder
    classes: tuple[str, ...]
    root: Path | None = None
    """The folder of the images."""

    predictions: bool = False
    corners: Corners | None = None
    shared_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FormatParts:
    """What a format consists of."""

    recognise: Callable[[Path], Path | None]
    """What to read, if a file or a folder is of this format; None if not."""

    read: Callable[[LabelSource], LabelReader]
    write: Callable[[LabelTarget], LabelWriter]


def split_of(name: str) -> str:
    """train, val or test, as one of the folders of a path, a file or a subset is called; empty if none is."""
    return next((found[1].lower() for part in name.split("/") if (found := _SPLIT.fullmatch(part))), "")


def upright(
    corner: tuple[float, float], width: float, height: float, degrees: float, size: tuple[int, int], *, is_centred: bool
) -> tuple[float, float, float, float]:
    """The corners, in pixels, of the upright box around a turned one: clockwise about its centre, or about its corner.

    What reaches out of the image is cut off.
    """
    x, y = corner
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    pivot = (x + width / 2, y + height / 2) if is_centred else corner
    points = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)]
    across = [pivot[0] + (px - pivot[0]) * cos - (py - pivot[1]) * sin for px, py in points]
    down = [pivot[1] + (px - pivot[0]) * sin + (py - pivot[1]) * cos for px, py in points]
    within = [(min(max(value, 0), size[0])) for value in across], [(min(max(value, 0), size[1])) for value in down]
    return min(within[0]), min(within[1]), max(within[0]), max(within[1])
