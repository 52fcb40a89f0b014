"""Intervals hold the truth as often as they say. benchmarks/assay_coverage.py asks it at more places and of more
samples."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden_files import beside
from yogo.assay.corrections import CorrectionLine
from yogo.assay.estimate import estimated
from yogo.assay.interval import LinesOfSamples, share_interval
from yogo.assay.roles import MALARIA
from yogo.assay.tables import matrix_of, row_at, table_rows


def held(line: CorrectionLine, cells: float, density: float, samples: int = 1500) -> tuple[float, float]:
    """Of lines drawn as another titration would have drawn them: the intervals that hold the truth, and those that are
    open above. A slope that is not above 0 makes no interval."""
    rng, share = np.random.default_rng([int(cells), int(density)]), density / 5e6
    slopes = rng.normal(line.slope, line.slope_variance**0.5, 3 * samples)
    slopes = slopes[slopes > 0][:samples]
    intercepts = rng.normal(line.intercept, line.intercept_variance**0.5, samples)
    counts = rng.poisson(cells * (line.slope * share + line.intercept), samples).astype(np.float64)
    ones = np.ones(samples)
    variances = (ones * line.slope_variance, ones * line.intercept_variance, ones * 0)
    low, high = share_interval(counts, ones * cells, LinesOfSamples(slopes, intercepts, *variances))
    return float(((low <= share) & (share <= high)).mean()), float((high == 1).mean())


def line_of(model: str, threshold: float) -> CorrectionLine:
    rows = table_rows(beside("assay/golden.json").parent, model, is_clinical=True)
    return row_at(rows, threshold, model).line(5e6)


@pytest.mark.parametrize(("cells", "density"), [(2e5, 1000), (2e6, 50), (2e6, 50_000)])
@pytest.mark.parametrize("is_corrected", [False, True])
def test_intervals_of_95_percent_hold_the_truth(is_corrected: bool, cells: float, density: float) -> None:
    line = line_of("elated-smoke-4492", 0.985) if is_corrected else CorrectionLine(1.0)
    assert 0.93 <= held(line, cells, density)[0] <= 0.97


def test_a_line_that_may_be_flat_leaves_intervals_open_and_they_hold_the_truth() -> None:
    found, is_open = held(line_of("frightful-wendigo-1931", 0.82), 2e6, 1000)
    assert 0.93 <= found <= 0.975
    assert is_open > 0.8


def test_intervals_by_a_matrix_hold_the_truth() -> None:
    matrix = matrix_of(beside("assay/golden.json").parent, "frightful-wendigo-1931", 7)
    rng, cells, share, num_held = np.random.default_rng(0), 2e6, 200 / 5e6, 0
    true_K = cells * np.array([1 - share, 0.8 * share, 0.15 * share, 0.05 * share, 0, 5e-4, 2e-3])
    for _ in range(300):
        inverse_KK = matrix.inverse_KK + rng.normal(0, 1, (7, 7)) * matrix.inverse_deviation_KK
        counts_K = rng.poisson(np.maximum(true_K @ np.linalg.inv(inverse_KK), 0)).astype(np.float64)
        found = estimated(counts_K, MALARIA, matrix)
        assert found.low is not None
        assert found.high is not None
        num_held += found.low <= share <= found.high
    assert 0.91 < num_held / 300 < 0.985  # of 300, chance moves it by 0.025
