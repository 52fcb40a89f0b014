"""What the benchmarks share: ways that are measured in turn, each in a process of its own, and the verdict on them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any


def answer_of(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object that a Python program prints last."""
    done = subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def frames_per_s(
    ways: Mapping[str, Sequence[str]], repeats: int, environment: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Of each way, the median: each in turn, again and again, so that a busy machine slows all of them."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, arguments in ways.items():
            rates[name].append(float(answer_of(arguments, environment)["frames_per_s"]))
    return {name: median(some) for name, some in rates.items()}


def verdict(
    what: str,
    ratio: Mapping[str, float],
    *,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
    **more: object,
) -> None:
    """Print the one JSON object of a benchmark; a ratio without a target is only told."""
    floors, ceilings = at_least or {}, at_most or {}
    met = all(ratio[name] >= floor for name, floor in floors.items())
    met = met and all(ratio[name] <= ceiling for name, ceiling in ceilings.items())
    target = {name: f"at least {floor:g}" for name, floor in floors.items()}
    target |= {name: f"at most {ceiling:g}" for name, ceiling in ceilings.items()}
    rounded = {name: float(f"{value:.3g}") for name, value in ratio.items()}
    print(json.dumps({"what": what, "ratio": rounded, "target": target, "met": met, **more}), flush=True)


def rounded(rates: Mapping[str, float], digits: int = 2) -> dict[str, float]:
    return {name: round(rate, digits) for name, rate in rates.items()}
