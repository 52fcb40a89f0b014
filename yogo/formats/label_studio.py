"""Label Studio's tasks: JSON and JSON-MIN are read, and JSON is written, with annotations or with pre-annotations.

    with new_folder(out) as folder:
        writer = LabelStudioWriter(folder, classes, root=images, predictions=True)
        for image in images_with_boxes:
            writer.add(image)               # a LabelledImage, whose boxes may have a score
        notes = writer.close()              # what to do in Label Studio

    OUT/tasks.json          a task a line, to be imported
    OUT/label_config.xml    the labelling interface with the classes, in their order

A rectangle is in per cent of the image: x and y of its upper left corner, width and height, and a rotation about that
corner. https://labelstud.io/guide/export, https://labelstud.io/guide/predictions
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from yogo.formats.labelled import LabelledBox, LabelledImage
from yogo.formats.output import JsonList, OutputFolder

FROM, TO = "label", "image"
TASKS, CONFIG = "tasks.json", "label_config.xml"
LOCAL = "/data/local-files/?d="


class LabelStudioWriter:
    """`predictions`: boxes are written as what a model proposes, for a person to correct, and not as a person's own.

    `root` is the folder of the images: tasks name them as files that Label Studio reads from its machine's disk.
    """

    def __init__(
        self,
        folder: OutputFolder,
        classes: Sequence[str],
        *,
        root: Path | None = None,
        predictions: bool = False,
        model_version: str = "yogo",
    ) -> None:
        self._folder = folder
        self._classes = classes
        self._root = root
        self._predictions = predictions
        self._version = model_version
        self._num = 0
        self._file = folder.create(TASKS)
        self._file.write(b"[")
        self._tasks = JsonList(self._file)

    def add(self, image: LabelledImage) -> None:
        self._num += 1
        size = image.needed_size()
        result = [_region(box, number, size) for number, box in enumerate(image.boxes, 1)]
        data = {TO: self._url(image.name), "name": image.name} | ({"split": image.split} if image.split else {})
        task: dict[str, Any] = {"id": self._num, "data": data}
        if self._predictions:
            scores = [box.score for box in image.boxes if box.score is not None]
            score = image.score if image.score is not None else min(scores, default=None)
            said = {"model_version": self._version, "result": result}
            task["predictions"] = [said if score is None else {**said, "score": score}]
        else:
            task["annotations"] = [{"result": result, "was_cancelled": False}]
        self._tasks.add(task)

    def close(self) -> list[str]:
        self._file.write(b"\n]\n")
        self._file.close()
        self._folder.write(CONFIG, config(self._classes))
        notes = [f"In Label Studio, paste {CONFIG} as the labelling interface, then import {TASKS}"]
        if self._root is not None:
            notes.append(
                "Its machine needs LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and "
                f"LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT={self._root.parent}, and a local storage for {self._root}"
            )
        return notes

    def _url(self, name: str) -> str:
        # Label Studio refuses a storage that is the document root itself, so that is the folder above.
        return LOCAL + quote(name if self._root is None else f"{self._root.name}/{name}")


def config(classes: Sequence[str]) -> str:
    """The labelling interface."""
    labels = "".join(f"    <Label value={quoteattr(name)}/>\n" for name in classes)
    return (
        f'<View>\n  <Image name="{TO}" value="${TO}" zoom="true"/>\n'
        f'  <RectangleLabels name="{FROM}" toName="{TO}">\n{labels}  </RectangleLabels>\n</View>\n'
    )


def _region(box: LabelledBox, number: int, size: tuple[int, int]) -> dict[str, Any]:
    x, y, width, height = (round(100 * value, 8) + 0.0 for value in (box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0))
    region = {
        "id": f"box{number}",
        "type": "rectanglelabels",
        "from_name": FROM,
        "to_name": TO,
        "original_width": size[0],
        "original_height": size[1],
        "image_rotation": 0,
        "value": {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [box.name]},
    }
    return region if box.score is None else {**region, "score": box.score}
