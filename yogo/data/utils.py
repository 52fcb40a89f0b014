"""Reading pictures, under the names that published yogo gave it."""

from __future__ import annotations

import time
import warnings
from pathlib import Path

import torch
from torch import Tensor

from yogo.data.pictures import read_pixels
from yogo.errors import DefinitionError


def read_image(img_path: str | Path, rgb: bool = False) -> Tensor:
    """uint8 (1 or 3, H, W), of the picture's own size. Raises DefinitionError naming the file."""
    return torch.from_numpy(read_pixels(img_path, rgb=rgb, image_hw=None))


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
