"""Boxes from a prediction: threshold, non-maximum suppression, and box formats.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells, N boxes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor
from torchvision.ops import box_convert, box_iou, nms

from yogo.deprecation import warn_once

BoxFormat = Literal["cxcywh", "xyxy"]

AVERAGED_OBJECTNESS = 0.05
"""Least objectness of the boxes that an average is taken over, or the threshold where that is lower."""

_AT_A_TIME = 256
"""Averages computed together, which bounds the memory."""

_OLD_SPELLINGS = {
    **dict.fromkeys(("thresh", "objectness_thresh", "obj_threshold", "objectness_threshold"), "obj_thresh"),
    **dict.fromkeys(("iou_threshold", "nms_thresh", "nms_threshold"), "iou_thresh"),
    **dict.fromkeys(
        ("min_class_confidence", "min_class_confidence_thresh", "min_confidence_threshold"),
        "min_class_confidence_threshold",
    ),
    **dict.fromkeys(("heatmap_mask", "heatmap_mask_path")),
}
"""Old argument names and their new names; None: the argument has no effect."""


def format_preds(
    pred: Tensor,
    obj_thresh: float = 0.5,
    iou_thresh: float = 0.5,
    box_format: BoxFormat = "cxcywh",
    min_class_confidence_threshold: float = 0.0,
    *,
    average_boxes: bool = False,
    **old: object,
) -> Tensor:
    """(N, P): the boxes that one image's (P, Sy, Sx) holds, as box, objectness, classes.

    It keeps grid cells with an objectness above `obj_thresh`. Of those that overlap by more than `iou_thresh`,
    regardless of class, it keeps the one with the highest class value x objectness (0 keeps all). Of the rest, it
    keeps those whose highest class value is above `min_class_confidence_threshold` (0 keeps all). The order is by
    that score after suppression, else by grid cell.

    With `average_boxes`, a box that is kept becomes the mean of itself and of all that overlap it by more than
    `iou_thresh`, weighted by that score (arXiv:1505.01749); its objectness and classes stay.
    """
    meant = _meant(old)
    obj_thresh = float(meant.get("obj_thresh", obj_thresh))  # type: ignore[arg-type]
    iou_thresh = float(meant.get("iou_thresh", iou_thresh))  # type: ignore[arg-type]
    least = float(meant.get("min_class_confidence_threshold", min_class_confidence_threshold))  # type: ignore[arg-type]
    _check(pred, box_format)
    cells_CP = pred.flatten(1).T
    rows_NP = cells_CP[cells_CP[:, 4] > obj_thresh]
    if iou_thresh > 0:
        # On the CPU, non-maximum suppression does not support 16 bits.
        wide_NP = rows_NP.to(torch.promote_types(rows_NP.dtype, torch.float32))
        rows_NP = rows_NP[nms(box_convert(wide_NP[:, :4], "cxcywh", "xyxy"), scores(wide_NP), iou_thresh)]
        if average_boxes:
            rows_NP = _averaged(rows_NP, cells_CP[cells_CP[:, 4] > averaged_objectness(obj_thresh)], iou_thresh)
    if least > 0:
        rows_NP = rows_NP[rows_NP[:, 5:].amax(1) > least]
    return torch.cat((box_convert(rows_NP[:, :4], "cxcywh", box_format), rows_NP[:, 4:]), 1)


def _meant(old: Mapping[str, object]) -> dict[str | None, object]:
    """Old arguments by their new names, with a warning each. Raises TypeError for an unknown one."""
    for name in old:
        if name not in _OLD_SPELLINGS:
            raise TypeError(f"format_preds() got an unexpected keyword argument {name!r}")
        instead = _OLD_SPELLINGS[name]
        instead_said = f"use {instead}" if instead else "it has no effect"
        warn_once(f"format_preds() no longer takes {name}: {instead_said}", stacklevel=2)
    return {_OLD_SPELLINGS[name]: value for name, value in old.items()}


def _check(pred: object, box_format: str) -> None:
    if not isinstance(pred, Tensor):
        raise TypeError(f"format_preds() takes a tensor, not {type(pred).__name__}")
    if pred.ndim != 3 or len(pred) < 6:
        raise ValueError(f"format_preds() takes one image's (5 + classes, Sy, Sx), not {tuple(pred.shape)}")
    if box_format not in {"cxcywh", "xyxy"}:
        raise ValueError(f"{box_format!r} is not a box format: use cxcywh or xyxy")


def averaged_objectness(obj_thresh: float) -> float:
    """The objectness above which cells take part in averages."""
    return min(obj_thresh, AVERAGED_OBJECTNESS)


def _averaged(rows_NP: Tensor, all_CP: Tensor, overlap: float) -> Tensor:
    """These rows, each with the mean box of those of `all_CP` that overlap it by more than `overlap`."""
    wide_CP = all_CP.to(torch.promote_types(all_CP.dtype, torch.float32))
    corners_C4, weight_C = box_convert(wide_CP[:, :4], "cxcywh", "xyxy"), scores(wide_CP)
    corners_N4 = box_convert(rows_NP[:, :4].to(wide_CP), "cxcywh", "xyxy")
    means = [corners_C4[:0]]
    for some_N4 in corners_N4.split(_AT_A_TIME):
        weight_NC = (box_iou(some_N4, corners_C4) > overlap) * weight_C
        total_N1 = weight_NC.sum(1, keepdim=True)
        # A box without area overlaps nothing, not even itself; nor does one count whose classes are all 0.
        means.append(torch.where(total_N1 > 0, weight_NC @ corners_C4 / total_N1, some_N4))
    return torch.cat((box_convert(torch.cat(means), "xyxy", "cxcywh").to(rows_NP), rows_NP[:, 4:]), 1)


def scores(rows_NP: Tensor) -> Tensor:
    """(N,): highest class value x objectness."""
    return rows_NP[:, 5:].amax(1) * rows_NP[:, 4]
