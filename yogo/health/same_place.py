"""Whether two images show the same place: compared at every shift, and mirrored, where they overlap.

Brightness does not count: each image is compared without its slow changes, and in units of its own contrast. Nor does
focus, much: images are compared at a size at which a cell is a few pixels.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from yogo.images.depth import Bits
from yogo.images.pixels import read_pixels

LONG_SIDE = 128
"""In pixels, at which images are compared."""

LEAST_OVERLAP = 0.5
"""Share of the frame that both images must show."""

LEAST_CORRELATION = 0.6
_SLOW = 8
"""In pixels at that size: slower changes are light, not cells."""

MIRRORS = {"": (1, 1), "mirrored left to right": (1, -1), "mirrored top to bottom": (-1, 1), "turned by 180°": (-1, -1)}

Floats = npt.NDArray[np.float32]


class SamePlace(NamedTuple):
    correlation: float
    """Of the part that both show: 1 if it is the same."""

    shift: tuple[int, int]
    """By how many pixels of the first image's file the second shows it further right and further down."""

    mirror: str
    """How the second is mirrored, in words; empty if it is not."""

    @property
    def moved(self) -> float:
        return math.hypot(*self.shift)


def same_place(one: str, other: str, bits: Bits) -> SamePlace | None:
    """How the image file `other` shows the place that `one` does; None if it does not. Raises DefinitionError."""
    small, scale = _prepared(one, bits)
    second = _fitted(other, bits, small.shape)
    found = max((_best(small, second[::y, ::x], mirror) for mirror, (y, x) in MIRRORS.items()), key=lambda at: at[0])
    correlation, (down, right), mirror = found
    if correlation < LEAST_CORRELATION:
        return None
    return SamePlace(correlation, (round(right * scale), round(down * scale)), mirror)


@lru_cache(maxsize=64)
def _prepared(path: str, bits: Bits) -> tuple[Floats, float]:
    """The image as it is compared, and how many pixels of its file one of these is."""
    picture = Image.fromarray(read_pixels(path, rgb=False, image_hw=None, bits=bits)[0])
    scale = max(1.0, max(picture.size) / LONG_SIDE)
    width, height = (max(8, round(side / scale)) for side in picture.size)
    return _without_light(picture.resize((width, height), Image.Resampling.BOX)), scale


def _fitted(path: str, bits: Bits, shape: tuple[int, ...]) -> Floats:
    found = _prepared(path, bits)[0]
    if found.shape == shape:
        return found
    picture = Image.fromarray(read_pixels(path, rgb=False, image_hw=None, bits=bits)[0])
    return _without_light(picture.resize((shape[1], shape[0]), Image.Resampling.BOX))


def _without_light(picture: Image.Image) -> Floats:
    slow = picture.filter(ImageFilter.GaussianBlur(_SLOW))
    found: Floats = np.asarray(picture, np.float32) - np.asarray(slow, np.float32)
    return found / max(float(found.std()), 1e-6)


def _best(one: Floats, other: Floats, mirror: str) -> tuple[float, tuple[float, float], str]:
    """The highest correlation, the shift (down, right) it is at, and the mirror as given."""
    height, width = one.shape
    size = 2 * height, 2 * width
    spectrum, energy, there = _spectra(one.tobytes(), one.shape)
    second, second_energy, _ = _spectra(np.ascontiguousarray(other).tobytes(), one.shape)
    product = np.fft.irfft2(spectrum * second.conj(), size)
    first_part = np.fft.irfft2(energy * there.conj(), size)
    second_part = np.fft.irfft2(there * second_energy.conj(), size)
    overlap = np.outer(_shared(height), _shared(width))
    correlation = product / np.sqrt(np.maximum(first_part * second_part, 1.0))
    correlation[overlap < LEAST_OVERLAP] = -1
    place = int(correlation.argmax())
    down, right = divmod(place, size[1])
    shift = _signed(down, height), _signed(right, width)
    return float(correlation.flat[place]), (-shift[0], -shift[1]), mirror


@lru_cache(maxsize=16)
def _spectra(data: bytes, shape: tuple[int, int]) -> tuple[npt.NDArray[np.complex64], ...]:
    """Of an image, of its squares, and of ones where it is; each padded to twice its size."""
    one = np.frombuffer(data, np.float32).reshape(shape)
    size = 2 * shape[0], 2 * shape[1]
    return tuple(np.fft.rfft2(part, size).astype(np.complex64) for part in (one, one * one, np.ones_like(one)))


def _shared(side: int) -> Floats:
    """The share of a side on which two images overlap, by shift."""
    steps = np.arange(2 * side)
    return np.maximum(0, 1 - np.minimum(steps, 2 * side - steps) / side).astype(np.float32)


def _signed(place: int, side: int) -> int:
    return place if place < side else place - 2 * side
