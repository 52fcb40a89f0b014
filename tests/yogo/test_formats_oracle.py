"""globox, another program's reader and writer of these formats, sees what we write and writes what we read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import globox
import pytest

from tests.yogo.label_sets import differ, make_set, read_set
from yogo.formats.conversion import ConversionRequest, convert

ROWS = {
    f"image_{number}.jpg": [(number % 3, 0.5, 0.25 + number / 50, 0.1 + number / 60, 0.2), (1, 0.3, 0.6, 0.05, 1 / 7)]
    for number in range(8)
}
CLASSES = ["red cell", "globule β", 'a&b <c> "d"', "never drawn"]

READERS: dict[str, Callable[[Path, Path], Any]] = {
    "coco": lambda out, _: globox.AnnotationSet.from_coco(out / "annotations/instances_default.json"),
    "voc": lambda out, _: globox.AnnotationSet.from_pascal_voc(out / "Annotations"),
    "cvat": lambda out, _: globox.AnnotationSet.from_cvat(out / "annotations.xml"),
    "yolo": lambda out, images: globox.AnnotationSet.from_yolo_v5(out / "labels", image_folder=images),
}


def seen_by_globox(found: Any, kind: str) -> dict[str, list[tuple[str, float, float, float, float]]]:
    boxes = {}
    for one in found:
        width, height = one.image_size
        boxes[one.image_id] = [
            (
                CLASSES[int(box.label)] if kind == "yolo" else box.label,
                *(box.xmin / width, box.ymin / height, box.xmax / width, box.ymax / height),
            )
            for box in one.boxes
        ]
    return boxes


@pytest.mark.parametrize("kind", READERS)
def test_another_program_reads_the_same_boxes(kind: str, tmp_path: Path) -> None:
    path, images = make_set(tmp_path, ROWS), tmp_path / "images"
    convert(ConversionRequest(path, tmp_path / "out", kind, images=images))
    found = seen_by_globox(READERS[kind](tmp_path / "out", images), kind)
    assert differ(found, read_set("yolo", path)[1]) < 1e-6


def _save(found: Any, kind: str, out: Path) -> Path:
    out.mkdir()
    numbers = {name: number for number, name in enumerate(CLASSES)}
    match kind:
        case "coco":
            found.save_coco(out / "all.json", auto_ids=True)
        case "voc":
            found.save_pascal_voc(out)
        case "cvat":
            found.save_cvat(out / "annotations.xml")
        case "yolo":
            found.save_yolo_v5(out, label_to_id=numbers)
            (out / "classes.txt").write_text("".join(f"{name}\n" for name in CLASSES))
    return out


@pytest.mark.parametrize("kind", READERS)
def test_what_another_program_writes_is_read_as_the_same_boxes(kind: str, tmp_path: Path) -> None:
    path, images = make_set(tmp_path, ROWS), tmp_path / "images"
    convert(ConversionRequest(path, tmp_path / "coco", "coco", images=images))
    theirs = globox.AnnotationSet.from_coco(tmp_path / "coco/annotations/instances_default.json")
    out = _save(theirs, kind, tmp_path / "theirs")
    assert differ(read_set(kind, out, images)[1], seen_by_globox(theirs, "coco")) < 1e-6
