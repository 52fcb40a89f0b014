"""From a network's answers, batch by batch and on every process, to the evidence on the whole set.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells, C cells, N boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from yogo.boxes import format_preds, scores
from yogo.data.batch import Batch
from yogo.metrics.boxes import Evidence, Floats, Found, Ints, Truth
from yogo.metrics.precision import MOST_BOXES

OBJECTNESS = 0.5
"""At which inference keeps a box, if it is not told otherwise."""

SUPPRESSION_IOU = 0.5

RANKED_OBJECTNESS = 0.05
"""Of the boxes that average precision ranks."""

MOST_CANDIDATES = 4 * MOST_BOXES
"""Cells that are ranked before overlaps are suppressed: an untrained network has an object in every one."""

Part = tuple[Ints, Floats]
"""Rows of numbers, and which image each belongs to."""


class Tally:
    """What one process has seen."""

    def __init__(self, num_classes: int) -> None:
        self._num_classes = num_classes
        empty = np.empty((0, 5 + num_classes), np.float32)
        self._truth: list[Part] = [(np.empty(0, np.int64), empty[:, :5])]
        self._ranked: list[Part] = [(np.empty(0, np.int64), empty)]
        self._kept: list[Part] = [(np.empty(0, np.int64), empty)]

    def add(self, pred_BPYX: Tensor, batch: Batch) -> None:
        """A batch's answers, with class logits."""
        indices = batch.indices.cpu().numpy()
        for index, cells_NP in zip(indices, _candidates(pred_BPYX), strict=True):
            grid_PN1 = cells_NP.T[..., None]
            self._kept.append(_of(index, format_preds(grid_PN1, OBJECTNESS, SUPPRESSION_IOU, "xyxy")))
            if len(cells_NP) > MOST_CANDIDATES:
                grid_PN1 = grid_PN1[:, scores(cells_NP).topk(MOST_CANDIDATES).indices]
            self._ranked.append(_of(index, format_preds(grid_PN1, RANKED_OBJECTNESS, SUPPRESSION_IOU, "xyxy")))
        self._truth.append((indices[batch.image_index.cpu().numpy()], batch.boxes.cpu().numpy()))

    def parts(self) -> list[Part]:
        """All that was seen, in three pieces that can travel: see `evidence`."""
        return [_joined(self._truth), _joined(self._ranked), _joined(self._kept)]


def evidence(of_processes: Sequence[list[Part]], num_images: int) -> Evidence:
    """What all processes have seen, in the pictures' order: the same however many they were."""
    truth, ranked, kept = (_in_order(_joined(pieces)) for pieces in zip(*of_processes, strict=True))
    labels = truth[1][:, 0].astype(np.int64)
    return Evidence(num_images, Truth(truth[0], truth[1][:, 1:], labels), _found(ranked), _found(kept))


def _candidates(pred_BPYX: Tensor) -> tuple[Tensor, ...]:
    """Of each image (N, P) on the CPU: the cells above the low objectness, with class probabilities."""
    is_one_BYX = pred_BPYX[:, 4] > RANKED_OBJECTNESS
    # One copy off the device, of what little is wanted, for the whole batch.
    cells_NP = pred_BPYX.permute(0, 2, 3, 1)[is_one_BYX].cpu()
    cells_NP = torch.cat((cells_NP[:, :5], cells_NP[:, 5:].softmax(1)), 1)
    of_images: tuple[Tensor, ...] = cells_NP.split(is_one_BYX.flatten(1).sum(1).tolist())
    return of_images


def _of(index: np.int64, rows_NP: Tensor) -> Part:
    # A box far wider than the frame matches nothing, and its area would overflow.
    rows_NP = torch.cat((rows_NP[:, :4].clamp(-1, 2), rows_NP[:, 4:]), 1)
    return np.full(len(rows_NP), index), rows_NP.float().cpu().numpy()


def _joined(parts: Sequence[Part]) -> Part:
    images, rows = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(rows)


def _in_order(part: Part) -> Part:
    order = np.argsort(part[0], kind="stable")
    return part[0][order], part[1][order]


def _found(part: Part) -> Found:
    images, rows = part
    return Found(images, rows[:, :4], rows[:, 4], rows[:, 5:])
