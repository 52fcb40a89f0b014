"""What is odd about the pictures that were looked at, and about what was found on them: counted, and told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import torch
from torch import Tensor

from yogo.data.remarks import is_stretched
from yogo.definition.problem import listed
from yogo.infer.reading import FrameBatch, FrameShape
from yogo.wording import counted


class Oddities:
    """Kept up to date batch by batch: `add` says that the first picture of a kind is odd, `summary` how many are."""

    def __init__(self, frame: FrameShape) -> None:
        self.frame = frame
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.flat: list[str] = []
        self.turned: list[str] = []
        self.num_stretched = 0
        self.num_cells = 0
        self._best: Tensor | None = None
        """The highest objectness of any cell, on the device: reading it there would wait for it."""

    def add(self, batch: FrameBatch, names: list[str], pred_BPYX: Tensor) -> Iterator[str]:
        """Take in a batch; `names` are its pictures'. Sentences on what was not met before."""
        height, width = self.frame.image_hw
        for place, seen in batch.seen.items():
            self.sizes[seen.hw] += 1
            if seen.is_flat:
                self.flat.append(f"{names[place]} ({seen.low} to {seen.high} of 255)")
                if len(self.flat) == 1:
                    yield f"{self.flat[0]} is nearly of one shade, so that hardly anything can be seen on it"
            if seen.orientation > 1:
                self.turned.append(f"{names[place]} (orientation {seen.orientation})")
                if len(self.turned) == 1:
                    yield (
                        f"{self.turned[0]} is marked as turned or mirrored (EXIF orientation). It is read as it is "
                        "stored, so the boxes lie elsewhere in a viewer which turns it"
                    )
            if seen.hw != (self.frame.num_rows, width) and is_stretched(seen.hw, self.frame.image_hw):
                self.num_stretched += 1
                if self.num_stretched == 1:
                    size = f"{seen.hw[1]}x{seen.hw[0]}"
                    yield f"{names[place]} is of another shape ({size}) than the network's {width}x{height}: stretched"
        if batch.seen:
            best = pred_BPYX[:, 4].amax() if not batch.broken else pred_BPYX[list(batch.seen), 4].amax()
            self._best = best if self._best is None else torch.maximum(self._best, best)

    def summary(self, obj_thresh: float) -> Iterator[str]:
        """Sentences on all of it."""
        total = self.sizes.total()
        if len(self.flat) > 1:
            kind = "all" if len(self.flat) == total else f"{len(self.flat):,} of"
            yield f"{kind} {total:,} pictures are nearly of one shade: {listed(self.flat)}"
        if len(self.turned) > 1:
            kind = "all" if len(self.turned) == total else f"{len(self.turned):,} of"
            yield f"{kind} {total:,} pictures are marked as turned or mirrored: {listed(self.turned)}"
        if self.num_stretched > 1:
            yield f"{self.num_stretched:,} of {total:,} pictures were stretched to the network's shape"
        if self.num_cells == 0 and self._best is not None:
            yield from self._nothing_found(float(self._best), obj_thresh)

    def _nothing_found(self, best: float, obj_thresh: float) -> Iterator[str]:
        if best > obj_thresh:
            yield "no cell was found: all were left out by --min-class-confidence-threshold"
        else:
            yield (
                f"no cell was found: the best objectness is {best:.3f}, and --obj-thresh asks for more than "
                f"{obj_thresh:g}; a lower one, such as {best / 2:.1g}, would show what the network takes for cells"
            )

    def sizes_seen(self) -> str:
        """640x480, or several sizes."""
        if len(self.sizes) == 1:
            ((height, width),) = self.sizes
            return f"{width}x{height}"
        return counted(len(self.sizes), "size")
