"""COCO's average precision, by faster-coco-eval, with a cap on boxes that suits frames of hundreds of cells.

With COCO's own cap of 100 boxes per image and class, a perfect detector on 300 cells gets 0.911.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Floats, GroundTruth, PredictedBoxes

MOST_BOXES = 1_000
"""Per image and class."""

COCO_IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """(T, R, K): the precision at T overlaps and R = 101 recalls from 0 to 1; NaN for a class that does not occur."""

    curves: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean over overlaps and the classes that occur: mAP."""
        return _mean(self.curves)

    @property
    def per_class(self) -> list[float]:
        return [_mean(self.curves[..., kind]) for kind in range(self.curves.shape[2])]

    @property
    def at_half(self) -> AveragePrecision:
        """The same at an overlap of one half alone."""
        return AveragePrecision(self.curves[:1])


def average_precision(
    found: PredictedBoxes, truth: GroundTruth, num_images: int, num_classes: int, ious: Sequence[float] = COCO_IOUS
) -> AveragePrecision:
    """The precision of ranked boxes at the overlaps `ious`, the first of which is 0.5."""
    curves = np.full((len(ious), 101, num_classes), np.nan)
    is_there = np.bincount(truth.label, minlength=num_classes) > 0
    curves[:, :, is_there] = 0.0
    if len(found.image) and len(truth.image):
        precision = _evaluate(found, truth, num_images, num_classes, ious)
        curves[:, :, is_there] = precision[:, :, is_there]
    return AveragePrecision(curves)


def _evaluate(
    found: PredictedBoxes, truth: GroundTruth, num_images: int, num_classes: int, ious: Sequence[float]
) -> npt.NDArray[np.float64]:
    from faster_coco_eval import COCO, COCOeval_faster

    labelled: dict[str, Any] = {
        "info": {},
        "images": [{"id": image} for image in range(num_images)],
        "categories": [{"id": kind + 1, "name": str(kind)} for kind in range(num_classes)],
        "annotations": [
            {"id": place, "image_id": image, "category_id": kind, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
            for place, (image, kind, box) in enumerate(_rows(truth), 1)
        ],
    }
    predicted = [
        {"image_id": image, "category_id": kind, "bbox": box, "score": score}
        for (image, kind, box), score in zip(_rows(found), found.score.tolist(), strict=True)
    ]
    quiet: dict[str, Any] = {"print_function": lambda *_: None}
    coco = COCO(labelled, **quiet)
    run = COCOeval_faster(coco, coco.loadRes(predicted), "bbox", **quiet)
    run.params.maxDets = [MOST_BOXES]
    run.params.iouThrs = np.array(ious)
    run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
    run.evaluate()
    run.accumulate()
    precision: npt.NDArray[np.float64] = run.eval["precision"][:, :, :, 0, 0]
    return precision


def _rows(boxes: PredictedBoxes | GroundTruth) -> zip[tuple[int, int, list[float]]]:
    corners: Floats = boxes.box.astype(np.float64)
    sized = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1)
    return zip(boxes.image.tolist(), (boxes.label + 1).tolist(), sized.tolist(), strict=True)


def _mean(part: npt.NDArray[np.float64]) -> float:
    known = part[~np.isnan(part)]
    return float(known.mean()) if known.size else float("nan")
