"""Names that scripts written for published yogo import from here."""

from yogo.utils.utils import (
    Timer,
    bbox_colour,
    choose_device,
    draw_yogo_prediction,
    format_preds,
    format_to_numpy,
    iter_in_chunks,
)

__all__ = [
    "Timer",
    "bbox_colour",
    "choose_device",
    "draw_yogo_prediction",
    "format_preds",
    "format_to_numpy",
    "iter_in_chunks",
]
