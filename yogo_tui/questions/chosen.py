"""Questions about the images that a model would have labelled next: which they are and why, and how each looks."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from yogo.errors import RunError, YogoError
from yogo.files.places import expanded, told
from yogo.review.chosen import CHOSEN, LINKS, ChosenImages
from yogo.review.ranking import RankedBox
from yogo_tui.hosts.base import Tell
from yogo_tui.questions.image_lists import image_depth
from yogo_tui.questions.images import PLAINLY, ImageView, Rgb, SmallImage, outline, part_of, seen_edges

SURE = 0.5
"""The confidence from which on a box is drawn as a line, and counted."""


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One of the chosen images."""

    number: int
    """From 1, the most useful one."""

    image: Path
    errors: float
    unlike: float


@dataclass(frozen=True, slots=True)
class ChoiceToLabel:
    """The images that were chosen to be labelled next."""

    folder: Path
    links: Path
    """The folder with a link to each of them."""

    made_at: datetime
    checkpoint: Path
    images: Path
    """The folder that they were chosen from."""

    labelled: str
    """The definition of the images that were labelled already; empty if there was none."""

    classes: tuple[str, ...]
    num_images: int
    num_labelled: int
    problems: tuple[str, ...]
    rows: tuple[ChoiceRow, ...]


@dataclass(frozen=True)
class ReadChoice:
    """The choice in the folder that `text` means: what is relative is below `start`. Raises RunError."""

    text: str
    start: Path

    def answer(self, tell: Tell) -> ChoiceToLabel:
        folder = Path(os.path.normpath(self.start / expanded(Path(self.text))))
        if not (folder / CHOSEN).is_file():
            raise RunError(
                f"{folder} holds no chosen images. yogo next PTH IMAGES --out FOLDER makes such a folder, and so does "
                "yogo-tui next RUN IMAGES"
            )
        found = _read(folder)
        rows = tuple(
            ChoiceRow(number, Path(one.image), one.errors, one.unlike) for number, one in enumerate(found.images, 1)
        )
        return ChoiceToLabel(
            folder,
            folder / LINKS,
            found.made_at,
            Path(found.checkpoint),
            Path(found.folder),
            found.labelled,
            found.classes,
            found.num_images,
            found.num_labelled,
            found.problems,
            rows,
        )


@dataclass(frozen=True)
class LookAtChosen:
    """A chosen image within so many columns and rows of pixels, with what the model finds on it: a line where it is
    sure, dots where it is not. Raises RunError."""

    folder: Path
    number: int
    columns: int
    rows: int
    colours: tuple[Rgb, ...]
    """Of the classes' boxes, in turn."""

    view: ImageView = PLAINLY

    def answer(self, tell: Tell) -> SmallImage:
        from yogo.images.pixels import read_pixels

        found = _read(self.folder)
        if not 1 <= self.number <= len(found.images):
            raise RunError(f"{self.folder} has {len(found.images):,} chosen images: open it again")
        one = found.images[self.number - 1]
        image, size = Path(one.image), (max(1, self.columns), max(2, self.rows))
        try:
            bits = image_depth([each.image for each in found.images])
            drawn = part_of(read_pixels(image, rgb=True, image_hw=None, bits=bits), size, self.view)
        except (YogoError, OSError) as error:
            return SmallImage("", image, problem=told(error))
        if self.view.has_boxes:
            for box in reversed(one.boxes):  # the surest last, above the others
                colour = self.colours[box.class_index % len(self.colours)]
                outline(drawn, seen_edges(_edges(box), self.view), colour, dotted=not _is_sure(box))
        sure = Counter(box.class_index for box in one.boxes if _is_sure(box))
        return SmallImage("", image, drawn.width, drawn.tobytes(), tuple(sorted(sure.items())))


def _is_sure(box: RankedBox) -> bool:
    return (box.confidence or 0) >= SURE


def _edges(box: RankedBox) -> tuple[float, float, float, float]:
    return box.xc - box.w / 2, box.yc - box.h / 2, box.xc + box.w / 2, box.yc + box.h / 2


def _read(folder: Path) -> ChosenImages:
    """Raises RunError."""
    path = folder / CHOSEN
    try:
        status = path.stat()
        return _read_once(path, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {told(error)}") from error


@lru_cache(maxsize=1)
def _read_once(path: Path, mtime_ns: int, size: int) -> ChosenImages:
    """It is looked into for each image that is drawn."""
    return ChosenImages.read(path)
