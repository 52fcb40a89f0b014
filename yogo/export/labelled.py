"""mAP on labelled pictures: whether rounding to 16 bits costs what the model is there for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from yogo.data.loader import BatchLoader, loader
from yogo.data.packed import pack_labels
from yogo.definition import DatasetDefinition, split
from yogo.errors import ExportError
from yogo.export.comparison import NUM_FRAMES, Floats, Runner
from yogo.export.graph import Whole
from yogo.metrics.precision import average_precision
from yogo.metrics.tally import Tally, evidence

TOLERANCE = 0.002


class LabelledPictures:
    """What a definition keeps to test on, else to validate on, else all of it."""

    def __init__(self, definition: Path, whole: Whole) -> None:
        """Raises DefinitionError, or ExportError where the classes are not the model's."""
        channels, num_rows, width = whole.frame
        if num_rows != whole.full_height:
            raise ExportError("labels are of whole frames: leave out either --data or --crop-height")
        known = DatasetDefinition.from_yaml(definition)
        self.num_classes = int(whole.model.num_classes)
        if len(known.classes) != self.num_classes:
            raise ExportError(
                f"{definition} has {len(known.classes)} classes ({', '.join(known.classes)}), "
                f"and the model {self.num_classes}"
            )
        splits = split(known)
        samples = splits.test or splits.val or splits.train
        self._batches: BatchLoader = loader(
            samples,
            pack_labels(samples, known.classes),
            image_hw=(num_rows, width),
            rgb=channels == 3,
            batch_size=1,
            shuffle=False,
        )
        self.num_pictures = len(samples)

    def frames(self) -> Floats:
        """(F, C, H, W): the first few."""
        firsts = [batch.images.numpy() for batch, _ in zip(self._batches, range(NUM_FRAMES), strict=False)]
        return np.concatenate(firsts).astype(np.float32)

    def mean_precision(self, runner: Runner) -> float:
        """COCO's mAP of what `runner` answers."""
        tally = Tally(self.num_classes)
        for batch in self._batches:
            tally.add(_with_logits(torch.from_numpy(runner(batch.images.numpy().astype(np.float32)))), batch)
        seen = evidence([tally.parts()], self.num_pictures)
        return float(average_precision(seen.ranked, seen.truth, self.num_pictures, self.num_classes).mean)


def _with_logits(pred_BPYX: Tensor) -> Tensor:
    """Probabilities' logarithms: their softmax is the probabilities."""
    return torch.cat((pred_BPYX[:, :5], pred_BPYX[:, 5:].clamp(min=1e-30).log()), 1)
