"""Counts of the samples of a file, in one pass over all of their images.

Axes: S samples, I images of a batch, T thresholds of the class confidence, K classes, N boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor

from yogo.assay.confidence import CONFIDENCES, counts_by_confidence
from yogo.errors import InferenceError
from yogo.infer.job import InferenceJob
from yogo.infer.outputs import ImagePredictions, Output
from yogo.infer.sample_pictures import SamplePictures

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Batch = Callable[[Sequence[int], Ints], None]
"""Receives the indices of some images, and their counts (T, I, K)."""


@dataclass(frozen=True, slots=True, eq=False)
class SampleTally:
    confidences_T: Doubles
    """Of boxes above them; the first is 0, which is every box."""

    counts_TSK: Ints
    images_S: Ints
    """How many images each sample has, without those that could not be read."""

    unreadable_S: Ints


def count_samples(job: InferenceJob, confidences: Doubles = CONFIDENCES, batch: Batch | None = None) -> SampleTally:
    """One pass over `job`, which `prepare_job` makes of a request with `samples`: see yogo.infer.request.

    `batch` receives the counts of images as they are made. Raises InferenceError.
    """
    pictures = job.pictures
    if not isinstance(pictures, SamplePictures):
        raise InferenceError(f"{pictures.path} is not a file of samples")
    counter = _SampleCounter(pictures, job.predictor.num_classes, confidences, batch)
    if pictures.stems:
        for _ in job.run([counter]):
            pass
    return counter.tally


class _SampleCounter(Output):
    def __init__(self, pictures: SamplePictures, num_classes: int, confidences_T: Doubles, batch: Batch | None) -> None:
        self._pictures, self._batch, self._num_classes = pictures, batch, num_classes
        self._indices: list[int] = []
        self._rows: list[Tensor] = []
        zeros_S = np.zeros(pictures.num_samples, np.int64)
        counts_TSK = np.zeros((len(confidences_T), pictures.num_samples, num_classes), np.int64)
        self.tally = SampleTally(confidences_T, counts_TSK, zeros_S, zeros_S.copy())

    def write(self, found: ImagePredictions) -> None:
        self._indices.append(found.index)
        self._rows.append(found.rows_NP)

    def flush(self) -> None:
        if not self._indices:
            return
        counts_TIK = self._counts()
        sample_I = self._pictures.sample_I[self._indices]
        for place, sample in enumerate(sample_I):
            self.tally.counts_TSK[:, sample] += counts_TIK[:, place]
            self.tally.images_S[sample] += 1
        if self._batch is not None:
            self._batch(self._indices, counts_TIK)
        self._indices, self._rows = [], []

    def close(self, unreadable: Sequence[int]) -> None:
        np.add.at(self.tally.unreadable_S, self._pictures.sample_I[list(unreadable)], 1)

    def _counts(self) -> Ints:
        """(T, I, K)."""
        found = [rows_NP[:, 5:].max(1) for rows_NP in self._rows if len(rows_NP)]
        image_N = np.repeat(np.arange(len(self._rows)), [len(rows_NP) for rows_NP in self._rows])
        label_N = np.concatenate([np.zeros(0, np.intp), *(labels.numpy() for _, labels in found)])
        confidence_N = np.concatenate([np.zeros(0, np.float32), *(values.numpy() for values, _ in found)])
        counts_TIK = counts_by_confidence(
            image_N,
            label_N,
            confidence_N,
            num_images=len(self._rows),
            num_classes=self._num_classes,
            confidences=self.tally.confidences_T,
        )
        return counts_TIK.astype(np.int64)
