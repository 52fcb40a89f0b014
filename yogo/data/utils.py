"""Reading pictures, under the names that published yogo gave it."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import torch
from torch import Tensor

from yogo.data.depth import Bits
from yogo.data.headers import Header, depth, look
from yogo.data.pictures import read_pixels
from yogo.errors import DefinitionError


def read_image(img_path: str | Path, rgb: bool = False, image_bits: int | None = None) -> Tensor:
    """uint8 (1 or 3, H, W), of the picture's own size. Raises DefinitionError naming the file.

    Of 16 bits the upper eight are read, as published; `image_bits` says how many of them are brightness. A warning
    where the upper eight show hardly anything.
    """
    header = None

    def upper_eight() -> Bits:
        nonlocal header
        (header,) = look([str(img_path)])
        return image_bits

    pixels = read_pixels(img_path, rgb=rgb, image_hw=None, bits=upper_eight)
    if isinstance(header, Header) and header.is_flat(image_bits) and not header.is_flat(depth([header])):
        warnings.warn(
            f"{img_path} is nearly of one shade as it is read: its brightest value is {header.brightest:,}; "
            f"image_bits={depth([header])} reads it at its real range",
            RuntimeWarning,
            stacklevel=2,
        )
    return torch.from_numpy(pixels)


def read_image_robust(
    img_path: str | Path, retries: int = 3, min_duration: float = 0.1, rgb: bool = False
) -> Tensor | None:
    """The same, tried up to `retries` times, as network file systems need at times; None, and a warning, if in vain."""
    for attempt in range(retries):
        try:
            return read_image(img_path, rgb)
        except DefinitionError as error:
            reason = str(error)
            if attempt + 1 < retries:
                time.sleep(min_duration * 2**attempt)
    warnings.warn(reason, RuntimeWarning, stacklevel=2)
    return None
