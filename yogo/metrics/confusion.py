"""The confusion matrix with background, and precision, recall and F1 from it.

Rows are the labelled class, columns the predicted class. The last row is background predicted as a cell (a false
alarm), the last column a cell that was not predicted (a miss).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.metrics.boxes import Doubles, GroundTruth, Ints, PredictedBoxes


def confusion_matrix(found: PredictedBoxes, truth: GroundTruth, matched_N: Ints, num_classes: int) -> Ints:
    """(K + 1, K + 1) counts; `matched_N` is the result of `match` for these boxes."""
    background = num_classes
    # A false alarm's index, -1, is that of the background.
    what_it_is_N = np.append(truth.label, background)[matched_N]
    is_missed = np.ones(len(truth.label), bool)
    is_missed[matched_N[matched_N >= 0]] = False
    missed = truth.label[is_missed]
    rows = np.concatenate([what_it_is_N, missed])
    columns = np.concatenate([found.label, np.full(len(missed), background)])
    size = num_classes + 1
    return np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)


@dataclass(frozen=True, slots=True)
class Rates:
    """Per class, (K,); NaN if the divisor is 0."""

    precision: Doubles
    recall: Doubles
    f1: Doubles


def rates(matrix: Ints) -> Rates:
    """Of a confusion matrix with background: a false alarm costs precision, a miss costs recall."""
    hits = np.diag(matrix)[:-1].astype(np.float64)
    predicted, real = matrix.sum(0)[:-1], matrix.sum(1)[:-1]
    return Rates(_share(hits, predicted), _share(hits, real), _share(2 * hits, predicted + real))


def _share(part: Doubles, whole: Ints) -> Doubles:
    share: Doubles = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return share
