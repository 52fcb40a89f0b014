"""One synthetic frame: uneven light, cells that hardly touch, noise, and exact labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from yogo.synth.cells import KINDS, CellKind, Floats, draw, specked

RADIUS = 0.024
"""Of a healthy cell, as a share of the square root of the frame's area: 21 pixels at 772x1032."""

SMALLEST_RADIUS = 3.5
"""In pixels: below that a cell of any kind is a dot."""

WIDEST = 3.8
"""The longest side of any cell's box, in radii."""

TWO_BYTES_DEVIATION = 104.51
"""Standard deviation of the sum of two random bytes."""


@dataclass(frozen=True, slots=True)
class Lighting:
    """How a set of frames was lit, in shades from 0 to 255."""

    shade: float
    """Of the background, in the middle."""

    slope: float
    """Its greatest change from one border to the other."""

    vignette: float
    """How much darker the corners are."""

    noise: float
    """Standard deviation of each pixel."""


@dataclass(frozen=True, slots=True)
class Look:
    """What differs between slides beside the light."""

    stain: float = 1.0
    """How much of their light the cells take: 1 as they are drawn, 0 would be cells that cannot be seen."""

    blur: float = 0.0
    """From 0, in focus, to 1: borders as wide as half a radius."""

    specks: float = 0.0
    """Share of the healthy cells with something dark on them, which is easily taken for a ring."""


CLEAR = Look()


class Box(NamedTuple):
    """A cell's pixels lie in columns x0 to x1 and rows y0 to y1, the last ones not included."""

    kind: int
    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True)
class Frame:
    pixels: npt.NDArray[np.uint8]
    """(H, W)."""

    boxes: tuple[Box, ...]

    @property
    def label(self) -> str:
        """The label file: class, x_centre, y_centre, width, height, in fractions of the frame."""
        height, width = self.pixels.shape
        rows = []
        for kind, x0, y0, x1, y1 in self.boxes:
            centre = (x0 + x1) / 2 / width, (y0 + y1) / 2 / height
            rows.append((kind, *centre, (x1 - x0) / width, (y1 - y0) / height))
        return "".join("{} {:.9f} {:.9f} {:.9f} {:.9f}\n".format(*row) for row in rows)


def make_frame(
    rng: np.random.Generator,
    image_hw: tuple[int, int],
    lighting: Lighting,
    num_cells: int,
    shares: npt.NDArray[np.float64],
    *,
    look: Look = CLEAR,
) -> Frame:
    """A frame with `num_cells` cells, of the first kinds in these `shares`."""
    height, width = image_hw
    light = background(rng, image_hw, lighting)
    radius = min(max(SMALLEST_RADIUS, RADIUS * math.sqrt(height * width)), (min(image_hw) - 3) / WIDEST)
    kinds = rng.choice(len(shares), num_cells, p=shares)
    cells = [draw(KINDS[kind], rng, radius) for kind in kinds]
    if look != CLEAR:
        cells = [_looking(cell, int(kind), rng, radius, look) for cell, kind in zip(cells, kinds, strict=True)]
    centres = place(rng, image_hw, num_cells)
    # The large ones first, so that none disappears below another.
    order = sorted(range(num_cells), key=lambda index: -cells[index].size)
    boxes = [paint(light, cells[index], int(kinds[index]), *centres[index]) for index in order]
    if look.blur:
        light = _blurred(light, look.blur, radius)
    grain = rng.integers(0, 256, (2, height, width), dtype=np.uint8).sum(0, dtype=np.int16) - np.int16(255)
    light += grain * np.float32(lighting.noise / TWO_BYTES_DEVIATION)
    return Frame(np.clip(light + np.float32(0.5), 0, 255).astype(np.uint8), tuple(boxes))


def _looking(cell: Floats, kind: int, rng: np.random.Generator, radius: float, look: Look) -> Floats:
    if kind == 0 and rng.random() < look.specks:
        cell = specked(cell, rng, radius)
    return np.float32(1) - np.float32(look.stain) * (np.float32(1) - cell)


def _blurred(light: Floats, blur: float, radius: float) -> Floats:
    """Twice, along rows and columns: a part of each pixel goes to those a fifth of a radius away."""
    step, part = max(1, round(radius / 5)), np.float32(blur / 2)
    for axis in (0, 1, 0, 1):
        size = light.shape[axis]
        wide = np.pad(light, [(step, step) if one == axis else (0, 0) for one in (0, 1)], mode="edge")
        before, after = (np.take(wide, range(start, start + size), axis) for start in (0, 2 * step))
        light = light * (np.float32(1) - 2 * part) + (before + after) * part
    return light


def background(rng: np.random.Generator, image_hw: tuple[int, int], lighting: Lighting) -> Floats:
    """(H, W): the light without cells."""
    rows, columns = (np.linspace(-1, 1, size, dtype=np.float32) for size in image_hw)
    shade = lighting.shade + rng.uniform(-8, 8)
    (slope_x, slope_y), (x, y) = rng.uniform(-0.5, 0.5, 2) * lighting.slope, rng.uniform(-0.3, 0.3, 2)
    curve = np.float32(lighting.vignette / 2)
    along = np.float32(slope_x) * columns - curve * (columns - np.float32(x)) ** 2
    down = np.float32(shade) + np.float32(slope_y) * rows - curve * (rows - np.float32(y)) ** 2
    light: Floats = down[:, None] + along[None, :]
    return light


def place(rng: np.random.Generator, image_hw: tuple[int, int], num_cells: int) -> npt.NDArray[np.int64]:
    """Centres (num_cells, 2), x and y: each in a square of its own, somewhere in its middle."""
    height, width = image_hw
    num_columns = max(1, math.ceil(math.sqrt(1.25 * num_cells * width / height)))
    num_rows = max(1, math.ceil(1.25 * num_cells / num_columns))
    square = rng.permutation(num_columns * num_rows)[:num_cells]
    jitter = rng.uniform(0.25, 0.75, (num_cells, 2))
    x = (square % num_columns + jitter[:, 0]) * (width / num_columns)
    y = (square // num_columns + jitter[:, 1]) * (height / num_rows)
    return np.stack((x, y), 1).astype(np.int64)


def paint(light: Floats, cell: Floats, kind: int, x: int, y: int) -> Box:
    """Put the cell on `light`, around (x, y) or as near as the frame's borders allow; returns where it is."""
    height, width = cell.shape
    x0 = min(max(x - width // 2, 0), light.shape[1] - width)
    y0 = min(max(y - height // 2, 0), light.shape[0] - height)
    light[y0 : y0 + height, x0 : x0 + width] *= cell
    return Box(kind, x0, y0, x0 + width, y0 + height)


def shares_of(kinds: tuple[CellKind, ...], *, even: bool = False) -> npt.NDArray[np.float64]:
    """How often each kind occurs; with `even`, the rare ones more often than in blood as it comes."""
    shares = np.array([kind.share for kind in kinds])
    if even:
        shares = np.sqrt(shares)
    normal: npt.NDArray[np.float64] = shares / shares.sum()
    return normal
