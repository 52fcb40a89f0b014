"""One pass over some pictures: read, looked at, and handed to whatever keeps the results.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from yogo.data.depth import UPPER_EIGHT, Asked
from yogo.data.pictures import Bytes
from yogo.errors import InferenceError
from yogo.infer.oddities import Oddities
from yogo.infer.outputs import Found, Output
from yogo.infer.pictures import Pictures
from yogo.infer.predictor import Predictor
from yogo.infer.reading import FrameBatch, read_batches
from yogo.infer.rows import boxes_of_batch
from yogo.memory import full_memory_said

Progress = Callable[[int, int], None]
Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Which cells are boxes: see `yogo.boxes.format_preds`."""

    obj_thresh: float = 0.5
    iou_thresh: float = 0.5
    min_class_confidence_threshold: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 <= value <= 1:
                raise InferenceError(f"{name} is {value:g}; it is a fraction, from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    predictor: Predictor
    pictures: Pictures
    classes: tuple[str, ...]
    """Their names, or else their numbers."""

    thresholds: Thresholds = Thresholds()
    batch_size: int = 64
    num_threads: int | None = None
    """That read pictures; a few, if none."""

    notice: Notice
    """Hears of each picture that is left out."""

    bits: Asked = UPPER_EIGHT
    """At how many bits pictures of more than 8 are read."""

    progress: Progress | None = None
    """Hears of pictures done, and of all there are."""

    oddities: Oddities

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InferenceError(f"a batch of {self.batch_size} pictures cannot be: it is 1 or more")
        if self.num_threads is not None and self.num_threads < 1:
            raise InferenceError(f"{self.num_threads} threads cannot read pictures: it takes 1 or more, or 0 for a few")

    def look(self) -> Iterator[tuple[FrameBatch, Tensor]]:
        """Each batch with its (B, P, Sy, Sx), on the model's device; NaN for a picture that could not be read."""
        predictor, total = self.predictor, len(self.pictures.stems)
        batches = read_batches(
            self.pictures,
            predictor.frame,
            self.batch_size,
            bits=self.bits,
            num_threads=self.num_threads,
            pin_memory=predictor.device.type == "cuda",
        )
        unreadable = 0
        for batch in batches:
            with full_memory_said(predictor.device, "take a smaller --batch-size", InferenceError):
                pred_BPYX = predictor(batch.frames)
            for place, sentence in batch.broken.items():
                pred_BPYX[place] = torch.nan
                self.notice(f"{sentence}; this picture is left out")
            unreadable += len(batch.broken)
            if unreadable == total:
                raise InferenceError(f"none of the pictures in {self.pictures.path} can be read")
            for sentence in self.oddities.add(batch, self._names(batch), pred_BPYX):
                self.notice(sentence)
            yield batch, pred_BPYX
            if self.progress is not None:
                self.progress(batch.first + len(batch.frames), total)

    def run(self, outputs: Sequence[Output]) -> Iterator[tuple[FrameBatch, Tensor]]:
        """The same, what was found being written batch by batch. Pictures left out are in no output."""
        unreadable: list[int] = []
        for batch, pred_BPYX in self.look():
            if outputs:
                self._write(batch, pred_BPYX, outputs)
            unreadable += [batch.first + place for place in sorted(batch.broken)]
            yield batch, pred_BPYX
        for output in outputs:
            output.close(unreadable)
        if outputs:
            for sentence in self.oddities.summary(self.thresholds.obj_thresh):
                self.notice(sentence)

    def picture(self, index: int) -> Bytes:
        """(C, H, W): a whole picture, of its own size, as bytes. Raises YogoError."""
        return self.pictures.read(index, rgb=self.predictor.frame.rgb, bits=self.bits)

    def _names(self, batch: FrameBatch) -> list[str]:
        return [self.pictures.name(batch.first + place) for place in range(len(batch.frames))]

    def _write(self, batch: FrameBatch, pred_BPYX: Tensor, outputs: Sequence[Output]) -> None:
        frames, shape = batch.frames.numpy(), self.predictor.frame
        for place, rows_NP in enumerate(boxes_of_batch(pred_BPYX, **asdict(self.thresholds))):
            if place not in batch.broken:
                index, picture_hw = batch.first + place, batch.seen[place].hw
                stem, part = self.pictures.stems[index], shape.part_of(picture_hw)
                found = Found(index, stem, frames[place], rows_NP, picture_hw=picture_hw, part=part)
                self.oddities.num_cells += len(rows_NP)
                for output in outputs:
                    output.write(found)
        for output in outputs:
            output.flush()
