"""Labels that were kept: whatever became of the file they were kept in, the labels are those of the label files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from yogo.datasets.label_cache import open_labels
from yogo.definition.split import Sample


def damages(good: bytes) -> list[bytes]:
    """Torn, empty, other content, and every bit of the first entry's header turned over by itself."""
    turned = [
        good[:place] + bytes([good[place] ^ 1 << bit]) + good[place + 1 :] for place in range(30) for bit in range(8)
    ]
    return [b"", good[:-30], good[: len(good) // 2], bytes(len(good)), b"no archive", *turned]


def of_the_directory(good: bytes) -> list[bytes]:
    """The same of the archive's directory, which says of each entry how it was packed."""
    start = good.index(b"PK\x01\x02")
    return [
        good[:place] + bytes([good[place] ^ 1 << bit]) + good[place + 1 :]
        for place in range(start, start + 46)
        for bit in range(8)
    ]


@pytest.mark.parametrize("spoiled", [damages, of_the_directory])
def test_a_damaged_file_is_none(tmp_path: Path, spoiled: object) -> None:
    (tmp_path / "labels").mkdir()
    label = tmp_path / "labels" / "a.txt"
    label.write_text("0 .5 .5 .1 .1\n1 .25 .25 .1 .1\n")
    samples, cache = [Sample(str(tmp_path / "a.png"), str(label), "a")], tmp_path / "cache"
    right = open_labels(samples, ("a", "b"), cache)
    (file,) = cache.glob("*.labels")
    good = file.read_bytes()
    assert callable(spoiled)
    for damaged in spoiled(good):
        file.write_bytes(damaged)
        found = open_labels(samples, ("a", "b"), cache)
        assert all(torch.equal(one, other) for one, other in zip(found, right, strict=True))
