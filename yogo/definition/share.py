"""A part of the training images, for a learning curve: what is seen as images are added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from yogo.definition.split import Sample, draws


def part_of(samples: Sequence[Sample], share: float, seed: int = 0) -> tuple[Sample, ...]:
    """At least this share of the images, in their order. Groups stay whole, so it may be more. A smaller share is a
    part of each larger one of the same seed."""
    units = [f"g{one.group}" if one.group else f"i{one.key}" for one in samples]
    drawn = dict(zip(units, draws(seed, (f"part\0{unit}" for unit in units)), strict=True))
    sizes = Counter(units)
    wanted, kept, num = max(1, round(share * len(samples))), set[str](), 0
    for unit in sorted(drawn, key=drawn.__getitem__):
        if num >= wanted:
            break
        kept.add(unit)
        num += sizes[unit]
    return tuple(one for one, unit in zip(samples, units, strict=True) if unit in kept)
