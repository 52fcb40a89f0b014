"""Finds, for each class, the threshold at which as many boxes are counted as were labelled.

Axes: I images, K classes, N boxes, G thresholds, B resamples.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from yogo.metrics.accumulator import RANKED_OBJECTNESS
from yogo.metrics.bootstrap import Draws, tail
from yogo.metrics.boxes import Doubles, EvaluationData, Floats, Ints, PredictedBoxes
from yogo.metrics.resampling import Weights
from yogo.run.count_thresholds import USUAL_SCORE, ClassThreshold, CountThresholds

NUM_RESAMPLES = 1_000

MOST_KEPT = 50_000_000
"""Weights of images that are kept for all classes; more are drawn again for each."""

MOST_PLACES = 256
"""Thresholds that a resample chooses from, at most."""


def counted_boxes(ranked: PredictedBoxes, scores_K: Sequence[float]) -> PredictedBoxes:
    """Those of the boxes that are counted by the thresholds of their classes."""
    is_in = ranked.score > np.asarray(scores_K, np.float32)[ranked.label]
    return PredictedBoxes(ranked.image[is_in], ranked.box[is_in], ranked.objectness[is_in], ranked.probabilities[is_in])


def choose_thresholds(data: EvaluationData, classes: Sequence[str], *, intervals: bool = True) -> CountThresholds:
    """For these images, as a rule the validation set. Without `intervals` they are left out, which is quick."""
    ranked, label_N, score_N = data.ranked, data.ranked.label, data.ranked.score
    draws = Draws.of_images(data.num_images, NUM_RESAMPLES) if intervals and data.num_images > 1 else None
    kept = [*draws.parts()] if draws and NUM_RESAMPLES * data.num_images <= MOST_KEPT else []
    found = {}
    for kind, name in enumerate(classes):
        is_of_class = label_N == kind
        labels_M = data.truth.image[data.truth.label == kind]
        one = _chosen(score_N[is_of_class], len(labels_M))
        if draws is not None and one.score is not None:
            off_by_IG, places_G = _off_by(score_N[is_of_class], ranked.image[is_of_class], labels_M, data.num_images)
            low, high = _interval(kept or draws.parts(), off_by_IG, places_G)
            one = one.model_copy(update={"low": min(low, one.score), "high": max(high, one.score)})
        found[name] = one
    return CountThresholds(
        objectness=RANKED_OBJECTNESS,
        suppression_iou=data.suppression.iou_thresh,
        num_images=data.num_images,
        of_class=found,
    )


def _chosen(score_N: Floats, num_labels: int) -> ClassThreshold:
    """The threshold above which as many scores lie as there are labels, midway between the two scores beside it.

    Where equal scores allow no such number, the nearest one; of two that are as near, the lower number.
    """
    ordered_N = np.sort(score_N)[::-1]
    score = _threshold(ordered_N, num_labels) if 0 < num_labels <= len(ordered_N) else None
    used = np.float32(USUAL_SCORE if score is None else score)
    return ClassThreshold(score=score, labelled=num_labels, counted=int((ordered_N > used).sum()))


def _threshold(ordered_N: Floats, num: int) -> float:
    if num < len(ordered_N) and ordered_N[num] == ordered_N[num - 1]:
        first, end = int((ordered_N > ordered_N[num]).sum()), int((ordered_N >= ordered_N[num]).sum())
        num = end if end - num < num - first else first
    if num == 0:
        return float(ordered_N[0])
    above = ordered_N[num - 1]
    below = ordered_N[num] if num < len(ordered_N) else np.nextafter(above, np.float32(0))
    middle = np.float32((float(above) + float(below)) / 2)
    return float(middle if below <= middle < above else below)


def _off_by(score_N: Floats, image_N: Ints, labels_M: Ints, num_images: int) -> tuple[Floats, Floats]:
    """(I, G): each image's count minus its labels at each of the thresholds (G,), which rise from 0."""
    shares = np.linspace(0, 1, MOST_PLACES)
    places_G = np.unique(np.append(np.quantile(score_N, shares, method="higher"), 0).astype(np.float32))
    # A score counts at the thresholds below it.
    below_N = np.searchsorted(places_G, score_N, "left")
    num_IG = np.bincount(image_N * (len(places_G) + 1) + below_N, minlength=num_images * (len(places_G) + 1))
    num_IG = num_IG.reshape(num_images, -1)[:, ::-1].cumsum(1)[:, ::-1][:, 1:]
    labels_I = np.bincount(labels_M, minlength=num_images)
    return (num_IG - labels_I[:, None]).astype(np.float32), places_G


def _interval(parts: Iterable[Weights], off_by_IG: Floats, places_G: Floats) -> tuple[float, float]:
    """Of the least thresholds at which the resamples count no more than is labelled."""
    found: list[Doubles] = []
    for weights_BI in parts:
        is_over_BG = weights_BI.astype(np.float32) @ off_by_IG > 0
        found.append(places_G[is_over_BG.sum(1)].astype(np.float64))
    share = tail(len(off_by_IG))
    low, high = np.quantile(np.concatenate(found), (share, 1 - share))
    return float(low), float(high)
