"""YOLO's labels as darknet reads them, and CVAT, which calls that YOLO 1.1. Both call the folder `data`.

OUT/obj_<split>_data/<name of the image>    a link, and its label beside it
OUT/<split>.txt                             the images, a path a line
OUT/obj.names, OUT/obj.data                 the classes; the names of these files
"""

from __future__ import annotations

from typing import IO

from yogo.formats.labelled import LabelledImage
from yogo.formats.request import FormatParts, LabelTarget
from yogo.formats.yolo import YoloReader, recognise
from yogo.formats.yolo_export import YoloExport

_SPLITS = {"train": "train", "val": "valid", "test": "test"}
"""As they are called there."""


class DarknetWriter:
    def __init__(self, target: LabelTarget) -> None:
        self._export = YoloExport(target)
        self._lists: dict[str, IO[bytes]] = {}

    def add(self, image: LabelledImage) -> None:
        split, name = self._export.place_of(image)
        there = f"obj_{_SPLITS[split]}_data/{name}"
        self._export.add(image, there, there)
        self._list(_SPLITS[split]).write(f"data/{there}\n".encode())

    def close(self) -> list[str]:
        self._list("train")
        for file in self._lists.values():
            file.close()
        out, classes = self._export.folder, self._export.classes
        out.write("obj.names", "".join(f"{name}\n" for name in classes))
        lists = "".join(f"{name} = data/{name}.txt\n" for name in _SPLITS.values() if name in self._lists)
        out.write("obj.data", f"classes = {len(classes)}\n{lists}names = data/obj.names\nbackup = backup/\n")
        return [
            *self._export.notes(f"beside their labels in {out.out}"),
            "The paths in it begin with data/: give darknet the folder under that name. CVAT takes a ZIP archive of "
            "what is in it, as YOLO 1.1",
        ]

    def _list(self, split: str) -> IO[bytes]:
        if split not in self._lists:
            self._lists[split] = self._export.folder.create(f"{split}.txt")
        return self._lists[split]


FORMAT = FormatParts(recognise, YoloReader, DarknetWriter)
