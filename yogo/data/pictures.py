"""One picture file to bytes of the shape that the network asks for. The console reads with this too: no torch here.

Pillow reads all the formats, lets go of the interpreter's lock while it decodes, and decoded a noisy
772x1032 PNG in 6 ms where torchvision took 9, whose decoders are deprecated besides.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, UnidentifiedImageError

from yogo.data.depth import UPPER_EIGHT, Asked, as_bytes, settle
from yogo.data.tiff import ORIENTATION, of_unread_kind, without_orientation
from yogo.errors import DefinitionError

Image.preinit()  # the formats are registered here, before threads could do it at the same time
Image.MAX_IMAGE_PIXELS = None  # instead of Pillow's warnings of attacks, one bound, and a sentence

FORMATS = ("PNG", "JPEG", "TIFF")

MOST_PIXELS = 2**28
"""Of a picture: 268 million, as of a network's frame. What claims more is broken, or would fill the memory."""

PHOTOMETRIC = 262
WHITE_IS_ZERO = 0

_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""Of a 16-bit value in colour Pillow keeps the upper byte; told of the other order, it keeps the lower one."""

Bytes = npt.NDArray[np.uint8]
Source = Path | str | IO[bytes]


def read_pixels(
    path: Source, *, rgb: bool, image_hw: tuple[int, int] | None, bits: Asked = UPPER_EIGHT, page: int = 0
) -> Bytes:
    """uint8 (C, H, W): one grey channel or three, resized (bilinear, antialiased) where the file's size differs.

    Of the size that the file has, where none is asked for. `bits` is how deep files of more than 8 bits are: see
    yogo.data.depth. Transparency is ignored, and so is an orientation, in whatever format, since the labels were drawn
    on the pixels as they are stored. Raises DefinitionError naming the file.
    """
    try:
        with opened(path, page) as file:
            picture = _in_eight_bits(file, path, page, rgb=rgb, bits=bits)
            if image_hw is not None and picture.size != image_hw[::-1]:
                picture = picture.resize(image_hw[::-1], Image.Resampling.BILINEAR)
            pixels: Bytes = np.array(picture)
    except UnidentifiedImageError as error:
        raise DefinitionError(f"{path} cannot be read as a picture: it is {what_it_is(path)}") from error
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read as a picture: {error.strerror or error}") from error
    except Exception as error:  # a decoder meets torn and hostile bytes: whatever it raises, this file is at fault
        raise DefinitionError(f"{path} cannot be read as a picture: {error}") from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) if rgb else pixels[None]


def picture_size(path: Path | str) -> tuple[int, int]:
    """Height and width of a picture, of which no more than the head is read. Raises DefinitionError."""
    try:
        with opened(path) as file:
            return file.height, file.width
    except Exception as error:  # as above
        raise DefinitionError(f"{path} cannot be read as a picture: {error}") from error


def what_it_is(source: Source) -> str:
    """Of what Pillow does not take for a picture, for a sentence."""
    with contextlib.suppress(OSError, struct.error):
        data = _all_of(source) if _size_of(source) <= MOST_PIXELS else b""
        kind = of_unread_kind(data)
        if kind:
            return f"a {kind}: save it in grey or RGB with 8 or 16 bits"
    return "no PNG, JPEG or TIFF picture, or it is torn"


@contextmanager
def opened(source: Source, page: int = 0) -> Iterator[ImageFile.ImageFile]:
    """A picture whose pixels will be those stored, not yet decoded. Raises whatever Pillow raises, and ValueError."""
    with Image.open(source, formats=FORMATS) as file:
        _turn_to(file, page)
        if file.format != "TIFF" or tag(file, ORIENTATION, 1) == 1:
            yield file
            return
    with Image.open(io.BytesIO(without_orientation(_all_of(source))), formats=FORMATS) as file:
        _turn_to(file, page)
        yield file


def tag(file: Image.Image, number: int, default: Any = None) -> Any:
    """What a TIFF's page says; `default` where it says nothing, or is none."""
    return getattr(file, "tag_v2", {}).get(number, default)


def orientation(file: Image.Image) -> int:
    """EXIF's number; 1 where the file says nothing that can be understood, or says it after the pixels.

    Pillow's own getexif would decode a PNG to look after them.
    """
    if file.format == "TIFF":
        said = tag(file, ORIENTATION)
    else:
        exif = Image.Exif()
        exif.load(file.info.get("exif", b""))
        said = exif.get(ORIENTATION)
    return int(said) if said in range(1, 9) else 1


def orientation_of(path: Path, page: int = 0) -> int:
    """The same, of a file of which no more than the head is read; 1 where it cannot be."""
    with contextlib.suppress(Exception), Image.open(path, formats=FORMATS) as file:
        if page:
            file.seek(page)
        return orientation(file)
    return 1


def deep_values(file: ImageFile.ImageFile, source: Source, page: int = 0) -> npt.NDArray[Any] | None:
    """(H, W), or (H, W, channels without transparency), of values up to 65535; None for a picture of 8 bits.

    Raises ValueError for numbers that are no brightness of 16 bits.
    """
    if file.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save it with 8 or 16 bits")
    if file.mode.startswith("I"):
        values: npt.NDArray[Any] = np.asarray(file)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise ValueError("its pixels have more than 16 bits, or are below 0; save it with 8 or 16")
        return values
    if not has_deep_channels(file):
        return None
    if _rawmode(file).startswith("LA;16"):  # as four bytes a pixel: grey's two, then transparency's
        pairs = np.asarray(_with_rawmode(file, "RGBA")).astype(np.uint16)
        grey: npt.NDArray[Any] = (pairs[..., 0] << 8) | pairs[..., 1]
        return grey
    upper = np.asarray(_with_rawmode(file, _rawmode(file).replace("RGBa", "RGBA"))).astype(np.uint16)
    with opened(source, page) as again:
        rawmode = _rawmode(again).replace("RGBa", "RGBA")
        lower = np.asarray(_with_rawmode(again, rawmode[:-1] + _OTHER_BYTE[rawmode[-1]]))
    deep: npt.NDArray[Any] = (upper << 8) | lower
    return deep[..., :3] if file.mode == "RGBA" else deep


def has_deep_channels(file: ImageFile.ImageFile) -> bool:
    """Whether this is a picture of several channels of 16 bits, of which Pillow gives the upper eight."""
    return not file.mode.startswith("I") and ";16" in _rawmode(file)


def _turn_to(file: ImageFile.ImageFile, page: int) -> None:
    if page:
        file.seek(page)
    if file.width * file.height > MOST_PIXELS:
        raise ValueError(f"it has {file.width:,} x {file.height:,} pixels, and up to {MOST_PIXELS:,} are read")


def _all_of(source: Source) -> bytes:
    if isinstance(source, Path | str):
        return Path(source).read_bytes()
    source.seek(0)
    return source.read()


def _size_of(source: Source) -> int:
    return os.path.getsize(source) if isinstance(source, Path | str) else source.seek(0, os.SEEK_END)


def _rawmode(file: ImageFile.ImageFile) -> str:
    if not file.tile:
        return ""
    arguments = file.tile[0].args
    return str(arguments if isinstance(arguments, str) else arguments[0] if arguments else "")


def _with_rawmode(file: ImageFile.ImageFile, rawmode: str) -> ImageFile.ImageFile:
    """The picture, to be decoded as if its bytes were ordered thus."""
    file.tile = [
        tile._replace(args=rawmode if isinstance(tile.args, str) else (rawmode, *(tile.args or ())[1:]))
        for tile in file.tile
    ]
    return file


def _in_eight_bits(file: ImageFile.ImageFile, source: Source, page: int, *, rgb: bool, bits: Asked) -> Image.Image:
    """The picture in mode RGB or L."""
    wanted = "RGB" if rgb else "L"
    picture: Image.Image = file
    if file.mode[0] in "IF" or (has_deep_channels(file) and settle(bits) is not UPPER_EIGHT):
        values = deep_values(file, source, page)
        if values is not None:
            inverted = tag(file, PHOTOMETRIC) == WHITE_IS_ZERO
            picture = Image.fromarray(as_bytes(values, settle(bits), white_is_zero=inverted), _mode(file, values))
    if file.format == "JPEG" and not rgb:
        file.draft("L", None)  # the luminance as it is stored, without a way through RGB and back
    if picture.mode == wanted:
        return picture
    if picture.mode in {"P", "PA"}:
        picture = picture.convert("RGB")
    return picture.convert(wanted)


def _mode(file: Image.Image, values: npt.NDArray[Any]) -> str:
    if values.ndim == 2:
        return "L"
    return "CMYK" if file.mode == "CMYK" else "RGB"
