"""Reads one image file as bytes in the network's shape. Without torch, because the console uses it too.

Pillow reads all the formats, releases the interpreter's lock while it decodes, and decodes a noisy
772x1032 PNG in 6 ms; torchvision takes 9 ms, and its decoders are deprecated.
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
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, UnidentifiedImageError

from yogo.errors import DefinitionError
from yogo.images.depth import UPPER_EIGHT, Asked, as_bytes, settle
from yogo.images.foreign_kinds import kind_of
from yogo.images.metadata import exif_in_text, orientation_in_xmp
from yogo.images.tiff import ORIENTATION, XMP, of_unread_kind, without_orientation

Image.preinit()  # the formats are registered here, before threads could do it at the same time
Image.MAX_IMAGE_PIXELS = None  # instead of Pillow's warnings of attacks, one bound, and a sentence

FORMATS = ("PNG", "JPEG", "TIFF")

MOST_PIXELS = 2**28
"""Pixels of an image: 268 million, as for a network's frame. A file with more is damaged, or would fill the memory."""

PHOTOMETRIC = 262
WHITE_IS_ZERO = 0

_OTHER_BYTE = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""For 16-bit colour Pillow keeps the upper byte of a value; given the other byte order, it keeps the lower one."""

Bytes = npt.NDArray[np.uint8]
Source = Path | str | IO[bytes]


class Marks(NamedTuple):
    """Properties of an image that a viewer may follow, and we ignore."""

    orientation: int = 1
    """EXIF's number: from 2 on, a viewer may show the image turned or mirrored."""

    num_pages: int = 1
    """Pages of a TIFF, frames of an animated PNG, images in a JPEG."""


def read_pixels(
    path: Source, *, rgb: bool, image_hw: tuple[int, int] | None, bits: Asked = UPPER_EIGHT, page: int = 0
) -> Bytes:
    """uint8 (C, H, W): one grey channel or three, resized (bilinear, antialiased) if the file's size differs.

    Without a requested size it keeps the file's size. `bits` is how deep files of more than 8 bits are: see
    yogo.images.depth. Transparency is ignored, and so is an orientation in any format, because the labels refer
    to the pixels as they are stored. Raises DefinitionError naming the file.
    """
    _check_source(path)
    try:
        with opened(path, page) as file:
            picture = _in_eight_bits(file, path, page, rgb=rgb, bits=bits)
            if image_hw is not None and picture.size != image_hw[::-1]:
                picture = picture.resize(image_hw[::-1], Image.Resampling.BILINEAR)
            pixels: Bytes = np.array(picture)
    except UnidentifiedImageError as error:
        raise DefinitionError(f"{path} cannot be read as an image: it is {what_it_is(path)}") from error
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read as an image: {error.strerror or error}") from error
    except Exception as error:  # a decoder meets torn and hostile bytes: whatever it raises, this file is at fault
        raise DefinitionError(f"{path} cannot be read as an image: {error}") from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) if rgb else pixels[None]


def picture_size(path: Path | str) -> tuple[int, int]:
    """Height and width of an image; only its header is read. Raises DefinitionError."""
    _check_source(path)
    try:
        with opened(path) as file:
            return file.height, file.width
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read as an image: {error.strerror or error}") from error
    except Exception as error:  # as above
        raise DefinitionError(f"{path} cannot be read as an image: {error}") from error


def _check_source(source: object) -> None:
    """Raises DefinitionError for anything that is neither a path nor an open file."""
    if not (isinstance(source, str | bytes | os.PathLike) or hasattr(source, "read")):
        kind = type(source).__name__
        raise DefinitionError(f"an image is read from a path or an open file, and {kind} is neither")


def what_it_is(source: Source) -> str:
    """A description of a file that Pillow does not recognise as an image, for a sentence."""
    with contextlib.suppress(OSError, struct.error):
        data = _all_of(source) if _size_of(source) <= MOST_PIXELS else b""
        kind = of_unread_kind(data)
        if kind:
            return f"a {kind}: save it in grey or RGB with 8 or 16 bits"
        if other := kind_of(data):
            return f"not a PNG, JPEG or TIFF image but {other}, whatever its name says: save it as one of these"
    return "not a PNG, JPEG or TIFF image, or it is damaged"


@contextmanager
def opened(source: Source, page: int = 0) -> Iterator[ImageFile.ImageFile]:
    """An image that will give its pixels as stored, not yet decoded. Raises what Pillow raises, and ValueError."""
    with Image.open(source, formats=FORMATS) as file:
        _turn_to(file, page)
        if file.format != "TIFF" or tag(file, ORIENTATION, 1) == 1:
            yield file
            return
    with Image.open(io.BytesIO(without_orientation(_all_of(source))), formats=FORMATS) as file:
        _turn_to(file, page)
        yield file


def tag(file: Image.Image, number: int, default: Any = None) -> Any:
    """The value of a tag in a TIFF's page; `default` if it has none, or if the file is not a TIFF."""
    return getattr(file, "tag_v2", {}).get(number, default)


def orientation(file: Image.Image) -> int:
    """EXIF's number; 1 if the file has none that can be understood, or has it after the pixels.

    Pillow's own getexif would decode a PNG to look there. A file may hold it in XMP instead.
    """
    if file.format == "TIFF":
        said = tag(file, ORIENTATION)
    else:
        exif = Image.Exif()
        with contextlib.suppress(Exception):  # for anything there that is not EXIF
            exif.load(file.info.get("exif") or exif_in_text(file.info))
        said = exif.get(ORIENTATION)
    said = said or orientation_in_xmp(file.info, tag(file, XMP))
    return int(said) if said in range(1, 9) else 1


def marks_of(path: Path, page: int = 0) -> Marks:
    """The marks in its header, which is all that is read; none for a file that cannot be read."""
    with contextlib.suppress(Exception), Image.open(path, formats=FORMATS) as file:
        if page:
            file.seek(page)
        return Marks(orientation(file), int(getattr(file, "n_frames", 1)))
    return Marks()


def deep_values(file: ImageFile.ImageFile, source: Source, page: int = 0) -> npt.NDArray[Any] | None:
    """(H, W) or (H, W, channels without transparency), of values up to 65535; None for an image of 8 bits.

    Raises ValueError for values that do not fit into 16 bits.
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
    """Whether this image has several channels of 16 bits, for which Pillow gives the upper eight."""
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
    """The image, decoded as if its bytes were in this order."""
    file.tile = [
        tile._replace(args=rawmode if isinstance(tile.args, str) else (rawmode, *(tile.args or ())[1:]))
        for tile in file.tile
    ]
    return file


def _in_eight_bits(file: ImageFile.ImageFile, source: Source, page: int, *, rgb: bool, bits: Asked) -> Image.Image:
    """The image in mode RGB or L."""
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
