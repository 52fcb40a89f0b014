"""The formats that there are. Light: the modules that read and write them are imported when they are needed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yogo.formats.request import FormatParts


@dataclass(frozen=True, slots=True)
class LabelFormat:
    title: str
    module: str
    """Which has its parts, as FORMAT."""

    has_difficult: bool = False
    """Whether it can mark an object as difficult."""

    has_scores: bool = False
    """Whether a box can have a confidence."""

    has_groups: bool = False
    """Whether it can say which images belong together."""

    @property
    def parts(self) -> FormatParts:
        found: FormatParts = importlib.import_module(self.module).FORMAT
        return found


FORMATS = {
    "yolo": LabelFormat("YOLO", "yogo.formats.yolo", has_groups=True),
    "coco": LabelFormat("COCO", "yogo.formats.coco"),
    "voc": LabelFormat("Pascal VOC", "yogo.formats.voc", has_difficult=True),
    "label-studio": LabelFormat("Label Studio", "yogo.formats.label_studio_reader", has_scores=True),
    "cvat": LabelFormat("CVAT for images", "yogo.formats.cvat"),
}
WRITTEN = {
    **FORMATS,
    "ultralytics": LabelFormat("YOLO for Ultralytics", "yogo.formats.ultralytics"),
    "darknet": LabelFormat("YOLO for darknet and CVAT", "yogo.formats.darknet"),
}
"""All that can be written: YOLO's labels also as other programs read them, which `yolo` reads."""
