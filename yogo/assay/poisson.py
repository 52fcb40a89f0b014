"""Poisson probabilities, exact and for counts that need not be whole, of many counts at once.

P(count >= x | mean) is the regularised lower incomplete gamma function P(x, mean); by its series and its continued
fraction (Press et al., Numerical Recipes, 3rd edition, section 6.2).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from yogo.assay.roles import Doubles

_MOST_STEPS = 2000
_SMALL = 1e-300
_DONE = 1e-13

Bools = NDArray[np.bool_]

_LOG_GAMMA = np.frompyfunc(math.lgamma, 1, 1)
_ERROR_FUNCTION = np.frompyfunc(math.erf, 1, 1)


def log_gamma(value: Doubles) -> Doubles:
    return np.asarray(_LOG_GAMMA(value), np.float64)


def normal_nodes(num: int) -> tuple[Doubles, Doubles]:
    """(num,) places of a standard normal variable, and their weights: an integral over it is a sum."""
    nodes_N = np.linspace(-5, 5, num)
    weights_N = np.exp(-(nodes_N**2) / 2)
    return nodes_N, weights_N / weights_N.sum()


def normal_cdf(value: Doubles) -> Doubles:
    return (1 + np.asarray(_ERROR_FUNCTION(value / math.sqrt(2)), np.float64)) / 2


def at_least(count: ArrayLike, mean: ArrayLike) -> Doubles:
    """P(X >= count) for Poisson means; counts above 0 may be broken. Shapes are broadcast."""
    a, x = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(mean, np.float64))
    found = np.where(a <= 0, 1.0, 0.0)
    for chosen, gamma in ((x < a + 1, _series), (x >= a + 1, _fraction)):
        if (where := chosen & (a > 0) & (x > 0)).any():
            found[where] = gamma(a[where], x[where])
    return found


def probability_of(count: ArrayLike, mean: ArrayLike) -> Doubles:
    """P(X = count), and the same formula for broken counts."""
    k, x = np.broadcast_arrays(np.asarray(count, np.float64), np.asarray(mean, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.where(k == 0, 0.0, k * np.log(x))
    return np.asarray(np.exp(powers - x - log_gamma(k + 1)), np.float64)


def nearly_at_most(count: ArrayLike, mean: ArrayLike) -> Doubles:
    """P(X <= count) within about 0.001, at once (Peizer and Pratt, J. Am. Stat. Assoc. 63, 1968)."""
    x, mu = np.broadcast_arrays(np.asarray(count, np.float64), np.maximum(np.asarray(mean, np.float64), 1e-9))
    ratio = np.maximum(x + 0.5, 1e-9) / mu
    off = np.where(np.abs(ratio - 1) < 1e-4, 1e-4, ratio - 1)
    bend = np.where(off == 1e-4, 0.0, (1 - ratio**2 + 2 * ratio * np.log(ratio)) / off**2)
    deviations = (x + 2 / 3 - mu + 0.02 / np.maximum(x + 1, 0.02)) * np.sqrt(np.maximum(1 + bend, 0) / mu)
    return np.where(x < 0, 0.0, normal_cdf(deviations))


def quantile(chance: float, mean: float) -> int:
    """The least count k with P(X <= k) >= chance."""
    low, high = -1, math.ceil(mean + 10 * math.sqrt(mean) + 20)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if 1 - at_least(middle + 1, mean) >= chance else (middle, high)
    return high


def chi_squared(chance: float, freedom: float) -> float:
    """The quantile of χ², which is below x as often as a Poisson count of mean x / 2 is freedom / 2 or more."""
    low, high = 0.0, freedom + 20 * math.sqrt(freedom) + 50
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if at_least(freedom / 2, middle / 2) >= chance else (middle, high)
    return high


def _head(a: Doubles, x: Doubles) -> Doubles:
    return np.exp(a * np.log(x) - x - log_gamma(a))


def _series(a: Doubles, x: Doubles) -> Doubles:
    term = total = 1 / a
    n = a.copy()
    for _ in range(_MOST_STEPS):
        n = n + 1
        term = term * x / n
        total = total + term
        if (term <= total * _DONE).all():
            break
    return total * _head(a, x)


def _fraction(a: Doubles, x: Doubles) -> Doubles:
    b = x + 1 - a
    c = np.full_like(b, 1 / _SMALL)
    d = 1 / b
    total = d
    for step in range(1, _MOST_STEPS):
        an = -step * (step - a)
        b = b + 2
        d = 1 / _off_zero(an * d + b)
        c = _off_zero(b + an / c)
        total = total * d * c
        if (np.abs(d * c - 1) < _DONE).all():
            break
    return 1 - total * _head(a, x)


def _off_zero(value: Doubles) -> Doubles:
    return np.where(np.abs(value) < _SMALL, _SMALL, value)
