"""Student's t, of which intervals of few figures are made."""

from __future__ import annotations

import math
from functools import cache

NORMAL = 1.959964
"""Its quantile .975 where the figures are many: that of the normal distribution."""


@cache
def students_t(freedom: float) -> float:
    """The quantile .975 of Student's t."""
    import numpy as np  # what only asks for NORMAL needs none

    low, high = 0.0, 20.0
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)
    for _ in range(60):
        middle = (low + high) / 2
        at = np.linspace(0, middle, 2_001)
        density = scale * (1 + at**2 / freedom) ** (-(freedom + 1) / 2)
        below = 0.5 + float(np.trapezoid(density, at))
        low, high = (middle, high) if below < 0.975 else (low, middle)
    return high
