"""Labels and labelled images, under the names that published yogo gave them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.ops import box_convert

from yogo.definition import FolderPair, parse_notes, read_labels, read_notes
from yogo.definition.folders import listing
from yogo.definition.problem import complaint
from yogo.model.targets import build_targets
from yogo.published.images import read_image

__all__ = ["ObjectDetectionDataset", "format_labels_tensor", "label_file_to_tensor", "load_labels"]


def load_labels(
    label_path: str | Path, classes: Sequence[str], notes_data: dict[str, Any] | None = None
) -> list[list[float]]:
    """The rows of a label file: class index, x_centre, y_centre, width, height, in fractions of the frame.

    `notes_data` is what notes.json holds. Boxes too small to be cells are left out. Raises DefinitionError.
    """
    rows_N5 = _rows(Path(label_path), classes, notes_data)
    rows_N5[:, 1:] = box_convert(rows_N5[:, 1:], "xyxy", "cxcywh")
    rows: list[list[float]] = rows_N5.tolist()
    return rows


def label_file_to_tensor(
    label_path: str | Path, Sx: int, Sy: int, classes: Sequence[str], notes_data: dict[str, Any] | None = None
) -> Tensor:
    """(6, Sy, Sx): the targets of a label file, as `format_labels_tensor` lays them out."""
    return format_labels_tensor(_rows(Path(label_path), classes, notes_data), Sx, Sy)


def format_labels_tensor(labels: Tensor, Sx: int, Sy: int) -> Tensor:
    """(6, Sy, Sx): mask, x0, y0, x1, y1, class of (N, 5) class, x0, y0, x1, y1, in the cell of each box's centre."""
    return build_targets(labels, torch.zeros(len(labels), dtype=torch.long, device=labels.device), 1, Sx, Sy)[0]


def _rows(path: Path, classes: Sequence[str], notes_data: dict[str, Any] | None) -> Tensor:
    labels = read_labels(path, classes, None if notes_data is None else parse_notes(notes_data))
    return torch.tensor(labels.rows.tolist(), dtype=torch.float32).reshape(-1, 5)


class ObjectDetectionDataset(Dataset[tuple[Tensor, Tensor]]):
    """Images (C, H, W) of a folder with their targets (6, Sy, Sx): those that have a label, by name."""

    def __init__(  # noqa: PLR0917 - published callers give these by position
        self,
        image_folder_path: str | Path,
        label_folder_path: str | Path,
        Sx: int,
        Sy: int,
        classes: Sequence[str],
        normalize_images: bool = False,
        rgb: bool = False,
    ) -> None:
        """Raises DefinitionError if the folders do not fit together."""
        self.images, self.labels = Path(image_folder_path), Path(label_folder_path)
        self.Sx, self.Sy, self.classes = Sx, Sy, tuple(classes)
        self.normalize_images, self.rgb = normalize_images, rgb
        found = listing(FolderPair("", self.images, self.labels))
        if any(problem.is_error for problem in found.problems):
            raise complaint(found.problems)
        self.names = found.names
        self.notes = read_notes(self.labels)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        picture, label = self.names[index]
        image = read_image(self.images / picture, self.rgb).float()
        rows = torch.tensor(read_labels(self.labels / label, self.classes, self.notes).rows.tolist()).reshape(-1, 5)
        return image / 255 if self.normalize_images else image, format_labels_tensor(rows, self.Sx, self.Sy)
