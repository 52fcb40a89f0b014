"""What a model finds on many images: its boxes, with the probability of each class."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torchvision.ops import box_convert

from yogo.definition.identity import Status, status
from yogo.errors import InferenceError
from yogo.images.depth import UPPER_EIGHT, Asked, Bits
from yogo.images.headers import ImageHeader, depth, look, reading_depth
from yogo.images.pixels import Bytes, Marks, marks_of, read_pixels
from yogo.infer.job import InferenceThresholds
from yogo.infer.predictor import Predictor
from yogo.infer.rows import boxes_of_batch
from yogo.metrics.accumulator import RANKED_OBJECTNESS
from yogo.metrics.boxes import Floats
from yogo.review.memory import PredictionMemory

THRESHOLDS = InferenceThresholds(obj_thresh=RANKED_OBJECTNESS)
"""Fainter boxes are not kept. Alike for all models, whatever the recipe says of suppression."""

Tell = Callable[[int, int], None]
Notice = Callable[[str], None]


class ListedPictures:
    """These image files, in this order."""

    def __init__(self, files: Sequence[str]) -> None:
        self.path = Path(files[0]).parent if files else Path()
        self.stems: Sequence[str] = files

    def name(self, index: int) -> str:
        return self.stems[index]

    def read(self, index: int, *, rgb: bool, bits: Asked = UPPER_EIGHT) -> Bytes:
        return read_pixels(self.stems[index], rgb=rgb, image_hw=None, bits=bits)

    def marks(self, index: int) -> Marks:
        return marks_of(Path(self.stems[index]))

    def depth(self) -> int:
        return depth([one for one in look(self.stems) if isinstance(one, ImageHeader)])


@dataclass(slots=True)
class FoundBoxes:
    """Of many images, in the order of `paths`."""

    paths: Sequence[str]
    rows: list[Floats | None] = field(default_factory=list)
    """(N, 5 + classes): x0, y0, x1, y1 in fractions of the image, objectness, class probabilities; None for an image
    that could not be read."""

    problems: list[str] = field(default_factory=list)
    """Why not, a sentence each."""


@dataclass(slots=True)
class Looking:
    """Looks at images with one model, remembering what it found."""

    predictor: Predictor
    sha256: str
    """Of the checkpoint."""

    memory: Path | None = None
    """The folder that keeps what was found; None keeps nothing."""

    image_bits: int | str | None = None
    batch_size: int = 64
    """Images between two writes of what is remembered."""

    num_threads: int | None = None
    tell: Tell = lambda done, total: None

    def at(self, paths: Sequence[str], where: Path) -> FoundBoxes:
        """What it finds on these; `where` names them in errors. Raises InferenceError if none can be read."""
        found = FoundBoxes(paths)
        for _ in self.each(found):
            pass
        if paths and all(rows is None for rows in found.rows):
            raise InferenceError(f"none of the images of {where} can be read: {found.problems[0]}")
        return found

    def each(self, found: FoundBoxes) -> Iterator[Sequence[int]]:
        """Looks at the images of `found`, and fills it in; yields the places that are done, first those that are known.

        What it finds is remembered batch by batch.
        """
        bits = self.bits(found.paths)
        key = (self.sha256, bits, self.predictor.device.type, asdict(THRESHOLDS))
        batches = functools.partial(self._new, bits=bits, problems=found.problems)
        yield from self.remembering(found, key, 5 + self.predictor.num_classes, batches)

    def remembering(
        self,
        found: FoundBoxes,
        key: object,
        num_values: int,
        batches: Callable[[Sequence[str]], Iterator[list[Floats | None]]],
    ) -> Iterator[Sequence[int]]:
        """The same of whatever `batches` finds on images: rows of `num_values` numbers."""
        paths, folder = found.paths, self.memory / "predictions" if self.memory else None
        with PredictionMemory(folder, key, num_values) as kept:
            statuses = [_status(path) for path in paths]
            found.rows = [kept.get(path, now) if now else None for path, now in zip(paths, statuses, strict=True)]
            todo = [place for place, rows in enumerate(found.rows) if rows is None]
            yield [place for place, rows in enumerate(found.rows) if rows is not None]
            start, known = 0, len(paths) - len(todo)
            for some in batches([paths[place] for place in todo]):
                places = todo[start : start + len(some)]
                start += len(some)
                for place, rows in zip(places, some, strict=True):
                    found.rows[place] = rows
                kept.add(_sure(places, found, statuses))
                self.tell(known + start, len(paths))
                yield places

    def bits(self, paths: Sequence[str]) -> Bits:
        def needed() -> int:
            headers = look(paths, memory=self.memory / "headers" if self.memory else None)
            return depth([one for one in headers if isinstance(one, ImageHeader)])

        return reading_depth(needed, self.predictor.image_bits, self.image_bits)

    def _new(self, paths: Sequence[str], *, bits: Bits, problems: list[str]) -> Iterator[list[Floats | None]]:
        """Of each batch, what was found on each image."""
        predictor = self.predictor
        looked = predictor.look(ListedPictures(paths), self.batch_size, bits=bits, num_threads=self.num_threads)
        for batch, pred_BPYX in looked:
            rows = boxes_of_batch(pred_BPYX, **asdict(THRESHOLDS))
            problems += batch.broken.values()
            yield [None if place in batch.broken else _corners(one) for place, one in enumerate(rows)]


def _sure(
    places: Sequence[int], found: FoundBoxes, statuses: Sequence[Status | None]
) -> Iterator[tuple[str, Status, Floats]]:
    for place in places:
        rows, now = found.rows[place], statuses[place]
        if rows is not None and now is not None:
            yield found.paths[place], now, rows


def _corners(rows_NP: torch.Tensor) -> Floats:
    boxes = box_convert(rows_NP[:, :4], "cxcywh", "xyxy").clamp(-1, 2)
    corners: Floats = torch.cat((boxes, rows_NP[:, 4:]), 1).float().numpy().astype(np.float32)
    return corners


def _status(path: str) -> Status | None:
    try:
        return status(path, os.stat(path))
    except OSError:
        return None
