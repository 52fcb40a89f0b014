"""What becomes of what was found: text, pictures, an array, counts. Each keeps up with the batches.

A stop loses at most the batch in hand, and leaves no torn file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from yogo.data.pictures import Bytes
from yogo.infer.array_file import GrowingArray
from yogo.infer.drawing import draw_boxes
from yogo.infer.overwriting import save_drawing
from yogo.infer.rows import count_cells_for_formatted_preds, format_to_numpy
from yogo.run.atomic import replacing, write_atomically
from yogo.wording import counted

FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}


@dataclass(frozen=True, slots=True)
class Found:
    """The boxes in one picture."""

    index: int
    """The picture's place among all that were to be looked at, the broken ones too."""

    stem: str
    frame: Bytes
    """(C, H, W): what the network saw."""

    rows_NP: Tensor
    """As `format_preds` gives them: centre and size in fractions of that frame, objectness, class probabilities."""

    picture_hw: tuple[int, int]
    """Height and width of the whole picture."""

    part: tuple[float, float]
    """Where in the picture the frame begins, and how high it is: fractions of the picture's height."""

    def of_picture(self) -> Tensor:
        """The rows in fractions of the whole picture, of which the frame may be the rows in the middle."""
        top, share = self.part
        rows_NP = self.rows_NP.clone()
        rows_NP[:, 1] = top + rows_NP[:, 1] * share
        rows_NP[:, 3] *= share
        return rows_NP


class Output(Protocol):
    def write(self, found: Found) -> None: ...

    def flush(self) -> None:
        """A batch ends."""
        ...

    def close(self, unreadable: Sequence[int]) -> None:
        """All pictures were looked at, but for those of these indices."""
        ...


class TextFiles:
    """A label file for each picture: class, x_centre, y_centre, width, height, in fractions of the whole picture."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, found: Found) -> None:
        kinds = found.rows_NP[:, 5:].argmax(1).tolist() if len(found.rows_NP) else []
        rows = zip(kinds, found.of_picture()[:, :4].tolist(), strict=True)
        text = "".join(f"{kind} {x:.6f} {y:.6f} {width:.6f} {height:.6f}\n" for kind, (x, y, width, height) in rows)
        with replacing(self.folder / f"{found.stem}.txt", durable=False) as file:
            file.write(text.encode())

    def flush(self) -> None:
        return

    def close(self, unreadable: Sequence[int]) -> None:
        return


class Drawings:
    """Each picture, of its own size, with its boxes."""

    def __init__(self, folder: Path, suffix: str, labels: Sequence[str] | None, read: Callable[[int], Bytes]) -> None:
        """`read` gives the whole picture of an index, (C, H, W)."""
        self.folder, self.suffix, self.labels, self.read = folder, suffix, labels, read

    def write(self, found: Found) -> None:
        is_whole = found.frame.shape[1:] == found.picture_hw
        drawn = draw_boxes(found.frame if is_whole else self.read(found.index), found.of_picture(), self.labels)
        with replacing(self.folder / f"{found.stem}{self.suffix}", durable=False) as file:
            save_drawing(drawn, file, FORMATS[self.suffix])

    def flush(self) -> None:
        return

    def close(self, unreadable: Sequence[int]) -> None:
        return


class ArrayWithMetadata:
    """`<name>.npy`, as `format_to_numpy` lays it out, and `<name>.json` beside it."""

    def __init__(self, folder: Path, name: str, num_classes: int, metadata: Mapping[str, Any]) -> None:
        self.name = name
        self.json = folder / f"{name}.json"
        self.metadata = dict(metadata) | {"write_date": datetime.now(UTC).isoformat(timespec="seconds")}
        self._num_rows = 8 + num_classes

    def begin(self) -> None:
        """Take the files' places. Raises OSError."""
        self._describe(complete=False)
        self.array = GrowingArray(self.json.with_name(f"{self.name}.npy"), self._num_rows)

    def write(self, found: Found) -> None:
        height, width = found.frame.shape[1:]
        self.array.append(format_to_numpy(found.index, found.rows_NP, height, width))

    def flush(self) -> None:
        self.array.flush()

    def close(self, unreadable: Sequence[int]) -> None:
        self.array.close()
        self._describe(complete=True, unreadable_pictures=list(unreadable), num_objects=self.array.num_columns)

    def _describe(self, **more: Any) -> None:
        write_atomically(self.json, json.dumps(self.metadata | more, indent=2) + "\n")


class Counts:
    """How many cells of each class there are in all pictures."""

    def __init__(self, num_classes: int) -> None:
        self.totals = torch.zeros(num_classes, dtype=torch.long)
        self.num_pictures = 0

    def write(self, found: Found) -> None:
        self.totals += count_cells_for_formatted_preds(found.rows_NP[:, 5:])
        self.num_pictures += 1

    def flush(self) -> None:
        return

    def close(self, unreadable: Sequence[int]) -> None:
        return

    def table(self, classes: Sequence[str]) -> list[str]:
        """Lines to show: each class with its count and its share."""
        total = int(self.totals.sum())
        width = max(map(len, (*classes, "cells")))
        counts = [int(count) for count in self.totals]
        lines = [
            f"{name:<{width}}  {n:>9,}  {n / max(total, 1):>6.1%}" for name, n in zip(classes, counts, strict=True)
        ]
        return [*lines, f"{'cells':<{width}}  {total:>9,}  in {counted(self.num_pictures, 'picture')}"]
