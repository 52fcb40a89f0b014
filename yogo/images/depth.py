"""How many bits of an image's values hold brightness: by this rule, 12 bits in a 16-bit file are not read as black.

A file of 8 bits per value is read as it is. In a deeper one, values from 0 to 2^bits - 1 become 0 to 255, rounded,
where `bits` is 8, 10, 12, 14 or 16: the fewest that hold the brightest value of the whole set, except hot pixels, and
what its files declare (TIFF's BitsPerSample and MaxSampleValues, PNG's sBIT). It is decided once per run, from its
images, and is stored in run.json and in the checkpoint, which later reads of images follow.

A checkpoint without it (from published yogo, or an early one of ours) was trained on the upper eight of sixteen
bits, and images are still read that way for it: UPPER_EIGHT. The network's frames have eight bits in both cases.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from yogo.images.bits import Depth

DEPTHS: tuple[int, ...] = get_args(Depth)

Bits = int | None
Asked = Bits | Callable[[], Bits]
"""A depth, or a function that returns it once an image needs one."""

UPPER_EIGHT: Bits = None

HOT = 10_000
"""One value in this many may be a hot pixel's."""

FLAT = 1 / 16
"""An image whose values span less than this share of the range shows almost nothing."""


def depth_of(brightest: int) -> int:
    """The fewest bits that hold a value. Raises ValueError above 16 bits."""
    for bits in DEPTHS:
        if brightest < 2**bits:
            return bits
    raise ValueError(f"{brightest:,} has more than 16 bits")


def brightest_but_hot(values: npt.NDArray[Any]) -> int:
    """The highest of an image's values, except hot pixels, a single one of which would make all others black.

    One value in HOT, but at least one, counts as a hot pixel. Values above the range become white.
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
