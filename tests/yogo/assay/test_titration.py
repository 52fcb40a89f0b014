"""Lines of titrations: what made the counts is found again, as well as the covariance says, and a curve is told."""

from __future__ import annotations

import numpy as np
import pytest

from yogo.assay.roles import Doubles
from yogo.assay.thresholds import KnownSamples, best_threshold, limit_elsewhere, limits_by_threshold
from yogo.assay.titration import titration_lines

LEVELS = np.concatenate([np.zeros(8), np.repeat([50, 200, 1000, 5000, 50000], 4)]) / 5e6
CELLS = np.full((1, len(LEVELS)), 1e6)


def counted(rng: np.random.Generator, spread: float = 0.0, bend: float = 0.0) -> Doubles:
    mean = (0.6 * LEVELS - bend * LEVELS**2 + 2e-5) * CELLS
    drawn = mean * rng.lognormal(0, spread, mean.shape) if spread else mean
    return np.asarray(rng.poisson(drawn), np.float64)


@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_the_line_is_found_as_well_as_its_covariance_says(spread: float) -> None:
    rng, held, spreads = np.random.default_rng(0), [], []
    for _ in range(150):
        lines = titration_lines(LEVELS, counted(rng, spread), CELLS)
        assert lines is not None
        line = lines.line(0)
        scale = np.exp(spread**2 / 2)
        held.append(abs(line.slope - 0.6 * scale) < 1.96 * line.slope_variance**0.5)
        held.append(abs(line.intercept - 2e-5 * scale) < 1.96 * line.intercept_variance**0.5)
        spreads.append(lines.spread[0])
    assert 0.91 < np.mean(held) < 0.98
    assert np.median(spreads) == pytest.approx(spread, abs=0.03)


def test_a_curve_is_told_from_a_line() -> None:
    rng = np.random.default_rng(0)
    straight = titration_lines(LEVELS, counted(rng), CELLS)
    curved = titration_lines(LEVELS, counted(rng, bend=20.0), CELLS)
    assert straight is not None
    assert curved is not None
    assert straight.is_straight(0) is True
    assert curved.is_straight(0) is False
    assert curved.bend[0] > straight.bend[0]
    few = titration_lines(LEVELS[[0, 9, 20]], counted(rng)[:, [0, 9, 20]], CELLS[:, :3])
    assert few is not None
    assert few.is_straight(0) is None


def test_one_level_makes_no_line() -> None:
    assert titration_lines(np.full(3, 1e-4), np.ones((1, 3)), np.full((1, 3), 1e6)) is None


def samples_at_thresholds(rng: np.random.Generator, spread: float) -> KnownSamples:
    """False positives fall tenfold up to 0.9, sensitivity falls slowly and then at once: the best is near 0.9."""
    threshold_T = np.arange(0.5, 1.0, 0.05)
    sensitivity_T = np.where(threshold_T > 0.92, 0.2, 0.9 - 0.2 * (threshold_T - 0.5))
    false_T = 1e-3 * 10 ** (-2.5 * (threshold_T - 0.5))
    sample_S = rng.lognormal(0, spread, len(LEVELS))
    mean_TS = (sensitivity_T[:, None] * LEVELS + false_T[:, None] * sample_S) * 1e6
    return KnownSamples(threshold_T, LEVELS, rng.poisson(mean_TS).astype(float), np.full(mean_TS.shape, 1e6))


@pytest.mark.parametrize("spread", [0.0, 0.2])
def test_the_best_threshold_is_found_with_its_range_and_told_of_other_samples(spread: float) -> None:
    samples = samples_at_thresholds(np.random.default_rng(3), spread)
    best = best_threshold(samples, 1e6)
    limits = limits_by_threshold(samples, 1e6)
    assert best is not None
    assert limits is not None
    assert 0.75 <= best.low <= best.threshold <= best.high <= 0.95
    assert best.limit == limits.min()
    assert best.limit_elsewhere is not None
    assert best.limit_elsewhere > 0.7 * best.limit


def test_a_choice_among_thresholds_that_do_not_differ_is_told_as_better_than_it_is() -> None:
    """The limit at the chosen threshold is too good; told of other samples it is not."""
    rng, chosen, elsewhere = np.random.default_rng(0), [], []
    for _ in range(12):
        mean_TS = np.tile((0.6 * LEVELS + 2e-5) * 1e6, (10, 1)) * rng.lognormal(0, 0.3, (10, len(LEVELS)))
        samples = KnownSamples(
            np.linspace(0.5, 0.95, 10), LEVELS, rng.poisson(mean_TS).astype(float), np.full(mean_TS.shape, 1e6)
        )
        limits, told = limits_by_threshold(samples, 1e6), limit_elsewhere(samples, 1e6)
        assert limits is not None
        assert told is not None
        chosen.append(limits.min())
        elsewhere.append(told)
    assert np.mean(elsewhere) > 1.1 * np.mean(chosen)


def test_without_a_negative_sample_there_is_no_limit() -> None:
    samples = samples_at_thresholds(np.random.default_rng(3), 0.0).of(np.flatnonzero(LEVELS > 0))
    assert limits_by_threshold(samples, 1e6) is None
    assert best_threshold(samples, 1e6) is None
