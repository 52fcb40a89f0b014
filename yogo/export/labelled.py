"""mAP on labelled images: whether rounding to 16 bits lowers it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from yogo.datasets.batch import Batch
from yogo.datasets.loader import BatchLoader, LoaderOptions, loader
from yogo.datasets.packed import pack_labels
from yogo.definition import DatasetDefinition, Splits, split
from yogo.definition.record import DataRecord
from yogo.errors import ExportError, YogoError
from yogo.export.comparison import NUM_FRAMES, Runner
from yogo.export.graph import Whole
from yogo.images.headers import ImageHeader, depth, look, reading_depth
from yogo.images.remarks import oddities
from yogo.infer.openvino_engine import Floats
from yogo.metrics.accumulator import MetricAccumulator, evaluation_data
from yogo.metrics.precision import average_precision
from yogo.run.directory import RunDirectory
from yogo.text.wording import counted

TOLERANCE = 0.002


MOST_OF_A_RUN = 64
"""How many of a run's own images are used; a definition that the user names is used completely."""


class LabelledPictures:
    """The test images, else the validation images, else all of them; of each image, the rows that the graph takes."""

    def __init__(self, splits: Splits, classes: Sequence[str], whole: Whole, *, most: int | None = None) -> None:
        """Raises DefinitionError for a label file that cannot be read."""
        samples = (splits.test or splits.val or splits.train)[:most]
        channels, self._num_rows, width = whole.frame
        self._height = whole.full_height
        self.num_classes = int(whole.model.num_classes)
        looked_at = look([sample.image_file for sample in samples])
        # Reading the others says what is wrong with them.
        headers = [one for one in looked_at if isinstance(one, ImageHeader)]
        bits = reading_depth(lambda: depth(headers), whole.image_bits)
        self.oddities = tuple(oddities(headers, bits=bits, image_hw=(self._height, width)))
        """What is odd about them, in sentences."""
        self._batches: BatchLoader = loader(
            samples,
            pack_labels(samples, classes),
            LoaderOptions(image_hw=(self._height, width), rgb=channels == 3, bits=bits, batch_size=1),
            shuffle=False,
        )
        self.num_pictures = len(samples)

    @classmethod
    def of_definition(cls, path: Path, whole: Whole) -> LabelledPictures:
        """Raises DefinitionError, or ExportError where the classes are not the model's."""
        known = DatasetDefinition.from_yaml(path)
        num_classes = int(whole.model.num_classes)
        if len(known.classes) != num_classes:
            raise ExportError(
                f"{path} has {counted(len(known.classes), 'class')} ({', '.join(known.classes)}), "
                f"and the model {num_classes}"
            )
        return cls(split(known), known.classes, whole)

    @classmethod
    def of_run(cls, checkpoint: Path, whole: Whole) -> LabelledPictures | None:
        """Those on record in the checkpoint's own run, if all are still unchanged."""
        try:
            record = DataRecord.read(RunDirectory(checkpoint.absolute().parent).data)
            if len(record.classes) != int(whole.model.num_classes) or record.verify():
                return None
            return cls(record.splits(), record.classes, whole, most=MOST_OF_A_RUN)
        except (FileNotFoundError, YogoError):  # no run, or a damaged record: compare on other frames
            return None

    def frames(self) -> Floats:
        """(F, C, H, W): the first few."""
        firsts = [batch.images.numpy() for batch in itertools.islice(self._cropped(), NUM_FRAMES)]
        return np.concatenate(firsts).astype(np.float32)

    def mean_precision(self, runner: Runner) -> float:
        """COCO's mAP of the outputs of `runner`."""
        tally = MetricAccumulator(self.num_classes)
        for batch in self._cropped():
            tally.add(_with_logits(torch.from_numpy(runner(batch.images.numpy().astype(np.float32)))), batch)
        seen = evaluation_data([tally.parts()], self.num_pictures)
        return float(average_precision(seen.ranked, seen.truth, self.num_pictures, self.num_classes).mean)

    def _cropped(self) -> Iterator[Batch]:
        """The middle rows, and the boxes whose centre lies in them."""
        top = round((self._height - self._num_rows) / 2)
        for batch in self._batches:
            images = batch.images[:, :, top : top + self._num_rows]
            boxes = batch.boxes.clone()
            boxes[:, 2::2] = (boxes[:, 2::2] * self._height - top) / self._num_rows
            centre = boxes[:, 2::2].mean(1)
            is_seen = (centre >= 0) & (centre <= 1)
            boxes[:, 2::2].clamp_(0, 1)
            yield Batch(images, boxes[is_seen], batch.image_index[is_seen], batch.indices, batch.draws)


def _with_logits(pred_BPYX: Tensor) -> Tensor:
    """The logarithms of probabilities, whose softmax gives the probabilities."""
    return torch.cat((pred_BPYX[:, :5], pred_BPYX[:, 5:].clamp(min=1e-30).log()), 1)
