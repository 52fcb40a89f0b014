"""What is kept of an image to find others like it: a signature, its brightness, and how sharp it is.

The signature is made of the amplitudes of the image's spectrum at low frequencies, 64x64 pixels being enough for them.
A shift moves only their phases, blur and contrast change neighbouring ones alike, which whitening by ring takes away,
and mirroring swaps the amplitudes at (y, x) and (-y, x), of which the sum and the ratio are kept. Light that changes
slowly over the frame is taken out first. So the scalar product of two signatures is near 1 for a shifted, refocused,
brightened or mirrored copy, and near 0 for another image.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 64
_LOWEST, _HIGHEST = 2.5, 14
"""The frequencies that are used, in waves per frame."""

_MOST_RATIO = 2.5
_MOST_AMPLITUDE = 1.5
"""Of a logarithm: single amplitudes near zero say little."""

_FINE = 2
"""Pixels over which the finest detail is measured: single pixels are noise and compression."""

LEAST_CONTRAST = 1.0
"""Shades of 255: an image with less, once its light is even, shows nothing that could be compared."""

Floats = npt.NDArray[np.float32]


def _basis(*columns: npt.NDArray[np.float64]) -> Floats:
    return np.linalg.qr(np.stack([column.ravel() for column in columns], 1))[0].astype(np.float32)


_Y, _X = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
_LIGHT = _basis(np.ones_like(_X), _X, _Y, _X * _X, _Y * _Y, _X * _Y)
_WINDOW = np.sqrt(np.outer(np.hanning(SIDE + 2)[1:-1], np.hanning(SIDE + 2)[1:-1])).astype(np.float32)
_SQUARES = np.add.outer(np.arange(1, _HIGHEST + 1) ** 2, np.arange(1, _HIGHEST + 1) ** 2)
_ROWS, _COLUMNS = (place + 1 for place in np.nonzero((_SQUARES >= _LOWEST**2) & (_SQUARES <= _HIGHEST**2)))
_RADIUS = np.hypot(_ROWS, _COLUMNS)
_RINGS = _basis(np.ones_like(_RADIUS), _RADIUS, _RADIUS**2)

LENGTH = 2 * len(_ROWS)
"""Numbers in a signature."""


class Measures(NamedTuple):
    """All in shades from 0 (black) to 255 (white), but for sharpness."""

    brightness: float
    """The mean."""

    contrast: float
    """The standard deviation, once the light is even; without it there is nothing to see."""

    sharpness: float
    """Logarithm (base 2) of the finest detail's part of it."""


def looked_at(pixels: npt.NDArray[np.uint8]) -> tuple[Floats, Measures]:
    """The signature, LENGTH numbers of length 1 (0 for an image that shows nothing), and the measures of an image
    (H, W)."""
    picture = Image.fromarray(pixels)
    small = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32).ravel()
    even = small - _LIGHT @ (_LIGHT.T @ small)
    contrast = float(even.std())
    measures = Measures(float(small.mean()), contrast, _sharpness(picture))
    if contrast < LEAST_CONTRAST:
        return np.zeros(LENGTH, np.float32), measures
    return _signature(even.reshape(SIDE, SIDE)), measures


def _signature(even: Floats) -> Floats:
    amplitude = np.abs(np.fft.rfft2(even * _WINDOW)).astype(np.float32) + np.float32(1e-3)
    one, other = amplitude[_ROWS, _COLUMNS], amplitude[-_ROWS, _COLUMNS]
    both = np.log(np.hypot(one, other))
    both = (both - _RINGS @ (_RINGS.T @ both)).clip(-_MOST_AMPLITUDE, _MOST_AMPLITUDE)
    ratio = np.abs(np.log(one / other)).clip(0, _MOST_RATIO)
    found: Floats = np.concatenate([_unit(both), _unit(ratio - ratio.mean())]) * np.float32(np.sqrt(0.5))
    return found


def _unit(values: Floats) -> Floats:
    found: Floats = values / max(float(np.linalg.norm(values)), 1e-6)
    return found


def _sharpness(picture: Image.Image) -> float:
    if min(picture.size) < 16 * _FINE:
        return 0.0
    fine, coarse = (_detail(picture.reduce(factor)) for factor in (_FINE, 8 * _FINE))
    return float(np.log2((fine + 0.5) / (coarse + 0.5)))


def _detail(picture: Image.Image) -> float:
    """The mean square of differences between neighbours."""
    values = np.asarray(picture, np.int16)
    down, right = values[1:] - values[:-1], values[:, 1:] - values[:, :-1]
    return float(np.mean(down * down, dtype=np.float64) + np.mean(right * right, dtype=np.float64)) / 2
