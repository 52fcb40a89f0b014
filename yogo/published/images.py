"""Reading images, under the names that published yogo gave it."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import torch
from torch import Tensor

from yogo.errors import DefinitionError
from yogo.images.depth import Bits
from yogo.images.headers import ImageHeader, depth, look
from yogo.images.pixels import read_pixels


def read_image(img_path: str | Path, rgb: bool = False, image_bits: int | None = None) -> Tensor:
    """uint8 (1 or 3, H, W) in the image's own size. Raises DefinitionError naming the file.

    For 16-bit images the upper eight bits are read, as in published yogo; `image_bits` says how many are brightness.
    It warns if the upper eight show almost nothing.
    """
    header = None

    def upper_eight() -> Bits:
        nonlocal header
        (header,) = look([str(img_path)])
        return image_bits

    pixels = read_pixels(img_path, rgb=rgb, image_hw=None, bits=upper_eight)
    if isinstance(header, ImageHeader) and header.is_flat(image_bits) and not header.is_flat(depth([header])):
        warnings.warn(
            f"{img_path} is almost of one shade as it is read: its brightest value is {header.brightest:,}; "
            f"image_bits={depth([header])} reads it at its real range",
            RuntimeWarning,
            stacklevel=2,
        )
    return torch.from_numpy(pixels)


def read_image_robust(
    img_path: str | Path, retries: int = 3, min_duration: float = 0.1, rgb: bool = False
) -> Tensor | None:
    """The same, tried up to `retries` times, as network file systems sometimes need; None and a warning if all fail."""
    for attempt in range(retries):
        try:
            return read_image(img_path, rgb)
        except DefinitionError as error:
            reason = str(error)
            if attempt + 1 < retries:
                time.sleep(min_duration * 2**attempt)
    warnings.warn(reason, RuntimeWarning, stacklevel=2)
    return None
