"""Sentences about parsed labels that a person should see before training or testing on them."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from yogo.datasets.packed import PackedLabels
from yogo.definition.labels import EDGE
from yogo.text.wording import counted


def label_remarks(labels: PackedLabels) -> Iterator[str]:
    """Sentences about boxes that were left out, and about odd ones."""
    if labels.num_dropped:
        yield f"Boxes too small to be cells are left out: {labels.num_dropped:,}"
    if empty := int((labels.offsets.diff() == 0).sum()):
        yield f"{counted(empty, 'image')} with nothing on {'it' if empty == 1 else 'them'}"
    if twice := num_repeated(labels):
        yield _boxes(twice, "is in its label file twice", "are in their label files twice")
    corners = labels.boxes[:, 1:]
    if beyond := int(((corners < -EDGE) | (corners > 1 + EDGE)).any(1).sum()):
        what = "out of {} by more than a pixel"
        yield _boxes(beyond, f"reaches {what.format('its image')}", f"reach {what.format('their images')}")


def num_repeated(labels: PackedLabels) -> int:
    """Boxes that occur earlier in the same file."""
    owner = torch.repeat_interleave(labels.offsets.diff())
    bits = labels.boxes[:, 1:].contiguous().view(torch.int32).to(torch.int64)
    # One number per box: sorting these takes a tenth of the time of comparing rows.
    key = owner
    for column in bits.unbind(1):
        key = key * 6364136223846793005 + column
    return len(key) - len(torch.unique(key))


def _boxes(number: int, one: str, several: str) -> str:
    return f"{counted(number, 'box')} {one if number == 1 else several}"
