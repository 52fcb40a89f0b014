"""Round numbers to label the axes of a plot with."""

from __future__ import annotations

import math


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Exponents of round numbers between 10**low and 10**high. In a wide range they are powers of ten only."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    for digits in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,)):
        ticks = [power + math.log10(digit) for power in powers for digit in digits]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            break
    if len(ticks) > most:
        ticks = ticks[:: math.ceil(len(ticks) / most)]
    return ticks if len(ticks) >= 2 else [low + (high - low) * share for share in (0.1, 0.5, 0.9)]


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers, equally far apart, between `low` and `high`: at most `most`, and none without a range."""
    if not high > low or not math.isfinite(high - low):
        return []
    power = 10.0 ** math.floor(math.log10((high - low) / max(most, 1)))
    for step in (power, 2 * power, 5 * power, 10 * power, 20 * power):
        start, stop = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if stop - start < most:
            return [number * step for number in range(start, stop + 1)]
    return []


def tick_words(value: float) -> str:
    """A number on an axis, in at most seven characters."""
    if abs(value) >= 100_000 or 0 < abs(value) < 0.001:
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e+")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
