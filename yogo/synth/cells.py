"""Seven kinds of cells, each a small array of how much light passes.

Lengths are in radii of a healthy cell until they are drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

RIM = 0.55
"""Light that passes a cell's rim."""


@dataclass(frozen=True, slots=True)
class CellCoordinates:
    """The pixels around a cell, in the cell's own turned and stretched coordinates."""

    x: Floats
    y: Floats

    def disc(self, x: float, y: float, radius: float) -> Mask:
        return (self.x - np.float32(x)) ** 2 + (self.y - np.float32(y)) ** 2 <= np.float32(radius * radius)


def coordinates(rng: np.random.Generator, radius: float, width: float, height: float) -> CellCoordinates:
    """An ellipse with these half axes (in radii), turned at random, becomes the unit circle of these coordinates."""
    reach = math.ceil(max(width, height) * radius) + 1
    steps = np.arange(-reach, reach + 1, dtype=np.float32)
    shift_x, shift_y = rng.uniform(-0.5, 0.5, 2).astype(np.float32)
    x, y = (steps - shift_x)[None, :], (steps - shift_y)[:, None]
    cosine, sine = _direction(rng)
    return CellCoordinates(
        (x * np.float32(cosine) + y * np.float32(sine)) / np.float32(width * radius),
        (y * np.float32(cosine) - x * np.float32(sine)) / np.float32(height * radius),
    )


def _direction(rng: np.random.Generator) -> tuple[float, float]:
    """Cosine and sine of a random angle, by the rational points of the circle."""
    t = rng.uniform(-1, 1)
    sign = 1 if rng.random() < 0.5 else -1
    return sign * (1 - t * t) / (1 + t * t), sign * 2 * t / (1 + t * t)


def _body(at: CellCoordinates, light: float) -> Floats:
    """A cell with a dark rim; beside it all light passes."""
    return np.where(at.disc(0, 0, 1), np.where(at.disc(0, 0, 0.84), np.float32(light), np.float32(RIM)), np.float32(1))


def _darken(light: Floats, where: Mask, to: float) -> None:
    light[where & (light < 1)] = to


def healthy(rng: np.random.Generator, radius: float) -> Floats:
    """A disc with a pale middle."""
    at = coordinates(rng, radius, *rng.uniform(0.9, 1.1, 2))
    light = _body(at, 0.76)
    _darken(light, at.disc(0, 0, 0.45), 0.93)
    return light


def ring(rng: np.random.Generator, radius: float) -> Floats:
    """A disc with a small dark ring in it."""
    at = coordinates(rng, radius, *rng.uniform(0.9, 1.1, 2))
    light = _body(at, 0.78)
    x, y = rng.uniform(-0.25, 0.25, 2)
    _darken(light, at.disc(x, y, 0.42), 0.3)
    _darken(light, at.disc(x, y, 0.2), 0.85)
    return light


def trophozoite(rng: np.random.Generator, radius: float) -> Floats:
    """A disc with one large dark blob."""
    at = coordinates(rng, radius, *rng.uniform(0.95, 1.15, 2))
    light = _body(at, 0.7)
    x, y = rng.uniform(-0.25, 0.25, 2)
    _darken(light, at.disc(x, y, 0.5), 0.3)
    return light


def schizont(rng: np.random.Generator, radius: float) -> Floats:
    """A larger disc full of dark dots."""
    at = coordinates(rng, radius, *rng.uniform(1.1, 1.25, 2))
    light = _body(at, 0.66)
    for x in (-0.5, 0.0, 0.5):
        for y in (-0.5, 0.0, 0.5):
            dx, dy = rng.uniform(-0.08, 0.08, 2)
            _darken(light, at.disc(x + dx, y + dy, 0.17), 0.22)
    return light


def gametocyte(rng: np.random.Generator, radius: float) -> Floats:
    """A long dark ellipse."""
    at = coordinates(rng, radius, rng.uniform(1.35, 1.55), rng.uniform(0.5, 0.6))
    light = _body(at, 0.5)
    _darken(light, at.disc(0, 0, 0.4), 0.28)
    return light


def white_cell(rng: np.random.Generator, radius: float) -> Floats:
    """A cell nearly twice as large, with a dark nucleus of three lobes."""
    at = coordinates(rng, radius, *rng.uniform(1.6, 1.85, 2))
    light = _body(at, 0.84)
    for x, y in rng.uniform(-0.35, 0.35, (3, 2)):
        _darken(light, at.disc(x, y, 0.4), 0.2)
    return light


def debris(rng: np.random.Generator, radius: float) -> Floats:
    """A small black speck without a rim."""
    at = coordinates(rng, radius, *rng.uniform(0.45, 0.6, 2))
    return np.where(at.disc(0, 0, 1), np.float32(0.25), np.float32(1))


def specked(light: Floats, rng: np.random.Generator, radius: float) -> Floats:
    """A drawn cell with something dark on it that is no part of it: a platelet, or stain. Some have a pale middle, as a
    ring has."""
    rows, columns = (np.arange(side, dtype=np.float32)[:, None] - np.float32(side / 2) for side in light.shape)
    x, y = rng.uniform(-0.4, 0.4, 2)
    size, dark, middle = rng.uniform(0.22, 0.4), rng.uniform(0.25, 0.5), rng.uniform(0.3, 0.5)
    at = CellCoordinates(columns.T / np.float32(radius), rows / np.float32(radius))
    found = light.copy()
    _darken(found, at.disc(x, y, size), dark)
    if rng.random() < 0.4:
        _darken(found, at.disc(x, y, size * middle), 0.85)
    return found


@dataclass(frozen=True, slots=True)
class CellKind:
    name: str
    draw: Callable[[np.random.Generator, float], Floats]
    share: float
    """Shares of all cells in typical blood."""


KINDS = (
    CellKind("healthy", healthy, 0.80),
    CellKind("ring", ring, 0.06),
    CellKind("trophozoite", trophozoite, 0.04),
    CellKind("schizont", schizont, 0.025),
    CellKind("gametocyte", gametocyte, 0.025),
    CellKind("wbc", white_cell, 0.02),
    CellKind("misc", debris, 0.03),
)


def draw(kind: CellKind, rng: np.random.Generator, radius: float) -> Floats:
    """(h, w): how much of the background's light passes a cell of this kind, cut to its outermost pixels.

    It is 1 beside the cell, and less on every pixel of it. `radius`, in pixels, is that of a healthy one.
    """
    light = kind.draw(rng, radius)
    inside = light < 1
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
