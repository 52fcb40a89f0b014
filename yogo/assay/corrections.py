"""What is known of a model's mistakes: the line of a titration, or the confusion matrix of a test.

A line says count / cells = slope * share + intercept; both ends are shares of the cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from yogo.assay.roles import Doubles
from yogo.run.correction import AssayLine, CountCorrection


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    slope: float
    """Target cells that are counted, of each that is there: the sensitivity."""

    intercept: float = 0.0
    """Targets that are counted in a cell of a sample without any: false positives a cell."""

    slope_variance: float = 0.0
    intercept_variance: float = 0.0
    covariance: float = 0.0

    @classmethod
    def of(cls, line: AssayLine) -> CorrectionLine:
        return cls(line.slope, line.intercept, line.slope_variance, line.intercept_variance, line.covariance)


@dataclass(frozen=True, slots=True)
class CorrectionMatrix:
    """Rows are the truth, columns the prediction."""

    mean_KK: Doubles
    """The mean of the matrices of the parts of a test set; each row sums to 1."""

    inverse_KK: Doubles
    inverse_deviation_KK: Doubles
    """The standard deviation of each element of the parts' inverses."""

    inverses_FKK: Doubles | None = None
    """The inverse of each part, where they are known: with them go the covariances between elements."""

    @classmethod
    def of(cls, correction: CountCorrection) -> CorrectionMatrix | None:
        """None where it has no matrix."""
        if correction.matrix is None:
            return None
        mean_KK, inverses_FKK = np.array(correction.matrix, np.float64), np.array(correction.inverses, np.float64)
        inverse_KK: Doubles = np.linalg.inv(mean_KK).astype(np.float64)
        if len(inverses_FKK) < 2:
            return cls(mean_KK, inverse_KK, np.zeros_like(mean_KK))
        return cls(mean_KK, inverse_KK, inverses_FKK.std(0, ddof=1), inverses_FKK)
