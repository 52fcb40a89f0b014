"""Converts labels from one format to another, an image at a time."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from yogo.errors import LabelsError
from yogo.formats.json_stream import elements
from yogo.formats.labelled import LabelledImage, Omissions
from yogo.formats.output import check_free, new_folder
from yogo.formats.request import Corners, LabelReader, LabelSource, LabelTarget, Progress
from yogo.formats.table import FORMATS, WRITTEN, LabelFormat
from yogo.formats.xml_stream import root_of
from yogo.text.wording import counted, listed


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    path: Path
    out: Path
    to: str
    """A name of WRITTEN."""

    of: str = ""
    """A name of FORMATS; empty if it is to be found out."""

    images: Path | None = None
    classes: tuple[str, ...] = ()
    predictions: bool = False
    corners: Corners | None = None
    is_dry: bool = False


@dataclass(slots=True)
class ConvertedLabels:
    """What was converted, and what was not."""

    of: str
    to: str
    classes: tuple[str, ...] = ()
    num_images: int = 0
    num_empty: int = 0
    """Images without a box."""

    num_missing: int = 0
    """Images that were not found."""

    missing: tuple[str, ...] = ()
    """The names of the first of them."""

    boxes: Counter[str] = field(default_factory=Counter)
    """By class."""

    splits: Counter[str] = field(default_factory=Counter)
    omitted: Omissions = field(default_factory=Omissions)
    notes: list[str] = field(default_factory=list)
    """Sentences on how it was read, and on what to do with what was written."""


def convert(request: ConversionRequest, progress: Progress = lambda *_: None) -> ConvertedLabels:
    """Read labels in one format, write them in another. Raises YogoError, OSError; then nothing is written."""
    check_free(request.out)
    of = request.of or recognised(request.path)
    if not request.path.exists():
        raise LabelsError(f"{request.path} does not exist")
    source = LabelSource(
        request.path, request.images, request.classes, request.predictions, request.corners, tell=progress
    )
    found = ConvertedLabels(of, request.to, omitted=source.omitted)
    reader = FORMATS[of].parts.read(source)
    found.classes = tuple(reader.classes) or _classes_in(reader, source, progress)
    images = reader.images()
    first = next(images, None)
    if first is None:
        raise _nothing(request.path, found)
    assert source.finder is not None, "a reader calls begin"
    root = source.finder.root if first.file else None
    kind = WRITTEN[request.to]
    with new_folder(request.out, is_dry=request.is_dry) as folder:
        writer = kind.parts.write(
            LabelTarget(folder, found.classes, root, request.predictions, request.corners, source.shared_groups)
        )
        for image in itertools.chain([first], images):
            writer.add(image)
            _count(image, found, kind)
            if found.num_images % 100 == 0:
                progress("converting images", found.num_images)
        notes = writer.close()
    found.num_missing, found.missing = source.finder.num_missing, tuple(source.finder.missing)
    found.notes += [*reader.notes, *_looked(source), *notes]
    if source.has_groups and not kind.has_groups:
        what = "The groups of the definition (group_pattern, folders, shared_groups) are not carried over"
        found.notes.append(f"{what}: the labels of {kind.title} have none")
    found.notes += [f"Removed what a conversion that was killed had left: {one}" for one in folder.removed]
    return found


def recognised(path: Path) -> str:
    """The name of the format. Raises LabelsError for one that is not known, or for what may be of two."""
    if not path.exists():
        raise LabelsError(f"{path} does not exist")
    fits = [name for name, one in FORMATS.items() if one.parts.recognise(path)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise LabelsError(f"{path} holds labels of {listed(fits)}: say which are meant with --from, or name the file")
    if path.suffix.lower() == ".zip":
        raise LabelsError(f"{path} is a ZIP archive: unpack it, and name the folder")
    if path.is_file():
        if path.suffix.lower() == ".json":
            for _ in elements(path):  # which raises where it breaks off
                pass
        elif path.suffix.lower() == ".xml":
            root_of(path)
    titles = listed((f"{one.title} (--from {name})" for name, one in FORMATS.items()), "or")
    raise LabelsError(f"{path} is not known as labels of {titles}: name the file or the folder of the export")


def _classes_in(reader: LabelReader, source: LabelSource, progress: Progress) -> tuple[str, ...]:
    """The classes that boxes have, by name: no list says their order."""
    kept, source.omitted = source.omitted, Omissions()
    names: set[str] = set()
    for done, image in enumerate(reader.images(), 1):
        names.update(box.name for box in image.boxes)
        if done % 100 == 0:
            progress("looking for classes in images", done)
    source.omitted = kept
    if source.finder is not None:
        source.finder.forget_counts()
    return tuple(sorted(names))


def _count(image: LabelledImage, found: ConvertedLabels, kind: LabelFormat) -> None:
    found.num_images += 1
    found.num_empty += not image.boxes
    found.splits[image.split] += 1
    for box in image.boxes:
        found.boxes[box.name] += 1
        if box.is_difficult and not kind.has_difficult:
            found.omitted.add("marks of boxes as difficult", image.place)
        if box.score is not None and not kind.has_scores:
            found.omitted.add("confidences of boxes", image.place)


def _looked(source: LabelSource) -> Iterator[str]:
    finder = source.finder
    if finder is None:
        return
    if finder.num_renamed:
        what = counted(finder.num_renamed, "image", "has")
        yield f"{what} another name than the labels say (percent signs, accents, a prefix of Label Studio)"
    if finder.num_unsure:
        yield f"For {counted(finder.num_unsure, 'name')} in the labels there are several images, so none was taken"
    if finder.num_missing:
        yield f"{counted(finder.num_missing, 'image', 'was')} not found below {finder.root}"


def _nothing(path: Path, found: ConvertedLabels) -> LabelsError:
    left: Iterable[str] = (f"{number:,} {what}" for what, number in found.omitted.counts.items())
    told = "; ".join(left)
    return LabelsError(f"{path} holds no labelled image{f' ({told})' if told else ''}: nothing is to be converted")
