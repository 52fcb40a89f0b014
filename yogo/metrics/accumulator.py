"""Accumulates a network's predictions, batch by batch and on every process, for metrics on the whole set.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells, C cells, N boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from yogo.datasets.batch import Batch
from yogo.metrics.boxes import EvaluationData, Floats, GroundTruth, Ints, PredictedBoxes
from yogo.metrics.precision import MOST_BOXES
from yogo.model.boxes import format_preds, scores
from yogo.suppression import AS_PUBLISHED, Suppression

OBJECTNESS = 0.5
"""The objectness above which inference keeps a box by default."""

RANKED_OBJECTNESS = 0.05
"""Least objectness of the boxes that average precision ranks."""

MOST_CANDIDATES = 4 * MOST_BOXES
"""Grid cells ranked before suppression, at most: an untrained network predicts an object in every cell."""

ImageArrays = tuple[Ints, Floats]
"""Rows of numbers, and which image each belongs to."""


class MetricAccumulator:
    """The data of one process."""

    def __init__(self, num_classes: int, suppression: Suppression = AS_PUBLISHED) -> None:
        self._suppression = suppression
        empty = np.empty((0, 5 + num_classes), np.float32)
        self._truth: list[ImageArrays] = [(np.empty(0, np.int64), empty[:, :5])]
        self._ranked: list[ImageArrays] = [(np.empty(0, np.int64), empty)]
        self._kept: list[ImageArrays] = [(np.empty(0, np.int64), empty)]

    def add(self, pred_BPYX: Tensor, batch: Batch) -> None:
        """Add a batch's predictions, which have class logits."""
        indices = batch.indices.cpu().numpy()
        for index, cells_NP in zip(indices, _candidates(pred_BPYX), strict=True):
            grid_PN1 = cells_NP.T[..., None]
            self._kept.append(_of(index, self._boxes(grid_PN1, OBJECTNESS)))
            if len(cells_NP) > MOST_CANDIDATES:
                grid_PN1 = grid_PN1[:, scores(cells_NP).topk(MOST_CANDIDATES).indices]
            self._ranked.append(_of(index, self._boxes(grid_PN1, RANKED_OBJECTNESS)))
        self._truth.append((indices[batch.image_index.cpu().numpy()], batch.boxes.cpu().numpy()))

    def _boxes(self, grid_PN1: Tensor, objectness: float) -> Tensor:
        return format_preds(grid_PN1, objectness, box_format="xyxy", **self._suppression._asdict())

    def parts(self) -> list[ImageArrays]:
        """All data in three parts that can be sent between processes: see `evidence`."""
        return [_joined(self._truth), _joined(self._ranked), _joined(self._kept)]


def evaluation_data(
    of_processes: Sequence[list[ImageArrays]], num_images: int, suppression: Suppression = AS_PUBLISHED
) -> EvaluationData:
    """The data of all processes in the images' order, independent of the number of processes."""
    truth, ranked, kept = (_in_order(_joined(pieces)) for pieces in zip(*of_processes, strict=True))
    labels = truth[1][:, 0].astype(np.int64)
    return EvaluationData(
        num_images, GroundTruth(truth[0], truth[1][:, 1:], labels), _found(ranked), _found(kept), suppression
    )


def _candidates(pred_BPYX: Tensor) -> tuple[Tensor, ...]:
    """For each image (N, P) on the CPU: the grid cells above the low objectness, with class probabilities."""
    is_one_BYX = pred_BPYX[:, 4] > RANKED_OBJECTNESS
    # One copy from the device for the whole batch, of only what is needed.
    cells_NP = pred_BPYX.permute(0, 2, 3, 1)[is_one_BYX].cpu()
    cells_NP = torch.cat((cells_NP[:, :5], cells_NP[:, 5:].softmax(1)), 1)
    of_images: tuple[Tensor, ...] = cells_NP.split(is_one_BYX.flatten(1).sum(1).tolist())
    return of_images


def _of(index: np.int64, rows_NP: Tensor) -> ImageArrays:
    # A box far wider than the frame matches nothing, and its area would overflow.
    rows_NP = torch.cat((rows_NP[:, :4].clamp(-1, 2), rows_NP[:, 4:]), 1)
    return np.full(len(rows_NP), index), rows_NP.float().cpu().numpy()


def _joined(parts: Sequence[ImageArrays]) -> ImageArrays:
    images, rows = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(rows)


def _in_order(part: ImageArrays) -> ImageArrays:
    order = np.argsort(part[0], kind="stable")
    return part[0][order], part[1][order]


def _found(part: ImageArrays) -> PredictedBoxes:
    images, rows = part
    return PredictedBoxes(images, rows[:, :4], rows[:, 4], rows[:, 5:])
