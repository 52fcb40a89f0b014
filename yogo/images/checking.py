"""Checks a definition and its images, for `yogo check`, the console and the start of a training.

Needs Pillow and numpy, no torch. What was found is remembered:

    <memory>/counts/*.json      what is in each label file (see yogo.definition.folder_count)
    <memory>/headers/*.json     what is in each image's header (see yogo.images.headers)
    <memory>/brightness/*.json  the mean brightness of some images
    <memory>/surveys/*.json     the summary of each definition, and what its files were then

While no file has changed, that summary is the answer: each file is looked at, and none is read.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from yogo.definition.contents import Contents, Names, Progress, image_contents, label_contents
from yogo.definition.folder_count import FORMAT as COUNTS
from yogo.definition.model import DatasetDefinition, resolve
from yogo.definition.problem import Problem
from yogo.definition.stamps import make_room, remember, remembered
from yogo.definition.survey import DatasetSummary, FolderBoxes, survey
from yogo.distribution import VERSION as YOGO
from yogo.images.headers import VERSION as HEADERS
from yogo.images.headers import ImageHeader, depth, look
from yogo.images.measures import brightness, measure_boxes
from yogo.images.remarks import remarks

__all__ = ["Progress", "full_survey"]

FORMAT = 1
_VERSION = [YOGO, FORMAT, COUNTS, HEADERS]
_KIND = "images that cannot be read"
_MOST_PROBLEMS = 100_000
"""A summary with more is not remembered: this many take some 25 MB."""

Partial = Callable[[DatasetSummary], None]


def full_survey(
    path: str | Path,
    *,
    base: Path | None = None,
    memory: Path | None = None,
    progress: Progress | None = None,
    partial: Partial | None = None,
) -> DatasetSummary:
    """The summary of the definition, with every image's header and end looked at; the results are remembered.

    `base` is that of `DatasetDefinition.from_yaml`. `memory` is the folder of the caches; with None nothing is
    remembered. `partial` receives what is known so far. Raises only what `progress` or `partial` raises.
    """
    tell = progress or (lambda *_: None)
    show = partial or (lambda _: None)
    definition, problems, _ = resolve(Path(path), base)
    if definition is None or memory is None:
        return _Examination(path, base, memory, tell, show).survey()
    kept = _Kept(memory / "surveys", definition, base)
    listed: Names = {}
    labels = label_contents(definition, problems, tell, listed)
    if kept.counted and kept.labels == labels.digest:
        show(kept.counted)
    images = image_contents(definition, tell, listed)
    if kept.summary and (kept.labels, kept.images) == (labels.digest, images.digest):
        return kept.summary
    found = _Examination(path, base, memory, tell, show).survey()
    kept.keep(labels, images, found)
    make_room(memory, ("counts", "headers", "brightness", "surveys"))
    return found


class _Kept:
    """The summary of a definition that is remembered, and what its files were when it was made."""

    def __init__(self, memory: Path, definition: DatasetDefinition, base: Path | None) -> None:
        self._memory = memory
        self._key = json.dumps([str(definition.path), str(base)])
        kept = remembered(memory, self._key)
        self.summary = _read(kept.get("summary")) if kept.get("version") == _VERSION else None
        self.labels, self.images = kept.get("labels"), kept.get("images")

    @property
    def counted(self) -> DatasetSummary | None:
        """The part that the labels decide: nothing is said of images that may have changed."""
        if self.summary is None:
            return None
        cells = [one for one in self.summary.histograms if one.title == "cells per image"]
        return dataclasses.replace(
            self.summary,
            num_looked_into=0,
            image_sizes=[],
            box_sizes={},
            histograms=cells,
            problems=[],
            is_whole=False,
        )

    def keep(self, labels: Contents, images: Contents, summary: DatasetSummary) -> None:
        if labels.is_sure and images.is_sure and len(summary.problems) <= _MOST_PROBLEMS:
            said = _adapter().dump_python(summary, mode="json")
            digests = {"labels": labels.digest, "images": images.digest}
            remember(self._memory, self._key, {"version": _VERSION, **digests, "summary": said})


def _adapter() -> TypeAdapter[DatasetSummary]:
    return TypeAdapter(DatasetSummary)


def _read(said: Any) -> DatasetSummary | None:
    try:
        return _adapter().validate_python(said)
    except ValidationError:
        return None


class _Examination:
    """Counts and looks into everything anew, but for files that are remembered."""

    def __init__(self, path: str | Path, base: Path | None, memory: Path | None, tell: Progress, show: Partial) -> None:
        self._path = Path(path)
        self._base = base
        self._memory = memory
        self._tell = tell
        self._show = show
        self._headers: dict[str, ImageHeader] = {}
        self._num_pictures = 0

    def survey(self) -> DatasetSummary:
        return survey(
            self._path,
            base=self._base,
            progress=self._tell_labels,
            look=self._look,
            measure=self._measure,
            memory=self._memory and self._memory / "counts",
            partial=self._show_part,
        )

    def _tell_labels(self, done: int) -> None:
        if done:
            self._tell("reading labels", done, self._num_pictures)
        else:
            self._tell("listing folders", 0, 0)

    def _show_part(self, found: DatasetSummary) -> None:
        self._num_pictures = found.num_pictures
        self._show(found)

    def _look(self, paths: Sequence[str]) -> Iterator[Problem]:
        folder = self._memory / "headers" if self._memory else None
        found = look(paths, memory=folder, progress=lambda done, total: self._tell("looking at images", done, total))
        self._headers = {one.path: one for one in found if isinstance(one, ImageHeader)}
        for one in found:
            if isinstance(one, Problem):
                yield Problem(one.severity, one.message, one.file, one.line, one.missing, one.kind or _KIND)
        headers = [*self._headers.values()]
        for sentence in remarks(headers, bits=depth(headers)):
            yield Problem("warning", sentence[0].upper() + sentence[1:], self._path)

    def _measure(self, found: DatasetSummary, folders: Sequence[FolderBoxes]) -> None:
        measure_boxes(found, folders, self._headers)
        made = brightness(
            [*self._headers],
            depth([*self._headers.values()]),
            memory=self._memory and self._memory / "brightness",
            tell=lambda done, total: self._tell("measuring brightness", done, total),
        )
        found.histograms += [made] if made else []
