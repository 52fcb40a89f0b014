"""COCO's average precision, by faster-coco-eval, with a cap on boxes that suits frames of hundreds of cells.

COCO's own cap of 100 boxes a picture and class gives a perfect detector on 300 cells 0.911.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yogo.metrics.boxes import Floats, Found, Truth

MOST_BOXES = 1_000
"""A picture and class."""

COCO_IOUS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """(T, R, K): the precision at T overlaps and R = 101 recalls from 0 to 1; NaN for a class that is not there."""

    curves: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Over overlaps and the classes that are there: mAP."""
        return _mean(self.curves)

    @property
    def mean_50(self) -> float:
        """At an overlap of one half: mAP50."""
        return _mean(self.curves[0])

    @property
    def per_class(self) -> list[float]:
        return [_mean(self.curves[..., kind]) for kind in range(self.curves.shape[2])]

    @property
    def per_class_50(self) -> list[float]:
        return [_mean(self.curves[0, :, kind]) for kind in range(self.curves.shape[2])]


def average_precision(
    found: Found, truth: Truth, num_images: int, num_classes: int, ious: Sequence[float] = COCO_IOUS
) -> AveragePrecision:
    """Of ranked boxes, at overlaps `ious` of which the first is a half."""
    curves = np.full((len(ious), 101, num_classes), np.nan)
    is_there = np.bincount(truth.label, minlength=num_classes) > 0
    curves[:, :, is_there] = 0.0
    if len(found.image) and len(truth.image):
        precision = _evaluate(found, truth, num_images, num_classes, ious)
        curves[:, :, is_there] = precision[:, :, is_there]
    return AveragePrecision(curves)


def _evaluate(
    found: Found, truth: Truth, num_images: int, num_classes: int, ious: Sequence[float]
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
    coco = COCO(labelled, print_function=_silent)
    run = COCOeval_faster(coco, coco.loadRes(predicted), "bbox", print_function=_silent)
    run.params.maxDets = [MOST_BOXES]
    run.params.iouThrs = np.array(ious)
    run.params.areaRng, run.params.areaRngLbl = [[0, 1e10]], ["all"]
    run.evaluate()
    run.accumulate()
    precision: npt.NDArray[np.float64] = run.eval["precision"][:, :, :, 0, 0]
    return precision


def _rows(boxes: Found | Truth) -> zip[tuple[int, int, list[float]]]:
    corners: Floats = boxes.box.astype(np.float64)
    sized = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], 1)
    return zip(boxes.image.tolist(), (boxes.label + 1).tolist(), sized.tolist(), strict=True)


def _silent(*words: object) -> None:
    return


def _mean(part: npt.NDArray[np.float64]) -> float:
    known = part[~np.isnan(part)]
    return float(known.mean()) if known.size else float("nan")
