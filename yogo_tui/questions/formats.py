"""Questions about labels of other programs: what a file or folder holds, and its conversion."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from yogo.definition.model import DatasetDefinition
from yogo.errors import ImagesNotFound, LabelsError, YogoError
from yogo.files.places import expanded
from yogo.formats.conversion import ConversionRequest, convert
from yogo.formats.finder import ImageFinder
from yogo.formats.labelled import NAME_THEM
from yogo.formats.report import conversion_data, conversion_lines
from yogo.formats.table import FORMATS
from yogo.text.wording import counted
from yogo_tui.hosts.base import Tell


@dataclass(frozen=True, slots=True)
class FoundLabels:
    path: Path
    formats: tuple[str, ...]
    """Names of FORMATS that it may be of; empty if it is of none that is known."""


@dataclass(frozen=True)
class FindLabels:
    """The file or folder that `text` means, where what is relative is below `start`, and of which format its labels
    are. Raises LabelsError."""

    text: str
    start: Path

    def answer(self, tell: Tell) -> FoundLabels:
        path = _place(self.start, Path(self.text.strip()))
        if not path.exists():
            raise LabelsError(f"{path} does not exist")
        return FoundLabels(path, tuple(name for name, one in FORMATS.items() if one.parts.recognise(path)))


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """What `yogo labels convert` tells."""

    lines: tuple[str, ...]
    data: dict[str, Any]


@dataclass(frozen=True)
class ConvertLabels:
    """Convert labels as `yogo labels convert` does; relative paths are below `start`. Raises LabelsError, OSError; then
    nothing is written."""

    request: ConversionRequest
    start: Path

    changes: ClassVar = "the labels were converted"

    def answer(self, tell: Tell) -> ConversionReport:
        request = _placed(self.request, self.start)
        found = convert(request, lambda what, done: tell(what, done, 0))
        return ConversionReport(tuple(conversion_lines(found, request)), conversion_data(found, request))


@dataclass(frozen=True, slots=True)
class LookForImages:
    problem: str
    """Which images of the labels were not found, in a sentence without a capital; empty if all were."""

    proposed: str
    """A folder in which the first of them lies; empty if none is known."""


@dataclass(frozen=True)
class FindImages:
    """Whether the images are found that a conversion needs, and where else they may be: in the folders around the
    labels, and in those of `definitions`. Nothing is written. Raises LabelsError, OSError."""

    request: ConversionRequest
    start: Path
    definitions: tuple[Path, ...] = ()

    def answer(self, tell: Tell) -> LookForImages:
        request = replace(_placed(self.request, self.start), is_dry=True)
        if request.images and not request.images.is_dir():
            return LookForImages(f"{request.images} is not a folder", "")
        where = request.images or (request.path if request.path.is_dir() else request.path.parent)
        try:
            found = convert(request, lambda what, done: tell(what, done, 0))
        except ImagesNotFound as error:
            return LookForImages(str(error).removesuffix(NAME_THEM), "")
        if not found.num_missing:
            return LookForImages("", "")
        missing, of = counted(found.num_missing, "image", "was"), found.num_images
        problem = f"{missing} not found below {where}, of {of:,} that the labels name: {found.missing[0]}"
        return LookForImages(problem, str(self._likely(found.missing, request.path) or ""))

    def _likely(self, names: Sequence[str], path: Path) -> Path | None:
        """The folder that has most of these images; of several, the one nearest to the labels."""
        folders = {one: one for one in (path, *path.parents[:2])}
        for file in self.definitions:
            with contextlib.suppress(YogoError, OSError, ValueError):
                own = [pair.images for pair in DatasetDefinition.from_yaml(file, base=self.start).all_dataset_paths]
                common = Path(os.path.commonpath(own))
                folders |= {one: common if common in one.parents[:2] else one for one in own}
        found = {folder: sum(map(ImageFinder(None, folder).has, names)) for folder in folders}
        best = max(found, key=lambda folder: found[folder])
        return folders[best] if found[best] else None


def _placed(asked: ConversionRequest, start: Path) -> ConversionRequest:
    images = _place(start, asked.images) if asked.images else None
    return replace(asked, path=_place(start, asked.path), out=_place(start, asked.out), images=images)


def _place(start: Path, path: Path) -> Path:
    return Path(os.path.normpath(start / expanded(path)))
