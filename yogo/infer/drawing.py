"""Draws boxes on an image, each in the colour of its class."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor
from torchvision.ops import box_convert

from yogo.images.pixels import Bytes
from yogo.model.boxes import format_preds

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


def bbox_colour(i: int, num_classes: int = 7) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity of class `i`, from 0 to 255: as different as possible from the other classes."""
    if not 0 <= i < num_classes:
        raise ValueError(f"there is no class {i} of {num_classes}, counted from 0")
    red, green, blue = colorsys.hls_to_rgb(i / num_classes, 0.45, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue), 255


def draw_boxes(frame: Bytes, rows_NP: Tensor, labels: Sequence[str] | None = None) -> Image.Image:
    """The frame (C, H, W) in colour, with the boxes of `format_preds` on it, and their classes' names if given."""
    picture = Image.fromarray(frame[0] if len(frame) == 1 else np.ascontiguousarray(frame.transpose(1, 2, 0)))
    picture = picture.convert("RGB")
    draw = ImageDraw.Draw(picture)
    height, width = frame.shape[1:]
    line, letters = max(1, min(height, width) // 400), max(10, min(height, width) // 50)
    num_classes = rows_NP.shape[1] - 5
    corners = box_convert(rows_NP[:, :4].cpu(), "cxcywh", "xyxy").nan_to_num().clamp(-1, 2).tolist()
    kinds = rows_NP[:, 5:].cpu().argmax(1).tolist() if len(rows_NP) else []
    boxes = [(x0 * width, y0 * height, max(x0, x1) * width, max(y0, y1) * height) for x0, y0, x1, y1 in corners]
    for box, kind in zip(boxes, kinds, strict=True):
        draw.rectangle(box, outline=bbox_colour(kind, num_classes), width=line)
    if labels is not None:
        font = ImageFont.load_default(letters)
        names = [labels[kind] for kind in kinds]
        sizes = [(draw.textlength(name, font) + 2, letters * 1.2) for name in names]
        for place, name, kind in zip(label_places(boxes, sizes, (width, height)), names, kinds, strict=True):
            draw.text(place[:2], name, fill=bbox_colour(kind, num_classes), font=font)
    return picture


def label_places(boxes: Sequence[Box], sizes: Sequence[tuple[float, float]], picture: tuple[int, int]) -> list[Box]:
    """Where each box's name goes, of (width, height) `sizes`, within an image of (width, height).

    Tried in this order: above the box, in its corners, below and beside it. The first place without another name is
    taken, else the first place.
    """
    taken: list[Box] = []
    for box, (width, height) in zip(boxes, sizes, strict=True):
        places = [_within(left, top, width, height, picture) for left, top in _candidates(box, width, height)]
        free = (place for place in places if not any(_overlap(place, other) for other in taken))
        taken.append(next(free, places[0]))
    return taken


def _candidates(box: Box, width: float, height: float) -> list[tuple[float, float]]:
    left, top, right, bottom = box
    return [
        (left, top - height),
        (left + 2, top),
        (left + 2, bottom - height),
        (left, bottom),
        (right - width, top),
        (right - width, top - height),
        (right, top),
        (left - width, top),
        (right, bottom),
        (left - width, bottom),
        (right, top - height),
        (left - width, top - height),
    ]


def _within(left: float, top: float, width: float, height: float, picture: tuple[int, int]) -> Box:
    left, top = max(0.0, min(left, picture[0] - width)), max(0.0, min(top, picture[1] - height))
    return left, top, left + width, top + height


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def draw_yogo_prediction(  # noqa: PLR0917 - published callers give these by position
    img: Tensor,
    prediction: Tensor,
    obj_thresh: float = 0.5,
    iou_thresh: float = 0.5,
    labels: Sequence[str] | None = None,
    images_are_normalized: bool = False,
    min_class_confidence_threshold: float = 0.0,
) -> Image.Image:
    """The image (C, H, W) or (1, C, H, W) with the boxes that its prediction (P, Sy, Sx) holds.

    The image's values go up to 255, or to 1 where `images_are_normalized`. Raises TypeError unless both are tensors.
    """
    for name, given in (("img", img), ("prediction", prediction)):
        if not isinstance(given, Tensor):
            what = f"{name} is of the type {type(given).__name__}; a tensor is expected"
            raise TypeError(f"{what} (torch.as_tensor makes one of an array).")
    img = img[0] if img.ndim == 4 else img[None] if img.ndim == 2 else img
    prediction = prediction[0] if prediction.ndim == 4 else prediction
    values = img.detach().float() * (255 if images_are_normalized else 1)
    rows_NP = format_preds(
        prediction.detach().cpu(),
        obj_thresh=obj_thresh,
        iou_thresh=iou_thresh,
        min_class_confidence_threshold=min_class_confidence_threshold,
    )
    return draw_boxes(values.round().clamp(0, 255).byte().cpu().numpy(), rows_NP, labels)
