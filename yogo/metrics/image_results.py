"""What each image of a test brings to its figures, to be written to a file.

Axes: I images, K classes, N boxes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from yogo.metrics.boxes import EvaluationData, Ints
from yogo.metrics.confidence import Bools
from yogo.metrics.matching import match, matches
from yogo.metrics.measure import MATCH_IOU, thresholds
from yogo.metrics.precision import COCO_IOUS
from yogo.metrics.ranking import by_class, place_in, ranked_of
from yogo.run.image_results import (
    LABEL_BYTES,
    MOST_BOXES,
    MOST_BOXES_AN_IMAGE,
    ImageCounts,
    ImageResults,
    RankedBoxes,
)


def image_results(
    data: EvaluationData, classes: Sequence[str], digests: Sequence[str], *, whole: bool = False
) -> ImageResults:
    """Of all images of a test, in the order of `data`; `digests` are their SHA-256 in hexadecimal. All boxes if it is
    to be `whole`, else those that a file has room for."""
    return ImageResults(
        classes=tuple(classes),
        num_images=data.num_images,
        images=b"".join(map(bytes.fromhex, digests)),
        labels=b"".join(_label_digests(data, classes)),
        thresholds=thresholds(data.suppression),
        ious=COCO_IOUS,
        counts=_counts(data, len(classes)),
        boxes=_ranked(data, len(classes), whole=whole),
    )


def _label_digests(data: EvaluationData, classes: Sequence[str]) -> list[bytes]:
    """For each image, of the names and edges of its labels, in whatever order they stand."""
    truth = data.truth
    edges = np.round(truth.box.astype(np.float64), 4).tolist()
    lines: list[list[str]] = [[] for _ in range(data.num_images)]
    for image, label, box in zip(truth.image.tolist(), truth.label.tolist(), edges, strict=True):
        lines[image].append(f"{classes[label]} {' '.join(f'{edge:.4f}' for edge in box)}\n")
    return [hashlib.sha256("".join(sorted(some)).encode()).digest()[:LABEL_BYTES] for some in lines]


def _counts(data: EvaluationData, num_classes: int) -> ImageCounts:
    truth, kept = data.truth, data.kept
    matched_N = match(kept, truth, MATCH_IOU)
    is_right = (matched_N >= 0) & (np.append(truth.label, -1)[matched_N] == kept.label)

    def packed(image_N: Ints, label_N: Ints) -> bytes:
        sums = np.bincount(image_N * num_classes + label_N, minlength=data.num_images * num_classes)
        return sums.astype("<u4").tobytes()

    return ImageCounts(
        labelled=packed(truth.image, truth.label),
        predicted=packed(kept.image, kept.label),
        right=packed(kept.image[is_right], kept.label[is_right]),
    )


def _ranked(data: EvaluationData, num_classes: int, *, whole: bool) -> RankedBoxes:
    ranked = ranked_of(data.ranked, num_classes)
    hits_N = np.zeros(len(ranked.image), "<u2")
    for bit, matched_N in enumerate(matches(*by_class(ranked, data.truth, num_classes), COCO_IOUS)):
        hits_N |= (matched_N >= 0).astype("<u2") << bit
    fits = _fits(ranked.image, place_in(ranked.image, ranked), data.num_images)
    is_kept = np.ones_like(fits) if whole else fits
    order = np.lexsort((-ranked.score[is_kept], ranked.image[is_kept]))
    return RankedBoxes(
        num_of_image=np.bincount(ranked.image[is_kept], minlength=data.num_images).astype("<u4").tobytes(),
        class_index=ranked.label[is_kept][order].astype("<u2").tobytes(),
        score=ranked.score[is_kept][order].astype("<f4").tobytes(),
        hits=hits_N[is_kept][order].tobytes(),
        num_dropped=int((~is_kept).sum()),
    )


def _fits(image_N: Ints, place_N: Ints, num_images: int) -> Bools:
    """(N,): whether a box is among the best of its image, which all images have the same room for."""
    most = MOST_BOXES_AN_IMAGE
    sizes_I = np.bincount(image_N, minlength=num_images)
    while most > 1 and np.minimum(sizes_I, most).sum() > MOST_BOXES:
        most -= 1
    fits: Bools = place_N < most
    return fits
