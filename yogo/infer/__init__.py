"""Inference: finds boxes in images, and draws, writes, counts or returns them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yogo.infer.api import Predictions, predict
    from yogo.infer.rows import count_cells_for_formatted_preds, get_prediction_class_counts

__all__ = ["Predictions", "count_cells_for_formatted_preds", "get_prediction_class_counts", "predict"]


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: a command that begins reads what may be asked of inference without torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "yogo.infer.api" if name in {"Predictions", "predict"} else "yogo.infer.rows"
    return getattr(import_module(home), name)
