"""`predict`: inference as one call, with the published arguments."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from pydantic.dataclasses import dataclass
from torch import Tensor

from yogo.errors import InferenceError
from yogo.infer.arguments import taking
from yogo.infer.job import InferenceJob
from yogo.infer.outputs import Counts, Output
from yogo.infer.prepare import prepare_files, prepare_job
from yogo.infer.progress import progress
from yogo.infer.request import InferenceRequest
from yogo.text.terminal import printable


class Predictions:
    """The prediction for each image: (5 + classes, Sy, Sx) on the CPU, in the images' order.

    Predictions are computed during iteration, and again in each one, so they take no more memory than a batch. There
    is one for every image; for an image that could not be read it is NaN, in which `format_preds` finds nothing.
    """

    def __init__(self, job: InferenceJob) -> None:
        self._job = job

    def __len__(self) -> int:
        return len(self._job.pictures.stems)

    @property
    def names(self) -> list[str]:
        """The images, in the same order."""
        return [self._job.pictures.name(index) for index in range(len(self))]

    def __iter__(self) -> Iterator[Tensor]:
        for _, pred_BPYX in self._job.look():
            yield from pred_BPYX.cpu().clone()


@dataclass(frozen=True, kw_only=True)
class _PredictRequest(InferenceRequest):
    return_full_predictions: bool = False
    """Give one tensor (images, 5 + classes, Sy, Sx) instead of `Predictions`."""

    heatmap_mask: object = None
    """It is accepted and has no effect."""


@taking(_PredictRequest, outdated=("heatmap_mask", "heatmap_mask_path"))
def predict(request: _PredictRequest) -> Predictions | Tensor:
    """Find cells in every image, write the requested files before returning, and return the predictions.

    That is `Predictions` to iterate over, or one tensor. An image that cannot be read is a warning, and NaN; it shifts
    no other. Raises YogoError.
    """
    if request.samples is not None:
        raise InferenceError("predict() looks at images or a zarr store: `yogo infer --samples` counts samples")
    with progress(show=request.use_tqdm) as told:
        job = prepare_job(request, _warn, told)
        counts = Counts(job.predictor.num_classes)
        outputs = [*prepare_files(request, job), *([counts] if request.count_predictions else [])]
        result = _all_of(job, outputs) if request.return_full_predictions else _only_write(job, outputs)
    if request.count_predictions:
        print("\n".join(printable(line) for line in counts.table(job.classes)))
    return result


def _only_write(job: InferenceJob, outputs: Sequence[Output]) -> Predictions:
    if outputs:
        for _ in job.run(outputs):
            pass
    return Predictions(replace(job, progress=None))


def _all_of(job: InferenceJob, outputs: Sequence[Output]) -> Tensor:
    full_BPYX = torch.empty(len(job.pictures.stems), *job.predictor.shape)
    for batch, pred_BPYX in job.run(outputs):
        full_BPYX[batch.first : batch.first + len(pred_BPYX)] = pred_BPYX.cpu()
    return full_BPYX


def _warn(sentence: str) -> None:
    warnings.warn(sentence, RuntimeWarning, stacklevel=2)
