"""Limits: the checks of the given tables and matrix, false positives that differ between samples, and both limits
against simulated counts."""

from __future__ import annotations

import numpy as np
import pytest

from tests.golden_files import beside
from yogo.assay.limits import blank_limit, detection_limit, false_positives, line_of_matrix, sensitivities
from yogo.assay.poisson import chi_squared
from yogo.assay.roles import MALARIA
from yogo.assay.tables import matrix_of, table_rows

ELATED, STILL, FRIGHTFUL = "elated-smoke-4492", "still-voice-4405", "frightful-wendigo-1931"


def limits_by_threshold(model: str, cells: float) -> dict[float, float]:
    rows = table_rows(beside("assay/golden.json").parent, model, is_clinical=True)
    lines = [row.line(5e6) for row in rows]
    found = detection_limit([one.slope for one in lines], [one.intercept for one in lines], cells)
    return {row.threshold: limit * 5e6 for row, limit in zip(rows, found, strict=True)}


@pytest.mark.parametrize(
    ("model", "cells", "threshold", "wanted"),
    [
        (ELATED, 2e6, 0.985, 92),
        (STILL, 2e6, 0.97, 160),
        (FRIGHTFUL, 2e6, 0.82, 243),
        (ELATED, 2e5, None, 463),
        (STILL, 2e5, None, 714),
        (FRIGHTFUL, 2e5, None, 925),
    ],
)
def test_the_lowest_limit_of_a_table_is_the_one_known(
    model: str, cells: float, threshold: float | None, wanted: float
) -> None:
    found = limits_by_threshold(model, cells)
    best = min(found, key=found.__getitem__)
    assert threshold is None or best == pytest.approx(threshold)
    assert found[best] == pytest.approx(wanted, abs=1)


@pytest.mark.parametrize(("model", "wanted"), [(ELATED, 103), (STILL, 170), (FRIGHTFUL, 296)])
def test_the_limit_at_a_threshold_is_the_one_known(model: str, wanted: float) -> None:
    [found] = [limit for at, limit in limits_by_threshold(model, 2e6).items() if at == pytest.approx(0.95)]
    assert found == pytest.approx(wanted, abs=1)


def test_the_matrix_tells_the_false_positives_and_the_sensitivities() -> None:
    matrix = matrix_of(beside("assay/golden.json").parent, FRIGHTFUL, 7)
    assert line_of_matrix(matrix, MALARIA).intercept * 5e6 == pytest.approx(638, abs=1)
    seen = sensitivities(matrix, MALARIA)
    assert set(seen) == set(MALARIA.target)
    only_rings = line_of_matrix(matrix, MALARIA, {"ring": 1.0})
    assert only_rings.slope + only_rings.intercept == pytest.approx(seen["ring"])


def test_the_spread_between_negative_samples_is_found() -> None:
    rng = np.random.default_rng(0)
    cells = np.full(400, 1e6)
    alike = false_positives(rng.poisson(1e6 * 1e-4, 400).astype(float), cells)
    apart = false_positives(rng.poisson(1e6 * 1e-4 * rng.gamma(4, 1 / 4, 400)).astype(float), cells)
    assert alike is not None
    assert apart is not None
    assert alike.dispersion < 0.005
    assert apart.dispersion == pytest.approx(0.25, abs=0.06)  # a gamma of shape 4 has the variance 1 / 4
    assert apart.low < 1e-4 < apart.high
    assert apart.high - apart.low > 3 * (alike.high - alike.low)


def test_one_negative_sample_tells_no_spread_and_none_nothing() -> None:
    one = false_positives(np.array([0.0]), np.array([1e6]))
    assert one is not None
    assert (one.share, one.low, one.dispersion) == (0, 0, 0)
    assert one.high == pytest.approx(3e-6, rel=0.01)
    assert false_positives(np.array([0.0]), np.array([0.0])) is None


@pytest.mark.parametrize("cells", [1e6, 4e7])
@pytest.mark.parametrize("dispersion", [0.0, 0.005, 0.1, 0.5])
def test_blanks_and_samples_at_the_limits_exceed_as_often_as_they_should(dispersion: float, cells: float) -> None:
    rng, share, size = np.random.default_rng(1), 5e-5, 40_000
    found = float(detection_limit(0.6, share, cells, dispersion))
    limit = float(blank_limit(cells * share, dispersion))
    blank = cells * share * (rng.gamma(1 / dispersion, dispersion, size) if dispersion else np.ones(size))
    assert np.mean(rng.poisson(blank) > limit) <= 0.055
    assert np.mean(rng.poisson(blank) > 0.97 * limit - 2) > 0.045
    assert np.mean(rng.poisson(blank + cells * 0.6 * found) > limit) == pytest.approx(0.95, abs=0.006)


def test_what_counts_nothing_has_no_limit() -> None:
    assert np.isinf(detection_limit([0.0, -0.1], [1e-5, 1e-5], 1e6)).all()


def test_the_interval_of_the_spread_between_blanks_holds_it() -> None:
    """Gamma blanks that differ by 30 %, in six samples of 200,000 cells: 95 % of 1,000 intervals, within chance."""
    rng = np.random.default_rng(11)
    rate_RS = rng.gamma(1 / 0.09, 0.09 * 1e-4, (1000, 6))
    cells_S = np.full(6, 2e5)
    held = 0
    for count_S in rng.poisson(rate_RS * cells_S):
        found = false_positives(count_S.astype(np.float64), cells_S)
        assert found is not None
        assert found.spread_interval is not None
        low, high = found.spread_interval
        assert low <= found.spread <= high
        held += low <= 0.3e-4 <= high
    assert 930 <= held <= 985


def test_the_spread_of_two_blanks_or_of_none_counted_has_no_interval() -> None:
    for counts, cells in (([5.0, 9.0], [1e5, 1e5]), ([0.0, 0.0, 0.0], [1e5] * 3)):
        found = false_positives(np.array(counts), np.array(cells))
        assert found is not None
        assert found.spread_interval is None


@pytest.mark.parametrize(
    ("chance", "freedom", "wanted"), [(0.975, 5, 12.8325), (0.025, 5, 0.8312), (0.975, 1, 5.0239), (0.5, 40, 39.3353)]
)
def test_quantiles_of_chi_squared_are_those_of_tables(chance: float, freedom: float, wanted: float) -> None:
    assert chi_squared(chance, freedom) == pytest.approx(wanted, abs=1e-3)
