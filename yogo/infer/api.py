"""`predict`: inference as one call, with the published arguments."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from yogo.deprecation import warn_once
from yogo.infer.job import Job
from yogo.infer.outputs import Counts, Output
from yogo.infer.progress import progress
from yogo.infer.request import Request
from yogo.terminal import printable


class Predictions:
    """What the network says of each picture: (5 + classes, Sy, Sx) on the CPU, in the pictures' order.

    Computed while they are iterated over, anew each time, so they take no more memory than a batch. There is one
    for every picture: that of a picture that could not be read is NaN, in which `format_preds` finds nothing.
    """

    def __init__(self, job: Job) -> None:
        self._job = job

    def __len__(self) -> int:
        return len(self._job.pictures.stems)

    @property
    def names(self) -> list[str]:
        """The pictures, in the same order."""
        return [self._job.pictures.name(index) for index in range(len(self))]

    def __iter__(self) -> Iterator[Tensor]:
        for _, pred_BPYX in self._job.look():
            yield from pred_BPYX.cpu().clone()


def predict(
    path_to_pth: str | Path,
    path_to_images: str | Path | None = None,
    path_to_zarr: str | Path | None = None,
    output_dir: str | Path | None = None,
    *,
    save_preds: bool = False,
    draw_boxes: bool = False,
    save_npy: bool = False,
    class_names: Sequence[str] | None = None,
    count_predictions: bool = False,
    batch_size: int = 64,
    obj_thresh: float = 0.5,
    iou_thresh: float = 0.5,
    vertical_crop_height: float | None = None,
    use_tqdm: bool | None = False,
    device: str | torch.device | None = None,
    half: bool = False,
    output_img_ftype: str = ".png",
    requested_num_workers: int | None = None,
    min_class_confidence_threshold: float = 0.0,
    image_bits: int | str | None = None,
    zarr_axes: str | None = None,
    zarr_channel: int | None = None,
    overwrite: bool = False,
    return_full_predictions: bool = False,
    **old: object,
) -> Predictions | Tensor:
    """Look at every picture, write what is wanted before this returns, and give what the network says of them.

    That is `Predictions` to iterate over; with `return_full_predictions` the same as one tensor (pictures,
    5 + classes, Sy, Sx). A picture that cannot be read is a warning, and NaN; it shifts no other.
    `vertical_crop_height` is a fraction of the frame's height. `image_bits` is how deep pictures of more than 8 bits
    are ("auto" looks at them), `zarr_axes` such as "tyx" and `zarr_channel` what a store may leave open. Files that
    are there already are replaced with `overwrite` only. Raises YogoError.
    """
    given = dict(locals())
    _warn_of(given.pop("old"))
    request = Request(**{name: given[name] for name in Request.__slots__})
    return _predict(request, count=count_predictions, full=return_full_predictions, show=use_tqdm)


def _predict(request: Request, *, count: bool, full: bool, show: bool | None) -> Predictions | Tensor:
    with progress(show=show) as told:
        job = request.job(_warn, told)
        counts = Counts(job.predictor.num_classes)
        outputs = [*request.files(job), *([counts] if count else [])]
        result = _all_of(job, outputs) if full else _only_write(job, outputs)
    if count:
        print("\n".join(printable(line) for line in counts.table(job.classes)))
    return result


def _only_write(job: Job, outputs: Sequence[Output]) -> Predictions:
    if outputs:
        for _ in job.run(outputs):
            pass
    return Predictions(replace(job, progress=None))


def _all_of(job: Job, outputs: Sequence[Output]) -> Tensor:
    full_BPYX = torch.empty(len(job.pictures.stems), *job.predictor.shape)
    for batch, pred_BPYX in job.run(outputs):
        full_BPYX[batch.first : batch.first + len(pred_BPYX)] = pred_BPYX.cpu()
    return full_BPYX


def _warn(sentence: str) -> None:
    warnings.warn(sentence, RuntimeWarning, stacklevel=2)


def _warn_of(old: dict[str, object]) -> None:
    """Arguments of older callers that have no effect any more."""
    for name in old:
        if name not in {"heatmap_mask", "heatmap_mask_path"}:
            raise TypeError(f"predict() got an unexpected keyword argument {name!r}")
        warn_once(f"predict() knows {name} no longer: it has no effect", stacklevel=2)
