"""The outputs of inference: label files, images, an array, counts. Each is written batch by batch.

A stop loses at most the current batch, and leaves no damaged file.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yogo.files.atomic import replacing, write_atomically
from yogo.images.pixels import Bytes
from yogo.infer.array_file import GrowingArray
from yogo.infer.drawing import draw_boxes
from yogo.infer.overwriting import save_drawing
from yogo.infer.rows import count_cells_for_formatted_preds, format_to_numpy
from yogo.text.wording import counted

FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}


@dataclass(frozen=True, slots=True)
class ImagePredictions:
    """The boxes in one image."""

    index: int
    """The image's index among all images, including broken ones."""

    stem: str
    frame: Bytes
    """(C, H, W): what the network saw."""

    rows_NP: Tensor
    """As `format_preds` returns them: centre and size in fractions of that frame, objectness, class probabilities."""

    picture_hw: tuple[int, int]
    """Height and width of the whole image."""

    part: tuple[float, float]
    """Where the frame begins in the image, and its height, in fractions of the image's height."""

    def of_picture(self) -> Tensor:
        """The boxes in fractions of the whole image; the frame may be only its middle rows."""
        top, share = self.part
        rows_NP = self.rows_NP.clone()
        rows_NP[:, 1] = top + rows_NP[:, 1] * share
        rows_NP[:, 3] *= share
        return rows_NP


class Output(ABC):
    @abstractmethod
    def write(self, found: ImagePredictions) -> None: ...

    def flush(self) -> None:  # noqa: B027
        """Called at the end of each batch."""

    def close(self, unreadable: Sequence[int]) -> None:  # noqa: B027
        """Called at the end of all images; those with these indices were left out."""


class TextFiles(Output):
    """A label file for each image: class, x_centre, y_centre, width, height, in fractions of the whole image."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, found: ImagePredictions) -> None:
        kinds = found.rows_NP[:, 5:].argmax(1).tolist() if len(found.rows_NP) else []
        rows = zip(kinds, found.of_picture()[:, :4].tolist(), strict=True)
        text = "".join(f"{kind} {x:.6f} {y:.6f} {width:.6f} {height:.6f}\n" for kind, (x, y, width, height) in rows)
        with replacing(self.folder / f"{found.stem}.txt", durable=False) as file:
            file.write(text.encode())


class Drawings(Output):
    """Each image in its own size, with its boxes drawn on it."""

    def __init__(self, folder: Path, suffix: str, labels: Sequence[str] | None, read: Callable[[int], Bytes]) -> None:
        """`read` returns the whole image with an index, (C, H, W)."""
        self.folder, self.suffix, self.labels, self.read = folder, suffix, labels, read

    def write(self, found: ImagePredictions) -> None:
        is_whole = found.frame.shape[1:] == found.picture_hw
        drawn = draw_boxes(found.frame if is_whole else self.read(found.index), found.of_picture(), self.labels)
        with replacing(self.folder / f"{found.stem}{self.suffix}", durable=False) as file:
            save_drawing(drawn, file, FORMATS[self.suffix])


class ArrayWithMetadata(Output):
    """`<name>.npy`, as `format_to_numpy` lays it out, and `<name>.json` beside it."""

    def __init__(self, folder: Path, name: str, num_classes: int, metadata: Mapping[str, Any]) -> None:
        self.name = name
        self.json = folder / f"{name}.json"
        self.metadata = dict(metadata) | {"write_date": datetime.now(UTC).isoformat(timespec="seconds")}
        self._num_rows = 8 + num_classes

    def begin(self) -> None:
        """Move the files into place. Raises OSError."""
        self._describe(complete=False)
        self.array = GrowingArray(self.json.with_name(f"{self.name}.npy"), self._num_rows)

    def write(self, found: ImagePredictions) -> None:
        height, width = found.frame.shape[1:]
        self.array.append(format_to_numpy(found.index, found.rows_NP, height, width))

    def flush(self) -> None:
        self.array.flush()

    def close(self, unreadable: Sequence[int]) -> None:
        self.array.close()
        self._describe(complete=True, unreadable_pictures=list(unreadable), num_objects=self.array.num_columns)

    def _describe(self, **more: Any) -> None:
        write_atomically(self.json, json.dumps(self.metadata | more, indent=2) + "\n")


class Counts(Output):
    """How many cells of each class there are in all images."""

    def __init__(self, num_classes: int) -> None:
        self.totals = torch.zeros(num_classes, dtype=torch.long)
        self.num_pictures = 0

    def write(self, found: ImagePredictions) -> None:
        self.totals += count_cells_for_formatted_preds(found.rows_NP[:, 5:])
        self.num_pictures += 1

    def table(self, classes: Sequence[str]) -> list[str]:
        """Lines to show: each class with its count and its share."""
        total = int(self.totals.sum())
        width = max(map(len, (*classes, "cells")))
        counts = [int(count) for count in self.totals]
        lines = [
            f"{name:<{width}}  {n:>9,}  {n / max(total, 1):>6.1%}" for name, n in zip(classes, counts, strict=True)
        ]
        return [*lines, f"{'cells':<{width}}  {total:>9,}  in {counted(self.num_pictures, 'image')}"]
