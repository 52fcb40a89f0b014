"""Formats of boxes for callers: rows of an array, and counts of cells.

Axes: N boxes of an image, P = 5 + classes numbers a box, K = 3 + P numbers an array's column.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torchvision.ops import box_convert

from yogo.model.boxes import BoxFormat, averaged_objectness, format_preds, scores


def boxes_of_batch(
    pred_BPYX: Tensor,
    *,
    obj_thresh: float,
    iou_thresh: float,
    min_class_confidence_threshold: float,
    count_scores: Sequence[float] | None = None,
    average_boxes: bool = False,
) -> list[Tensor]:
    """`format_preds` for each image, (N, P) on the CPU, with a single copy from the device.

    With `count_scores`, one a class, only boxes whose highest class value x objectness is above that of their class.
    """
    num_values = pred_BPYX.shape[1]
    rows_BCP = pred_BPYX.flatten(2).transpose(1, 2)
    kept_BC = rows_BCP[..., 4] > (averaged_objectness(obj_thresh) if average_boxes else obj_thresh)
    counts = kept_BC.sum(1).tolist()
    rows = rows_BCP[kept_BC].cpu().split(counts)
    boxes = [
        format_preds(
            some.T.reshape(num_values, 1, -1),
            obj_thresh=obj_thresh,
            iou_thresh=iou_thresh,
            min_class_confidence_threshold=min_class_confidence_threshold,
            average_boxes=average_boxes,
        )
        for some in rows
    ]
    return boxes if count_scores is None else [_counted(rows_NP, count_scores) for rows_NP in boxes]


def _counted(rows_NP: Tensor, count_scores: Sequence[float]) -> Tensor:
    least_K = torch.tensor(count_scores, dtype=rows_NP.dtype)
    return rows_NP[scores(rows_NP) > least_K[rows_NP[:, 5:].argmax(1)]]


def format_to_numpy(
    img_id: int,
    prediction_tensor: Tensor,
    img_h: int,
    img_w: int,
    np_dtype: npt.DTypeLike = np.float32,
    *,
    box_format: BoxFormat = "cxcywh",
) -> npt.NDArray[Any]:
    """(K, N): image index; left, top, right, bottom in pixels; objectness; label; confidence; class probabilities.

    Of (N, P) boxes as `format_preds` gives them (class values being probabilities, as in inference), or of one
    image's whole prediction (P, Sy, Sx), to which the default thresholds and suppression are applied.
    """
    if prediction_tensor.ndim == 4 and len(prediction_tensor) == 1:
        prediction_tensor = prediction_tensor[0]
    rows_NP = (
        format_preds(prediction_tensor, box_format=box_format) if prediction_tensor.ndim == 3 else prediction_tensor
    )
    rows_NP = rows_NP.detach().cpu().double()
    corners_N4 = box_convert(rows_NP[:, :4], box_format, "xyxy")
    corners_N4 *= torch.tensor([img_w, img_h, img_w, img_h], dtype=torch.float64)
    confidence_N, label_N = rows_NP[:, 5:].max(1)
    index_N1 = torch.full((len(rows_NP), 1), float(img_id), dtype=torch.float64)
    columns = (index_N1, corners_N4, rows_NP[:, 4:5], label_N[:, None], confidence_N[:, None], rows_NP[:, 5:])
    array: npt.NDArray[Any] = torch.cat(columns, 1).T.numpy().astype(np_dtype)
    return array


def count_cells_for_formatted_preds(classes: Tensor, min_confidence_threshold: float | None = None) -> Tensor:
    """(classes,) int64: from (N, classes) class probabilities, how many cells are most likely of each class.

    With a threshold, only cells whose highest probability is above it count.
    """
    confidence_N, label_N = classes.max(1) if len(classes) else (classes.new_zeros(0), torch.zeros(0, dtype=torch.long))
    if min_confidence_threshold:
        label_N = label_N[confidence_N > min_confidence_threshold]
    return label_N.bincount(minlength=classes.shape[1])


def get_prediction_class_counts(
    batch_preds: Tensor,
    obj_thresh: float = 0.5,
    iou_thresh: float = 0.5,
    min_class_confidence_threshold: float = 0.0,
) -> Tensor:
    """(classes,) int64: the number of cells of each class in predictions (B, P, Sy, Sx), or in one of them."""
    batch_preds = batch_preds if batch_preds.ndim == 4 else batch_preds[None]
    total = torch.zeros(batch_preds.shape[1] - 5, dtype=torch.long)
    for rows_NP in boxes_of_batch(
        batch_preds,
        obj_thresh=obj_thresh,
        iou_thresh=iou_thresh,
        min_class_confidence_threshold=min_class_confidence_threshold,
    ):
        total += count_cells_for_formatted_preds(rows_NP[:, 5:])
    return total
