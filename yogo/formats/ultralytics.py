"""YOLO's labels as Ultralytics reads them.

OUT/images/<split>/<name of the image>      a link
OUT/labels/<split>/<the same>.txt
OUT/data.yaml                               train, val, test and names
"""

from __future__ import annotations

import json

from yogo.formats.labelled import LabelledImage
from yogo.formats.request import FormatParts, LabelTarget
from yogo.formats.yolo import YoloReader, recognise
from yogo.formats.yolo_export import YoloExport


class UltralyticsWriter:
    def __init__(self, target: LabelTarget) -> None:
        self._export = YoloExport(target)

    def add(self, image: LabelledImage) -> None:
        split, name = self._export.place_of(image)
        self._export.add(image, f"images/{split}/{name}", f"labels/{split}/{name}")

    def close(self) -> list[str]:
        counts, out = self._export.counts, self._export.folder
        splits = ["train", "val", *(["test"] if counts["test"] else [])]
        for split in splits:
            for part in ("images", "labels"):
                out.make_folder(f"{part}/{split}")
        lines = [f"{split}: images/{split}" for split in splits]
        # In quotes: a reader of YAML 1.1, as Ultralytics has one, takes a plain no for false.
        lines += ["names:", *(f"- {json.dumps(name, ensure_ascii=False)}" for name in self._export.classes)]
        out.write("data.yaml", "".join(f"{line}\n" for line in lines))
        notes = self._export.notes(f"below {out.out / 'images'}")
        notes += [
            f"No image is of {split}, and Ultralytics does not train without: move some of them there, in "
            f"{out.out / 'images'} and in {out.out / 'labels'}"
            for split in ("train", "val")
            if not counts[split]
        ]
        trains = f"Train on it with: yolo detect train data={out.out / 'data.yaml'}"
        return notes if self._export.num_lost else [*notes, trains]


FORMAT = FormatParts(recognise, YoloReader, UltralyticsWriter)
