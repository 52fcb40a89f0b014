"""Oddities of the images and of what was found on them: counted, and each reported once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import torch
from torch import Tensor

from yogo.definition.problem import listed
from yogo.images.remarks import is_stretched
from yogo.infer.reading import FrameBatch, FrameFacts, FrameShape
from yogo.text.wording import counted


class Oddities:
    """Updated batch by batch: `add` reports the first odd image of each kind, `summary` how many there are."""

    def __init__(self, frame: FrameShape) -> None:
        self.frame = frame
        self.sizes: Counter[tuple[int, int]] = Counter()
        self.flat: list[str] = []
        self.turned: list[str] = []
        self.paged: list[str] = []
        self.num_stretched = 0
        self.num_cells = 0
        self._best: Tensor | None = None
        """The highest objectness of any grid cell, kept on the device, since reading it would wait for the device."""

    def add(self, batch: FrameBatch, names: list[str], pred_BPYX: Tensor) -> Iterator[str]:
        """Add a batch; `names` are those of its images. Yields sentences on kinds that did not occur before."""
        height, width = self.frame.image_hw
        for place, seen in batch.seen.items():
            self.sizes[seen.hw] += 1
            yield from self._of_content(seen, names[place])
            if seen.hw != (self.frame.num_rows, width) and is_stretched(seen.hw, self.frame.image_hw):
                self.num_stretched += 1
                if self.num_stretched == 1:
                    size = f"{seen.hw[1]}x{seen.hw[0]}"
                    yield f"{names[place]} is of another shape ({size}) than the network's {width}x{height}: stretched"
        if batch.seen:
            best = pred_BPYX[:, 4].amax() if not batch.broken else pred_BPYX[list(batch.seen), 4].amax()
            self._best = best if self._best is None else torch.maximum(self._best, best)

    def _of_content(self, seen: FrameFacts, name: str) -> Iterator[str]:
        kinds = (
            (
                self.flat,
                seen.is_flat and f"{name} ({seen.low} to {seen.high} of 255)",
                "is almost of one shade, so that hardly anything can be seen on it",
            ),
            (
                self.turned,
                seen.marks.orientation > 1 and f"{name} (orientation {seen.marks.orientation})",
                "is marked as turned or mirrored (EXIF orientation). It is read as it is stored, so the boxes lie "
                "elsewhere in a viewer which turns it",
            ),
            (
                self.paged,
                seen.marks.num_pages > 1 and f"{name} ({seen.marks.num_pages:,} pages)",
                "has several pages; only the first is used",
            ),
        )
        for known, one, what in kinds:
            if one:
                known.append(one)
                if len(known) == 1:
                    yield f"{one} {what}"

    def summary(self, obj_thresh: float, *, by_counts: bool = False) -> Iterator[str]:
        """Sentences on all batches. `by_counts` says that each class has its own threshold."""
        total = self.sizes.total()
        for some, what in (
            (self.flat, "almost of one shade"),
            (self.turned, "marked as turned or mirrored"),
            (self.paged, "of several pages"),
        ):
            if len(some) > 1:
                kind = "all" if len(some) == total else f"{len(some):,} of"
                yield f"{kind} {total:,} images are {what}: {listed(some)}"
        if self.num_stretched > 1:
            yield f"{self.num_stretched:,} of {total:,} images were stretched to the network's shape"
        if self.num_cells == 0 and self._best is not None:
            yield from self._nothing_found(float(self._best), obj_thresh, by_counts=by_counts)

    def _nothing_found(self, best: float, obj_thresh: float, *, by_counts: bool) -> Iterator[str]:
        if by_counts:
            yield (
                f"no cell was found: the best objectness is {best:.3f}, and no score (objectness x probability) is "
                "above the count threshold of its class"
            )
        elif best > obj_thresh:
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
