"""Test images that are copies of training images under the same or another name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from yogo.definition.split import Sample, Splits

MOST_FILES = 5_000
"""With more images than this, sizes are not compared: each costs a round trip on a network file system."""

MOST_BYTES = 256_000_000
"""Bytes read at most to compare contents."""


def same_content(splits: Splits) -> list[tuple[Sample, Sample]]:
    """Pairs of a training or validation image and a test image with the same bytes, where that is cheap to know."""
    if not splits.test or sum(len(part) for _, part in splits.items()) > MOST_FILES:
        return []
    by_size: dict[int, list[Sample]] = {}
    for sample in splits.train + splits.val:
        by_size.setdefault(_size(sample), []).append(sample)
    candidates = [(one, other) for other in splits.test for one in by_size.get(_size(other), ()) if _size(other) >= 0]
    digests = _digests(sample for pair in candidates for sample in pair)
    return [
        (one, other)
        for one, other in candidates
        if one.image in digests and digests[one.image] == digests.get(other.image)
    ]


def _size(sample: Sample) -> int:
    try:
        return sample.image.stat().st_size
    except OSError:
        return -1


def _digests(samples: Iterable[Sample]) -> dict[Path, bytes]:
    found: dict[Path, bytes] = {}
    left = MOST_BYTES
    for sample in samples:
        if sample.image in found:
            continue
        try:
            data = sample.image.read_bytes()
        except OSError:
            continue
        if (left := left - len(data)) < 0:
            break
        found[sample.image] = hashlib.sha256(data).digest()
    return found
