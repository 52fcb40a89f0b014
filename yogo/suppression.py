"""How boxes are made of a network's cells, where a checkpoint says it: its recipe has chosen it for its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Suppression(NamedTuple):
    """See `yogo.model.boxes.format_preds`. By default as published."""

    iou_thresh: float = 0.5
    average_boxes: bool = False


AS_PUBLISHED = Suppression()


def suppression_of(recipe: Mapping[str, Any] | None) -> Suppression:
    """That of a checkpoint's recipe; as published where it says nothing, or nothing that can be meant."""
    found = recipe or {}
    overlap, average = found.get("suppression_iou"), found.get("average_boxes")
    is_fraction = isinstance(overlap, float | int) and not isinstance(overlap, bool) and 0 <= overlap <= 1
    return Suppression(
        float(overlap) if overlap is not None and is_fraction else AS_PUBLISHED.iou_thresh,
        average if isinstance(average, bool) else AS_PUBLISHED.average_boxes,
    )
