"""What a person should know of parsed labels before they are trained or tested on, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from yogo.data.packed import PackedLabels
from yogo.definition.labels import EDGE
from yogo.wording import counted


def label_remarks(labels: PackedLabels) -> Iterator[str]:
    """Of boxes that were left out, and of those that are odd."""
    if labels.num_dropped:
        yield f"Boxes too small to be cells are left out: {labels.num_dropped:,}"
    if empty := int((labels.offsets.diff() == 0).sum()):
        yield f"{counted(empty, 'picture')} with nothing on {'it' if empty == 1 else 'them'}"
    if twice := num_repeated(labels):
        yield _boxes(twice, "stands in its label file twice", "stand in their label files twice")
    corners = labels.boxes[:, 1:]
    if beyond := int(((corners < -EDGE) | (corners > 1 + EDGE)).any(1).sum()):
        what = "out of {} by more than a pixel"
        yield _boxes(beyond, f"reaches {what.format('its picture')}", f"reach {what.format('their pictures')}")


def num_repeated(labels: PackedLabels) -> int:
    """Boxes that stand in the same file before."""
    owner = torch.repeat_interleave(labels.offsets.diff())
    bits = labels.boxes[:, 1:].contiguous().view(torch.int32).to(torch.int64)
    # One number a box: sorting these takes a tenth of the time that comparing rows does.
    key = owner
    for column in bits.unbind(1):
        key = key * 6364136223846793005 + column
    return len(key) - len(torch.unique(key))


def _boxes(number: int, one: str, several: str) -> str:
    return f"1 box {one}" if number == 1 else f"{number:,} boxes {several}"
