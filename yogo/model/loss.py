"""The loss: CIoU of the boxes, cross entropy of the classes, squared error or cross entropy of the objectness.

On an accelerator everything is computed for every grid cell and weighted by the mask: selecting cells would
make the device wait for the host. On the CPU selecting cells takes a fifth of the time.
Axes: B images, P = 5 + classes, Y rows, X columns; C is B, Y, X, or only those of them that hold an object.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from yogo.model.overlap import BatchLabels, Corners, corners, labels_of, overlapping, overlaps

_SMALLEST = 1e-12
"""Fraction of the frame below which a predicted box counts as having no width or height."""

_LEAST_SIZE = 1e-30
"""Fraction of the frame whose logarithm is still taken."""

_SMOOTH = 0.1
"""Difference of logarithms below which the size loss is quadratic: a tenth of the width or height."""

_EPSILON = 1e-7


class LossParts(NamedTuple):
    """Scalars on the device, each part with its weight; `loss` is the sum of the others."""

    loss: Tensor
    iou_loss: Tensor
    objectness_loss: Tensor
    classification_loss: Tensor


class YOGOLoss(nn.Module):
    def __init__(
        self,
        no_obj_weight: float = 0.5,
        iou_weight: float = 5.0,
        classify_weight: float = 1.0,
        label_smoothing: float = 0.01,
        class_weights: Tensor | None = None,
        *,
        size_weight: float = 0.0,
        objectness_loss: str = "mse",
        objectness_target: str = "one",
        ignore_overlap: float = 1.0,
    ) -> None:
        """`class_weights`, (classes,), on the device, multiply each box's cross entropy (default: 1).

        The others are as `yogo.recipe.Recipe` has them.
        """
        super().__init__()
        self.no_obj_weight = no_obj_weight
        self.iou_weight = iou_weight
        self.classify_weight = classify_weight
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.size_weight = size_weight
        self.objectness_loss = objectness_loss
        self.objectness_target = objectness_target
        self.ignore_overlap = ignore_overlap

    def forward(self, pred_BPYX: Tensor, target_B6YX: Tensor) -> tuple[Tensor, dict[str, float]]:
        """The loss and its parts as numbers, as in published yogo. Reading them waits for the device: see `parts`."""
        losses = self.parts(pred_BPYX, target_B6YX)
        return losses.loss, {name: part.item() for name, part in losses._asdict().items() if name != "loss"}

    def parts(
        self,
        pred_BPYX: Tensor,
        target_B6YX: Tensor,
        num_images: float | Tensor | None = None,
        *,
        every_cell: bool | None = None,
        labels: BatchLabels | None = None,
    ) -> LossParts:
        """The losses of a batch from class logits (not probabilities) and targets: sums divided by `num_images`.

        The default of `num_images` is this batch's size. With more than one process pass the global batch's size
        divided by the number of processes, since DDP averages the gradients. `every_cell` says whether empty grid cells
        are computed too (default: if the prediction is not on the CPU). `labels` are all boxes of the batch (default:
        those of the targets, for which an accelerator waits).
        """
        pred_BPYX = pred_BPYX.float() if pred_BPYX.dtype in {torch.float16, torch.bfloat16} else pred_BPYX
        divisor = pred_BPYX.shape[0] if num_images is None else num_images
        mask_BYX = target_B6YX[:, 0]
        error_BYX = self._objectness_error(pred_BPYX, target_B6YX)
        weight_BYX = self.no_obj_weight + (1 - self.no_obj_weight) * mask_BYX
        if self.ignore_overlap < 1:
            labels = labels_of(target_B6YX) if labels is None else labels
            ignored_BYX = overlapping(pred_BPYX[:, :4].detach(), labels, self.ignore_overlap)
            weight_BYX = torch.where(ignored_BYX & ~mask_BYX.bool(), 0.0, weight_BYX)
        objectness = (weight_BYX * error_BYX).sum() / divisor

        pred_PC, target_6C = pred_BPYX.transpose(0, 1), target_B6YX.transpose(0, 1)
        if not (pred_BPYX.device.type != "cpu" if every_cell is None else every_cell):
            pred_PC, target_6C = pred_PC[:, mask_BYX.bool()], target_6C[:, mask_BYX.bool()]
        iou = self.iou_weight * _ciou_loss(pred_PC[:4], target_6C[1:5], target_6C[0]).sum() / divisor
        if self.size_weight:
            iou = iou + self.size_weight * _size_loss(pred_PC[2:4], target_6C[1:5], target_6C[0]).sum() / divisor
        logits, kinds = pred_PC[5:].transpose(0, 1), target_6C[5].long()
        entropy_C = F.cross_entropy(logits, kinds, reduction="none", label_smoothing=self.label_smoothing)
        if self.class_weights is not None:
            entropy_C = entropy_C * self.class_weights[kinds]
        classes = self.classify_weight * (target_6C[0] * entropy_C).sum() / divisor
        return LossParts(iou + objectness + classes, iou, objectness, classes)

    def _objectness_error(self, pred_BPYX: Tensor, target_B6YX: Tensor) -> Tensor:
        """Of each cell, (B, Y, X)."""
        found_BYX, goal_BYX = pred_BPYX[:, 4], target_B6YX[:, 0]
        if self.objectness_target == "iou":
            with torch.no_grad():
                x0, y0, x1, y1 = target_B6YX[:, 1:5].unbind(1)
                overlap_BYX = overlaps(corners(pred_BPYX[:, :4].transpose(0, 1)), (x0, y0, x1, y1))
                goal_BYX = goal_BYX * (1 + overlap_BYX) / 2
        if self.objectness_loss == "mse":
            return (found_BYX - goal_BYX).square()
        return F.binary_cross_entropy(found_BYX, goal_BYX, reduction="none")


def _size_loss(pred_2C: Tensor, true_4C: Tensor, mask_C: Tensor) -> Tensor:
    """How far off the logarithms of width and height are, as smooth L1, in grid cells that hold an object, else 0.

    Its gradient stays however large or small a box is; that of the CIoU loss is zero for one larger than the frame.
    """
    # Elsewhere a size is 1, so that no gradient is NaN.
    size_2C = torch.where(mask_C.bool(), pred_2C.clamp(min=_LEAST_SIZE), 1.0)
    true_2C = torch.where(mask_C.bool(), (true_4C[2:] - true_4C[:2]).clamp(min=_LEAST_SIZE), 1.0)
    return F.smooth_l1_loss(size_2C.log(), true_2C.log(), reduction="none", beta=_SMOOTH)


def _ciou_loss(pred_4C: Tensor, true_4C: Tensor, mask_C: Tensor) -> Tensor:
    """1 - CIoU (arXiv:1911.08287) in grid cells that hold an object, else 0.

    Boxes are predicted as centre and size, and labelled as corners. A predicted box without width or height is
    ignored; the corners of the others are clamped to the frame first.
    """
    left, top, right, bottom = corners(pred_4C)
    counts_C = mask_C.bool() & (right - left > _SMALLEST) & (bottom - top > _SMALLEST)

    def counted(x0: Tensor, y0: Tensor, x1: Tensor, y1: Tensor) -> Corners:
        # Where a box is ignored, it becomes the whole frame, so that no gradient is NaN.
        low = [torch.where(counts_C, side, 0.0) for side in (x0, y0)]
        high = [torch.where(counts_C, side, 1.0) for side in (x1, y1)]
        return low[0], low[1], high[0], high[1]

    return counts_C * _ciou(counted(left, top, right, bottom), counted(*true_4C.unbind(0)))


def _ciou(pred: Corners, true: Corners) -> Tensor:
    """1 - CIoU of boxes that have an area: intersection over union, distance of the centres, shape."""
    (x0, y0, x1, y1), (tx0, ty0, tx1, ty1) = pred, true
    w, h, tw, th = x1 - x0, y1 - y0, tx1 - tx0, ty1 - ty0
    shared_w, shared_h = torch.min(x1, tx1) - torch.max(x0, tx0), torch.min(y1, ty1) - torch.max(y0, ty0)
    shared = shared_w.relu() * shared_h.relu()
    iou = shared / (w * h + tw * th - shared + _EPSILON)
    hull_w, hull_h = torch.max(x1, tx1) - torch.min(x0, tx0), torch.max(y1, ty1) - torch.min(y0, ty0)
    apart = ((x0 + x1 - tx0 - tx1) / 2).square() + ((y0 + y1 - ty0 - ty1) / 2).square()
    distance = apart / (hull_w.square() + hull_h.square() + _EPSILON)
    shape = (4 / math.pi**2) * (torch.atan(tw / th) - torch.atan(w / h)).square()
    with torch.no_grad():
        weight = shape / (1 - iou + shape + _EPSILON)
    return 1 - iou + distance + weight * shape
