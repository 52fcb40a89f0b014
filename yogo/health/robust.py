"""What is usual, by the median and the median deviation from it, which a few odd values do not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_NORMAL = 1.4826
"""Standard deviations of a normal distribution in its median deviation."""

_NARROWEST = 1e-3
"""So that values which are all but equal have a spread."""


@dataclass(frozen=True, slots=True)
class MedianSpread:
    median: float
    deviation: float
    """As a standard deviation."""

    @classmethod
    def of(cls, values: npt.NDArray[np.floating]) -> MedianSpread:
        median = float(np.median(values))
        return cls(median, max(_NORMAL * float(np.median(np.abs(values - median))), _NARROWEST))

    def far(self, values: npt.NDArray[np.floating], deviations: float, least: float) -> npt.NDArray[np.bool_]:
        """Which values are further from the median than so many deviations, and than `least`."""
        found: npt.NDArray[np.bool_] = np.abs(values - self.median) > max(deviations * self.deviation, least)
        return found
