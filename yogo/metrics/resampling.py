"""The figures of a test for any resample of its images, from what each image brought to them. Needs numpy alone.

They are those of `yogo.metrics.measure`: an image that a resample holds twice counts as two images. Axes: I images,
K classes, N boxes, P boxes that match a label, B resamples, T overlaps, R recalls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from yogo.errors import RunError
from yogo.metrics.boxes import Doubles, Ints
from yogo.run.figures import METRICS
from yogo.run.image_results import IMAGE_BYTES, LABEL_BYTES, ImageResults

RECALLS = np.linspace(0, 1, 101)

MOST_AT_ONCE = 1_000_000
"""Weights of boxes that are in memory at a time, over all resamples."""

OVER_ALL = frozenset(one.key for one in METRICS if one.over == "all")

Weights = npt.NDArray[np.uint16]
"""(B, I): how often each resample holds each image."""

Bits = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class ClassBoxes:
    """The ranked boxes of one class, the best score first; of equal ones that of the earlier image."""

    image_N: Ints
    hits_N: Bits


@dataclass(frozen=True)
class ResultsByImage:
    """Images of a test, and what each brought to its figures."""

    images: tuple[bytes, ...]
    """Their SHA-256."""

    labels: tuple[bytes, ...]
    """What tells their labels from others."""

    num_labelled_IK: Ints
    num_predicted_IK: Ints
    num_right_IK: Ints
    boxes: tuple[ClassBoxes, ...]
    """Of each class."""

    num_overlaps: int

    def figures(self, weights_BI: Weights, *, overlaps: int = 1) -> dict[str, Doubles]:
        """(B,) each, by the key of the metric: mAP50, mAP over the first so many `overlaps` if it is more than one,
        precision, recall, f1, count_error and count_bias. NaN where there was nothing to divide by."""
        found, is_labelled_BK = self.by_class(weights_BI, overlaps=overlaps), self.is_labelled(weights_BI)
        return {key: over_classes(value_BK, is_labelled_BK, key) for key, value_BK in found.items()}

    def is_labelled(self, weights_BI: Weights) -> npt.NDArray[np.bool_]:
        """(B, K): whether a resample has a label of a class."""
        is_labelled: npt.NDArray[np.bool_] = sums_of(weights_BI, self.num_labelled_IK) > 0
        return is_labelled

    def by_class(self, weights_BI: Weights, *, overlaps: int = 1) -> dict[str, Doubles]:
        """The same of each class, (B, K) each; without overlaps, no average precision."""
        labelled_BK = sums_of(weights_BI, self.num_labelled_IK)
        predicted_BK = sums_of(weights_BI, self.num_predicted_IK)
        right_BK = sums_of(weights_BI, self.num_right_IK)
        off_by_IK = self.num_predicted_IK - self.num_labelled_IK
        num_B1 = weights_BI.sum(1, dtype=np.int64)[:, None]
        figures = {
            "precision": share_of(right_BK, predicted_BK),
            "recall": share_of(right_BK, labelled_BK),
            "f1": share_of(2 * right_BK, predicted_BK + labelled_BK),
            "count_error": share_of(sums_of(weights_BI, np.abs(off_by_IK)), num_B1),
            "count_bias": share_of(sums_of(weights_BI, off_by_IK), num_B1),
        }
        if not overlaps:
            return figures
        ap_TBK = average_precision(self.boxes, weights_BI, labelled_BK, overlaps=overlaps)
        return {"mAP50": ap_TBK[0]} | figures | ({"mAP": ap_TBK.mean(0)} if overlaps > 1 else {})

    def taken(self, chosen: Sequence[int]) -> ResultsByImage:
        """Of these images alone, in this order; each is chosen once at most."""
        number_I = np.full(len(self.images), -1, np.int64)
        number_I[list(chosen)] = np.arange(len(chosen))
        return ResultsByImage(
            images=tuple(self.images[image] for image in chosen),
            labels=tuple(self.labels[image] for image in chosen),
            num_labelled_IK=self.num_labelled_IK[list(chosen)],
            num_predicted_IK=self.num_predicted_IK[list(chosen)],
            num_right_IK=self.num_right_IK[list(chosen)],
            boxes=tuple(_taken(one, number_I) for one in self.boxes),
            num_overlaps=self.num_overlaps,
        )


def results_by_image(record: ImageResults, classes: Sequence[str], source: str) -> ResultsByImage:
    """What is in the file `source`, with the classes in this order. Raises RunError if it is damaged."""
    places = [record.classes.index(name) for name in classes]
    shape = record.num_images, len(record.classes)

    def counts(data: bytes) -> Ints:
        return _read(data, "<u4").astype(np.int64).reshape(shape)[:, places]

    boxes = record.boxes
    num_of_image_I = _read(boxes.num_of_image, "<u4").astype(np.int64)
    class_N, score_N = _read(boxes.class_index, "<u2"), _read(boxes.score, "<f4")
    if num_of_image_I.sum() != len(class_N) or (class_N >= len(record.classes)).any() or not np.isfinite(score_N).all():
        raise RunError(f"{source} is damaged: its boxes fit neither its images nor its classes")
    image_N = np.repeat(np.arange(record.num_images), num_of_image_I)
    hits_N = _read(boxes.hits, "<u2")
    order_N = np.argsort(-score_N, kind="stable")
    of_class = [order_N[class_N[order_N] == place] for place in places]
    return ResultsByImage(
        images=_pieces(record.images, IMAGE_BYTES),
        labels=_pieces(record.labels, LABEL_BYTES),
        num_labelled_IK=counts(record.counts.labelled),
        num_predicted_IK=counts(record.counts.predicted),
        num_right_IK=counts(record.counts.right),
        boxes=tuple(ClassBoxes(image_N[order], hits_N[order]) for order in of_class),
        num_overlaps=len(record.ious),
    )


def _read(data: bytes, kind: str) -> npt.NDArray[Any]:
    return np.frombuffer(data, kind)


def _pieces(data: bytes, size: int) -> tuple[bytes, ...]:
    return tuple(data[begin : begin + size] for begin in range(0, len(data), size))


def _taken(boxes: ClassBoxes, number_I: Ints) -> ClassBoxes:
    image_N = number_I[boxes.image_N]
    is_in_N = image_N >= 0
    return ClassBoxes(image_N[is_in_N], boxes.hits_N[is_in_N])


def parts_of(num_resamples: int, num_boxes: int) -> Iterator[slice]:
    """Slices of the resamples whose weights fit into memory."""
    size = max(1, MOST_AT_ONCE // max(num_boxes, 1))
    return (slice(begin, begin + size) for begin in range(0, num_resamples, size))


def average_precision(
    boxes_K: Sequence[ClassBoxes],
    weights_BI: Weights,
    labelled_BK: Ints,
    *,
    overlaps: int = 1,
    recalls_R: Doubles = RECALLS,
) -> Doubles:
    """(T, B, K)."""
    found_TBK = np.zeros((overlaps, *labelled_BK.shape))
    for kind, boxes in enumerate(boxes_K):
        for part in parts_of(len(weights_BI), len(boxes.image_N)):
            weight_BN = np.take(weights_BI[part], boxes.image_N, axis=1)
            total_BN = weight_BN.cumsum(1, dtype=np.int32)
            for bit in range(overlaps):
                place_P = np.flatnonzero(boxes.hits_N >> bit & 1)
                hits_BP = np.take(weight_BN, place_P, axis=1).cumsum(1, dtype=np.int32)
                area_B = _area(hits_BP, np.take(total_BN, place_P, axis=1), labelled_BK[part, kind], recalls_R)
                found_TBK[bit, part, kind] = area_B
    return found_TBK


def _area(hits_BP: Ints, total_BP: Ints, labelled_B: Ints, recalls_R: Doubles) -> Doubles:
    """(B,): COCO's average precision, the mean over recalls of the best precision at that recall or a higher one.

    Where a resample has no copy of a box, that place repeats the one before it at no better precision.
    """
    num_resamples, num_places = hits_BP.shape
    if not num_places:
        return np.zeros(num_resamples)
    precision_BP = np.divide(hits_BP, total_BP, out=np.zeros(hits_BP.shape), where=total_BP > 0)
    best_BP = np.maximum.accumulate(precision_BP[:, ::-1], axis=1)[:, ::-1]
    needed_BR = _needed(labelled_B, recalls_R)
    # One search in all rows: each row's numbers begin above the last one's.
    begins_B1 = np.arange(num_resamples, dtype=np.int64)[:, None] * (int(hits_BP.max()) + int(needed_BR.max()) + 2)
    place_BR = np.searchsorted((hits_BP + begins_B1).ravel(), needed_BR + begins_B1)
    column_BR = place_BR - np.arange(num_resamples)[:, None] * num_places
    is_reached_BR = (column_BR < num_places) & (needed_BR <= hits_BP[:, -1:])
    at_recall_BR = np.take_along_axis(best_BP, np.minimum(column_BR, num_places - 1), 1)
    area_B: Doubles = np.where(is_reached_BR, at_recall_BR, 0).mean(1)
    return area_B


def _needed(labelled_B: Ints, recalls_R: Doubles) -> Ints:
    """(B, R): the least number of labels found whose share of all is a recall, as doubles compare."""
    labelled_B1 = np.maximum(labelled_B, 1)[:, None]
    needed_BR = np.ceil(recalls_R * labelled_B1).astype(np.int64)
    needed_BR -= (needed_BR > 0) & ((needed_BR - 1) / labelled_B1 >= recalls_R)
    needed_BR += needed_BR / labelled_B1 < recalls_R
    return needed_BR


def sums_of(weights_BI: Weights, value_IK: npt.NDArray[Any]) -> Ints:
    """(B, K), exactly; products of doubles take a tenth of the time of those of integers."""
    sums: Ints = np.rint(weights_BI.astype(np.float64) @ value_IK.astype(np.float64)).astype(np.int64)
    return sums


def share_of(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Doubles:
    """NaN where there is nothing to divide by."""
    shape = np.broadcast_shapes(part.shape, whole.shape)
    share: Doubles = np.divide(part, whole, out=np.full(shape, np.nan), where=whole > 0)
    return share


def over_classes(value_BK: Doubles, is_labelled_BK: npt.NDArray[np.bool_], key: str) -> Doubles:
    """(B,): the mean over the classes that have a value, and are labelled where the metric is of those."""
    known_BK = ~np.isnan(value_BK)
    if key not in OVER_ALL:
        known_BK &= is_labelled_BK
    return share_of(np.where(known_BK, value_BK, 0).sum(1), known_BK.sum(1))
