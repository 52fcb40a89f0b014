"""How much a curve jumps from one point to the next, apart from where it goes."""

from __future__ import annotations

from collections.abc import Sequence


def usual_jump(losses: Sequence[float]) -> float:
    """The median deviation of a loss from the mean of its two neighbours: a trend does not count. Needs three."""
    jumps = sorted(abs(b - (a + c) / 2) for a, b, c in zip(losses, losses[1:], losses[2:], strict=False))
    return jumps[len(jumps) // 2]
