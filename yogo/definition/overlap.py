"""Test images that are copies of training images under the same or another name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from yogo.definition.split import Sample, Splits

MOST_FILES = 5_000
"""With more images than this, sizes are not compared: each costs a round trip on a network file system."""

MOST_BYTES = 256_000_000
"""Bytes read at most to compare contents."""


def same_content(splits: Splits) -> list[tuple[Sample, Sample]]:
    """A training or validation image and a test image with the same bytes, for each test image that has one, where that
    is cheap to know."""
    if not splits.test or sum(len(part) for _, part in splits.items()) > MOST_FILES:
        return []
    others = [(sample, _size(sample)) for sample in splits.test]
    sizes = {size for _, size in others if size >= 0}
    ones = [(sample, size) for sample in splits.train + splits.val if (size := _size(sample)) in sizes]
    both = sizes & {size for _, size in ones}
    digests = _digests(sample for sample, size in (*others, *ones) if size in both)
    first: dict[bytes, Sample] = {}
    for sample, _ in ones:
        if digest := digests.get(sample.image_file):
            first.setdefault(digest, sample)
    found = ((first.get(digests.get(other.image_file, b"")), other) for other, _ in others)
    return [(one, other) for one, other in found if one is not None]


def _size(sample: Sample) -> int:
    try:
        return sample.image.stat().st_size
    except OSError:
        return -1


def _digests(samples: Iterable[Sample]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = MOST_BYTES
    for sample in samples:
        if sample.image_file in found:
            continue
        try:
            data = sample.image.read_bytes()
        except OSError:
            continue
        if (left := left - len(data)) < 0:
            break
        found[sample.image_file] = hashlib.sha256(data).digest()
    return found
