"""How many of a picture's bits are brightness: the one rule, by which 12 bits in a file of 16 are not read as black.

A file of 8 bits a value is read as it is. Of a deeper one, values from 0 to 2^bits - 1 become 0 to 255, rounded, where
`bits` is 8, 10, 12, 14 or 16: the fewest that hold the brightest value of the whole set but for hot pixels, and what
its files declare (TIFF's BitsPerSample and its MaxSampleValues, PNG's sBIT). It is decided once a run, over its
pictures, and is kept in run.json and in the checkpoint, by which pictures are read ever after.

A checkpoint that does not say it (published yogo's, and ours from before) was trained on the upper eight of sixteen
bits, whatever they held, and goes on reading so: UPPER_EIGHT. The network's frames have eight bits either way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

DEPTHS = (8, 10, 12, 14, 16)

Bits = int | None
Asked = Bits | Callable[[], Bits]
"""A depth, or what is to be asked for it once a picture needs one."""

UPPER_EIGHT: Bits = None

HOT = 10_000
"""Of so many values one may be a hot pixel's."""

FLAT = 1 / 16
"""A picture whose values span less than this share of the range shows hardly anything."""


def depth_of(brightest: int) -> int:
    """The fewest bits that hold a value. Raises ValueError above 16 bits."""
    for bits in DEPTHS:
        if brightest < 2**bits:
            return bits
    raise ValueError(f"{brightest:,} has more than 16 bits")


def brightest_but_hot(values: npt.NDArray[Any]) -> int:
    """The highest of a picture's values but for hot pixels, of which a single one would make all others black.

    These are one value in HOT, or one at least. Those above the range become white.
    """
    num_hot = max(1, values.size // HOT) if values.size > 1 else 0
    return int(np.partition(values, -1 - num_hot, axis=None)[-1 - num_hot])


def settle(bits: Asked) -> Bits:
    return bits() if callable(bits) else bits


def as_bytes(values: npt.NDArray[Any], bits: Bits, *, white_is_zero: bool = False) -> npt.NDArray[np.uint8]:
    """uint8 of the same shape, of values from 0 to 65535; those above the range become the brightest."""
    found: npt.NDArray[np.uint8] = (
        (values >> 8).astype(np.uint8) if bits is None else _table(bits, white_is_zero)[values]
    )
    return found


@lru_cache(maxsize=2 * len(DEPTHS))
def _table(bits: int, white_is_zero: bool) -> npt.NDArray[np.uint8]:
    top = 2**bits - 1
    values = np.minimum(np.arange(2**16), top)
    shades: npt.NDArray[np.uint8] = np.rint((top - values if white_is_zero else values) * (255 / top)).astype(np.uint8)
    return shades
