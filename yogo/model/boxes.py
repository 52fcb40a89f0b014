"""Boxes from a prediction: threshold, non-maximum suppression, and box formats.

Axes: B images, P = 5 + classes numbers a cell, Y rows and X columns of cells, N boxes.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torchvision.ops import box_convert, nms

from yogo.deprecation import warn_once

BoxFormat = Literal["cxcywh", "xyxy"]

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
    **old: object,
) -> Tensor:
    """(N, P): the boxes that one image's (P, Sy, Sx) holds, as box, objectness, classes.

    It keeps grid cells with an objectness above `obj_thresh`. Of those that overlap by more than `iou_thresh`,
    regardless of class, it keeps the one with the highest class value x objectness (0 keeps all). Of the rest, it
    keeps those whose highest class value is above `min_class_confidence_threshold` (0 keeps all). The order is by
    that score after suppression, else by grid cell.
    """
    for name in old:
        if name not in _OLD_SPELLINGS:
            raise TypeError(f"format_preds() got an unexpected keyword argument {name!r}")
        instead = _OLD_SPELLINGS[name]
        warn_once(f"format_preds() no longer takes {name}: {f'use {instead}' if instead else 'it has no effect'}")
    meant = {_OLD_SPELLINGS[name]: value for name, value in old.items()}
    obj_thresh = float(meant.get("obj_thresh", obj_thresh))  # type: ignore[arg-type]
    iou_thresh = float(meant.get("iou_thresh", iou_thresh))  # type: ignore[arg-type]
    least = float(meant.get("min_class_confidence_threshold", min_class_confidence_threshold))  # type: ignore[arg-type]
    if not isinstance(pred, Tensor):
        raise TypeError(f"format_preds() takes a tensor, not {type(pred).__name__}")
    if pred.ndim != 3 or len(pred) < 6:
        raise ValueError(f"format_preds() takes one image's (5 + classes, Sy, Sx), not {tuple(pred.shape)}")
    if box_format not in {"cxcywh", "xyxy"}:
        raise ValueError(f"{box_format!r} is not a box format: use cxcywh or xyxy")
    rows_NP = pred.flatten(1).T
    rows_NP = rows_NP[rows_NP[:, 4] > obj_thresh]
    if iou_thresh > 0:
        # On the CPU, non-maximum suppression does not support 16 bits.
        wide_NP = rows_NP.to(torch.promote_types(rows_NP.dtype, torch.float32))
        rows_NP = rows_NP[nms(box_convert(wide_NP[:, :4], "cxcywh", "xyxy"), scores(wide_NP), iou_thresh)]
    if least > 0:
        rows_NP = rows_NP[rows_NP[:, 5:].amax(1) > least]
    return torch.cat((box_convert(rows_NP[:, :4], "cxcywh", box_format), rows_NP[:, 4:]), 1)


def scores(rows_NP: Tensor) -> Tensor:
    """(N,): highest class value x objectness."""
    return rows_NP[:, 5:].amax(1) * rows_NP[:, 4]
