"""One pass over some pictures: read, looked at, and handed to whatever keeps the results.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from yogo.errors import InferenceError
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

    progress: Progress | None = None
    """Hears of pictures done, and of all there are."""

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

    def _write(self, batch: FrameBatch, pred_BPYX: Tensor, outputs: Sequence[Output]) -> None:
        frames = batch.frames.numpy()
        for place, rows_NP in enumerate(boxes_of_batch(pred_BPYX, **asdict(self.thresholds))):
            if place not in batch.broken:
                index = batch.first + place
                found = Found(index, self.pictures.stems[index], frames[place], rows_NP)
                for output in outputs:
                    output.write(found)
        for output in outputs:
            output.flush()
