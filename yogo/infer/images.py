"""The sources of images for inference: a folder, one file, a file of many pages, or a zarr store."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from yogo.definition.folders import PICTURE_SUFFIXES, picture_names
from yogo.errors import DefinitionError, InferenceError
from yogo.images.depth import UPPER_EIGHT, Asked, brightest_but_hot, depth_of
from yogo.images.headers import MOST_MEASURED, ImageHeader, depth, look
from yogo.images.pixels import Bytes, Marks, deep_values, marks_of, opened, read_pixels


class Pictures(Protocol):
    """Images in a fixed order: an image's index is its position in `stems`, even if others cannot be read."""

    path: Path
    """What the user named."""

    stems: Sequence[str]
    """For each image, the name of the files made from it, without a suffix; all names are different."""

    def name(self, index: int) -> str:
        """The image's name, by which a person finds it."""
        ...

    def read(self, index: int, *, rgb: bool, bits: Asked = UPPER_EIGHT) -> Bytes:
        """(C, H, W) in the image's own size, a deep image read at `bits`. Raises YogoError naming the image."""
        ...

    def marks(self, index: int) -> Marks:
        """Properties of the image that reading it ignores."""
        ...

    def depth(self) -> int:
        """The fewest bits that hold the brightest value except hot pixels: see yogo.images.depth."""
        ...


class PictureFiles:
    """One image file, or the images of a folder in order of name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = _files(path)
        names = [file.name for file in self.files]
        stems = [os.path.splitext(name)[0] for name in names]
        times = Counter(stems)
        self.alike = [name for stem, name in zip(stems, names, strict=True) if times[stem] > 1]
        """Files whose names differ only in their suffix, and therefore keep it."""
        apart = [stem if times[stem] == 1 else name for stem, name in zip(stems, names, strict=True)]
        # Beside a.png and a.tif there may be an a.png.tif: then all keep theirs.
        self.stems: Sequence[str] = apart if len(set(apart)) == len(apart) else names

    def name(self, index: int) -> str:
        return str(self.files[index])

    def read(self, index: int, *, rgb: bool, bits: Asked = UPPER_EIGHT) -> Bytes:
        file = self.files[index]
        if num_pages(file) > 1:
            raise InferenceError(f"{file} has {num_pages(file)} pages: name this file itself to use each of them")
        return read_pixels(file, rgb=rgb, image_hw=None, bits=bits)

    def marks(self, index: int) -> Marks:
        return marks_of(self.files[index])

    def depth(self) -> int:
        return depth([one for one in look([str(file) for file in self.files]) if isinstance(one, ImageHeader)])


class TiffPages:
    """A TIFF file of several pages, each of them an image."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stems: Sequence[str] = [f"{path.stem}_{page:06}" for page in range(num_pages(path))]

    def name(self, index: int) -> str:
        return f"page {index + 1} of {self.path}"

    def read(self, index: int, *, rgb: bool, bits: Asked = UPPER_EIGHT) -> Bytes:
        try:
            return read_pixels(self.path, rgb=rgb, image_hw=None, bits=bits, page=index)
        except DefinitionError as error:
            raise InferenceError(f"{self.name(index)}: {error}") from error

    def marks(self, index: int) -> Marks:
        return marks_of(self.path, index)._replace(num_pages=1)  # each is looked at

    def depth(self) -> int:
        return brightest_of(len(self.stems), self._brightest)

    def _brightest(self, index: int) -> int:
        with opened(self.path, index) as file:
            values = deep_values(file, self.path, index)
            return 255 if values is None else brightest_but_hot(values)


def brightest_of(number: int, brightest: Callable[[int], int]) -> int:
    """The depth of `number` images, by the brightest values of some of them, spread evenly.

    One that cannot be read is skipped: reading it later reports the problem.
    """
    found = 0
    for index in dict.fromkeys(round(place) for place in np.linspace(0, number - 1, min(number, MOST_MEASURED))):
        with contextlib.suppress(Exception):
            found = max(found, brightest(index))
    return depth_of(min(found, 0xFFFF))


def num_pages(file: Path) -> int:
    """Pages of a TIFF file; 1 for any other file, and for one that cannot be read, which reading reports later."""
    if file.suffix.lower() in {".tif", ".tiff"}:
        with contextlib.suppress(Exception), Image.open(file, formats=("TIFF",)) as opened:
            return int(getattr(opened, "n_frames", 1))
    return 1


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InferenceError(f"{path} does not exist: name a folder of images, or one image")
    names = picture_names(path)
    if not names:
        kinds = ", ".join(suffix[1:] for suffix in PICTURE_SUFFIXES)
        raise InferenceError(f"{path} holds no images ({kinds}); folders in it are not looked into")
    return [path / name for name in names]


def fit(pixels: Bytes, image_hw: tuple[int, int], num_rows: int) -> Bytes:
    """(C, num_rows, W): the image resized to the network's frame, then cropped to its middle rows.

    An image of exactly that size was cropped before, and is left as it is.
    """
    height, width = image_hw
    if pixels.shape[1:] == (num_rows, width):
        return pixels
    if pixels.shape[1:] != image_hw:
        pixels = _resized(pixels, image_hw)
    top = top_row(height, num_rows)
    return pixels[:, top : top + num_rows]


def top_row(height: int, num_rows: int) -> int:
    """The first of the middle rows."""
    return round((height - num_rows) / 2)


def _resized(pixels: Bytes, image_hw: tuple[int, int]) -> Bytes:
    grey = len(pixels) == 1
    picture = Image.fromarray(pixels[0] if grey else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    resized: Bytes = np.array(picture.resize(image_hw[::-1], Image.Resampling.BILINEAR))
    return resized[None] if grey else resized.transpose(2, 0, 1)
