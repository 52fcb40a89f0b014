"""The images that a model would have labelled next, as `yogo next --out FOLDER` leaves them in a folder.

FOLDER/chosen.json.gz   which images, and why
FOLDER/chosen.csv       the same as a table
FOLDER/images/          a link to each image, or a copy where the disk has no links

Light: it is read without torch.
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from datetime import datetime
from pathlib import Path

from pydantic import Field

from yogo.formats.output import OutputFolder, new_folder
from yogo.review.ranking import RankedBox
from yogo.run.record import COMPRESSION, Part, Record, now

CHOSEN, TABLE, LINKS = "chosen.json.gz", "chosen.csv", "images"


class ChosenImage(Part):
    image: str
    """Absolute path."""

    errors: float
    """To be expected among the model's boxes, by its own confidence."""

    unlike: float
    """Its distance to the nearest image that is labelled, or stands before it; the median distance of two images is
    1."""

    boxes: tuple[RankedBox, ...] = ()
    """What the model finds on it, faint ones too."""


class ChosenImages(Record):
    made_at: datetime = Field(default_factory=now)
    checkpoint: str
    """Absolute path, like all paths here."""

    checkpoint_sha256: str
    folder: str
    """Of the images."""

    labelled: str = ""
    """The definition of the images that are labelled already; empty if there was none."""

    classes: tuple[str, ...]
    num_images: int
    """Without a label, of which these were chosen."""

    num_labelled: int
    problems: tuple[str, ...] = ()
    """Images that could not be read, and why."""

    images: tuple[ChosenImage, ...]
    """The most useful one first."""


def write_chosen(chosen: ChosenImages, out: Path) -> None:
    """Make the folder, all of it or nothing. Raises LabelsError if something is there; OSError."""
    with new_folder(out) as folder:
        for one in chosen.images:
            _lay(folder, Path(one.image))
        folder.write(TABLE, _table(chosen))
        with folder.create(CHOSEN) as file:
            file.write(gzip.compress(chosen.model_dump_json().encode(), COMPRESSION, mtime=0))


def _lay(folder: OutputFolder, image: Path) -> None:
    name = f"{LINKS}/{image.name}"
    if not folder.link(name, image):
        with folder.create(name) as copy, image.open("rb") as file:
            shutil.copyfileobj(file, copy)


def _table(chosen: ChosenImages) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("number", "image", "errors_to_be_expected", "unlike"))
    writer.writerows((number, one.image, one.errors, one.unlike) for number, one in enumerate(chosen.images, 1))
    return text.getvalue()
