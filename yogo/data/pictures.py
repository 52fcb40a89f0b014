"""One picture file to bytes of the shape that the network asks for.

Pillow reads all the formats, lets go of the interpreter's lock while it decodes, and decoded a noisy
772x1032 PNG in 6 ms where torchvision took 9, whose decoders are deprecated besides.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from yogo.errors import DefinitionError

if TYPE_CHECKING:
    from torch import Tensor

Image.preinit()  # the formats are registered here, before threads could do it at the same time

FORMATS = ("PNG", "JPEG", "TIFF")

Bytes = npt.NDArray[np.uint8]


def read_picture(path: Path | str, *, rgb: bool, image_hw: tuple[int, int]) -> Tensor:
    """uint8 (C, H, W): one grey channel or three, resized (bilinear, antialiased) where the file's size differs.

    Sixteen bits keep their upper eight, transparency is ignored, and so is an orientation in EXIF, since
    the labels were drawn on the pixels as they are stored. Raises DefinitionError naming the file.
    """
    import torch

    return torch.from_numpy(read_pixels(path, rgb=rgb, image_hw=image_hw))


def read_pixels(path: Path | str | IO[bytes], *, rgb: bool, image_hw: tuple[int, int] | None) -> Bytes:
    """As `read_picture`, but a numpy array (C, H, W); of the size that the file has, where none is asked for."""
    try:
        with Image.open(path, formats=FORMATS) as file:
            picture = _in_eight_bits(file, rgb=rgb)
            if image_hw is not None and picture.size != image_hw[::-1]:
                picture = picture.resize(image_hw[::-1], Image.Resampling.BILINEAR)
            pixels: Bytes = np.array(picture)
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read as a picture: {error.strerror or error}") from error
    except Exception as error:  # a decoder meets torn and hostile bytes: whatever it raises, this file is at fault
        raise DefinitionError(f"{path} cannot be read as a picture: {error}") from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) if rgb else pixels[None]


def picture_size(path: Path | str) -> tuple[int, int]:
    """Height and width of a picture, of which no more than the head is read. Raises DefinitionError."""
    try:
        with Image.open(path, formats=FORMATS) as file:
            return file.height, file.width
    except Exception as error:  # as above
        raise DefinitionError(f"{path} cannot be read as a picture: {error}") from error


def _in_eight_bits(file: Image.Image, *, rgb: bool) -> Image.Image:
    """The picture in mode RGB or L."""
    wanted = "RGB" if rgb else "L"
    if file.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save it with 8 or 16 bits")
    if file.mode.startswith("I"):
        values = np.asarray(file)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise ValueError("its pixels have more than 16 bits; save it with 8 or 16")
        file = Image.fromarray((values >> 8).astype(np.uint8))
    if file.format == "JPEG" and not rgb:
        file.draft("L", None)  # the luminance as it is stored, without a way through RGB and back
    if file.mode == wanted:
        return file
    if file.mode in {"P", "PA"}:
        file = file.convert("RGB")
    return file.convert(wanted)
