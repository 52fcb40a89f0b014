"""mAP on labelled pictures: whether rounding to 16 bits costs what the model is there for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from yogo.data.batch import Batch
from yogo.data.headers import Header, look, reading_depth
from yogo.data.loader import BatchLoader, loader
from yogo.data.packed import pack_labels
from yogo.definition import DatasetDefinition, Sample, Splits, split
from yogo.definition.record import DataRecord
from yogo.errors import ExportError, YogoError
from yogo.export.comparison import NUM_FRAMES, Floats, Runner
from yogo.export.graph import Whole
from yogo.metrics.precision import average_precision
from yogo.metrics.tally import Tally, evidence
from yogo.run.directory import RunDirectory

TOLERANCE = 0.002


MOST_OF_A_RUN = 64
"""Of a run's own pictures, the first so many; a definition that the user names is looked at whole."""


class LabelledPictures:
    """What was kept to test on, else to validate on, else all of it; of each, the rows that the graph looks at."""

    def __init__(self, splits: Splits, classes: Sequence[str], whole: Whole, *, most: int | None = None) -> None:
        """Raises DefinitionError for a label file that cannot be read."""
        samples = (splits.test or splits.val or splits.train)[:most]
        channels, self._num_rows, width = whole.frame
        self._height = whole.full_height
        self.num_classes = int(whole.model.num_classes)
        self._batches: BatchLoader = loader(
            samples,
            pack_labels(samples, classes),
            image_hw=(self._height, width),
            rgb=channels == 3,
            bits=reading_depth(_headers(samples), whole.image_bits),
            batch_size=1,
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
                f"{path} has {len(known.classes)} classes ({', '.join(known.classes)}), and the model {num_classes}"
            )
        return cls(split(known), known.classes, whole)

    @classmethod
    def of_run(cls, checkpoint: Path, whole: Whole) -> LabelledPictures | None:
        """Those that the checkpoint's own run has on record, if they are all still there as they were."""
        try:
            record = DataRecord.read(RunDirectory(checkpoint.absolute().parent).data)
            if len(record.classes) != int(whole.model.num_classes) or record.verify():
                return None
            return cls(record.splits(), record.classes, whole, most=MOST_OF_A_RUN)
        except (FileNotFoundError, YogoError):  # no run's, or a damaged record: there are other frames to compare on
            return None

    def frames(self) -> Floats:
        """(F, C, H, W): the first few."""
        firsts = [batch.images.numpy() for batch in itertools.islice(self._cropped(), NUM_FRAMES)]
        return np.concatenate(firsts).astype(np.float32)

    def mean_precision(self, runner: Runner) -> float:
        """COCO's mAP of what `runner` answers."""
        tally = Tally(self.num_classes)
        for batch in self._cropped():
            tally.add(_with_logits(torch.from_numpy(runner(batch.images.numpy().astype(np.float32)))), batch)
        seen = evidence([tally.parts()], self.num_pictures)
        return float(average_precision(seen.ranked, seen.truth, self.num_pictures, self.num_classes).mean)

    def _cropped(self) -> Iterator[Batch]:
        """The rows in the middle, and the boxes whose centre lies in them."""
        top = round((self._height - self._num_rows) / 2)
        for batch in self._batches:
            images = batch.images[:, :, top : top + self._num_rows]
            boxes = batch.boxes.clone()
            boxes[:, 2::2] = (boxes[:, 2::2] * self._height - top) / self._num_rows
            centre = boxes[:, 2::2].mean(1)
            is_seen = (centre >= 0) & (centre <= 1)
            boxes[:, 2::2].clamp_(0, 1)
            yield Batch(images, boxes[is_seen], batch.image_index[is_seen], batch.indices, batch.draws)


def _headers(samples: Sequence[Sample]) -> list[Header]:
    """Of those that can be read; reading the others says what is wrong with them."""
    return [one for one in look([sample.image_file for sample in samples]) if isinstance(one, Header)]


def _with_logits(pred_BPYX: Tensor) -> Tensor:
    """Probabilities' logarithms: their softmax is the probabilities."""
    return torch.cat((pred_BPYX[:, :5], pred_BPYX[:, 5:].clamp(min=1e-30).log()), 1)
