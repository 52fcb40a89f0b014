"""One pass over some images: they are read, the network finds boxes, and the results go to the outputs.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from yogo.errors import InferenceError
from yogo.images.depth import UPPER_EIGHT, Asked
from yogo.images.pixels import Bytes
from yogo.infer.images import Pictures
from yogo.infer.oddities import Oddities
from yogo.infer.outputs import ImagePredictions, Output
from yogo.infer.predictor import Predictor
from yogo.infer.reading import FrameBatch
from yogo.infer.rows import boxes_of_batch

Progress = Callable[[int, int], None]
Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class InferenceThresholds:
    """Which grid cells count as boxes: see `yogo.model.boxes.format_preds`."""

    obj_thresh: float = 0.5
    iou_thresh: float = 0.5
    min_class_confidence_threshold: float = 0.0
    count_scores: tuple[float, ...] | None = None
    """The least score of each class, where those of the checkpoint are used."""
    average_boxes: bool = False

    def __post_init__(self) -> None:
        for name in ("obj_thresh", "iou_thresh", "min_class_confidence_threshold"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise InferenceError(f"{name} is {value:g}; it must be a fraction from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceJob:
    predictor: Predictor
    pictures: Pictures
    classes: tuple[str, ...]
    """Names of the classes, or their numbers if they have none."""

    thresholds: InferenceThresholds = InferenceThresholds()
    batch_size: int = 64
    num_threads: int | None = None
    """Threads that read images; None means a few."""

    notice: Notice
    """Receives a sentence for each image that is left out."""

    bits: Asked = UPPER_EIGHT
    """The depth at which images of more than 8 bits are read."""

    progress: Progress | None = None
    """Receives the number of images done, and of all images."""

    oddities: Oddities

    may_find_none: bool = False
    """Whether it may be that no image can be read; else that is an error."""

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InferenceError(f"a batch of {self.batch_size} images is not possible: it must be 1 or more")
        if self.num_threads is not None and self.num_threads < 1:
            raise InferenceError(f"{self.num_threads} threads cannot read images: give 1 or more, or 0 for a few")

    def look(self) -> Iterator[tuple[FrameBatch, Tensor]]:
        """Each batch with its predictions (B, P, Sy, Sx), on the model's device; NaN for an unreadable image."""
        total, unreadable = len(self.pictures.stems), 0
        looked = self.predictor.look(self.pictures, self.batch_size, bits=self.bits, num_threads=self.num_threads)
        for batch, pred_BPYX in looked:
            for place, sentence in batch.broken.items():
                pred_BPYX[place] = torch.nan
                self.notice(f"{sentence}; this image is left out")
            unreadable += len(batch.broken)
            if unreadable == total and not self.may_find_none:
                raise InferenceError(f"none of the images in {self.pictures.path} can be read")
            names = [self.pictures.name(batch.first + place) for place in range(len(batch.frames))]
            for sentence in self.oddities.add(batch, names, pred_BPYX):
                self.notice(sentence)
            yield batch, pred_BPYX
            if self.progress is not None:
                self.progress(batch.first + len(batch.frames), total)

    def run(self, outputs: Sequence[Output]) -> Iterator[tuple[FrameBatch, Tensor]]:
        """The same, and each batch's results are written. Images that are left out are in no output."""
        unreadable: list[int] = []
        for batch, pred_BPYX in self.look():
            if outputs:
                self._write(batch, pred_BPYX, outputs)
            unreadable += [batch.first + place for place in sorted(batch.broken)]
            yield batch, pred_BPYX
        for output in outputs:
            output.close(unreadable)
        if outputs:
            thresholds = self.thresholds
            for sentence in self.oddities.summary(thresholds.obj_thresh, by_counts=thresholds.count_scores is not None):
                self.notice(sentence)

    def picture(self, index: int) -> Bytes:
        """(C, H, W): a whole image in its own size, as bytes. Raises YogoError."""
        return self.pictures.read(index, rgb=self.predictor.frame.rgb, bits=self.bits)

    def _write(self, batch: FrameBatch, pred_BPYX: Tensor, outputs: Sequence[Output]) -> None:
        frames, shape = batch.frames.numpy(), self.predictor.frame
        for place, rows_NP in enumerate(boxes_of_batch(pred_BPYX, **asdict(self.thresholds))):
            if place not in batch.broken:
                index, picture_hw = batch.first + place, batch.seen[place].hw
                stem, part = self.pictures.stems[index], shape.part_of(picture_hw)
                found = ImagePredictions(index, stem, frames[place], rows_NP, picture_hw=picture_hw, part=part)
                self.oddities.num_cells += len(rows_NP)
                for output in outputs:
                    output.write(found)
        for output in outputs:
            output.flush()
