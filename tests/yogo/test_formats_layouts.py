"""The files that each program exports, as it lays them out: all are found out, and read with the same boxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.yogo.label_sets import boxes_of
from yogo.formats.conversion import ConversionRequest, ConvertedLabels, convert, recognised
from yogo.formats.labelled import LabelledImage
from yogo.formats.request import LabelSource
from yogo.formats.table import FORMATS


def put(path: Path, text: str | dict[str, Any] | list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def images(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (100, 50)).save(folder / name)


def read(path: Path, **how: Any) -> tuple[str, LabelSource, list[LabelledImage]]:
    kind, source = recognised(path), LabelSource(path, **how)
    return kind, source, [*FORMATS[kind].parts.read(source).images()]


def summary(found: list[LabelledImage]) -> list[tuple[str, str, list[tuple[Any, ...]]]]:
    boxes = boxes_of(found)
    return [
        (one.name, one.split, [(box[0], *(round(corner, 6) for corner in box[1:])) for box in boxes[one.name]])
        for one in found
    ]


ROW = "0 0.5 0.5 0.2 0.4\n"
BOX = ("red cell", 0.4, 0.3, 0.6, 0.7)
NAMES = "red cell\nglobule β\n"


def test_yolo_as_label_studio_exports_it(tmp_path: Path) -> None:
    """images/ and labels/ with names that begin with a digest, quoted as URLs quote; classes.txt and notes.json."""
    images(tmp_path, "images/1a2b3c4d-é_1.png", "images/99999999-b.png")
    put(tmp_path / "labels/1a2b3c4d-%C3%A9_1.txt", ROW)
    put(tmp_path / "labels/99999999-b.txt", "")
    put(tmp_path / "classes.txt", NAMES)
    categories = [{"id": 0, "name": "red cell"}, {"id": 1, "name": "globule β"}]
    put(tmp_path / "notes.json", {"categories": categories, "info": {"year": 2024, "contributor": "Label Studio"}})
    kind, source, found = read(tmp_path)
    assert (kind, source.classes) == ("yolo", ("red cell", "globule β"))
    assert summary(found) == [("1a2b3c4d-é_1.png", "", [BOX]), ("99999999-b.png", "", [])]
    images(tmp_path / "originals", "day 1/é_1.png", "b.png")
    _, _, found = read(tmp_path, image_folder=tmp_path / "originals")
    assert summary(found) == [("day 1/é_1.png", "", [BOX]), ("b.png", "", [])]


@pytest.mark.parametrize("names", ["[red cell, globule β]", "{0: red cell, 1: globule β}"])
def test_yolo_as_ultralytics_has_it(names: str, tmp_path: Path) -> None:
    """data.yaml with names as a list or a map; images/train beside labels/train."""
    images(tmp_path, "set/images/train/a.png", "set/images/val/a.png")
    put(tmp_path / "set/labels/train/a.txt", ROW)
    put(tmp_path / "set/labels/val/a.txt", "1 0.5 0.5 0.2 0.4\n")
    put(tmp_path / "data.yaml", f"path: set\ntrain: images/train\nval: images/val\nnames: {names}\n")
    kind, source, found = read(tmp_path / "data.yaml")
    assert (kind, source.classes) == ("yolo", ("red cell", "globule β"))
    assert summary(found) == [("train/a.png", "train", [BOX]), ("val/a.png", "val", [("globule β", *BOX[1:])])]


def test_yolo_as_roboflow_exports_it(tmp_path: Path) -> None:
    """train, valid and test with images and labels each; data.yaml names them with ../ though they lie beside it."""
    for split in ("train", "valid", "test"):
        images(tmp_path, f"{split}/images/a_png.rf.0123456789abcdef.png")
        put(tmp_path / f"{split}/labels/a_png.rf.0123456789abcdef.txt", ROW)
    put(
        tmp_path / "data.yaml",
        "train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: 1\nnames: ['red cell']\n",
    )
    put(tmp_path / "README.roboflow.txt", "This dataset was exported via roboflow.com\n")
    kind, _, found = read(tmp_path)
    assert kind == "yolo"
    assert [(name.partition("/")[0], split) for name, split, _ in summary(found)] == [
        ("train", "train"),
        ("valid", "val"),
        ("test", "test"),
    ]
    convert(ConversionRequest(tmp_path, tmp_path / "out", "yolo"))
    definition = (tmp_path / "out/definition.yml").read_text()
    assert "image_path: ../test/images" in definition.partition("test_paths")[2]


def test_yolo_as_cvat_exports_it(tmp_path: Path) -> None:
    """YOLO 1.1: obj.data, obj.names, train.txt with paths below data/, and labels beside the images."""
    images(tmp_path, "obj_train_data/day 1/é.png", "obj_Validation_data/b.png")
    put(tmp_path / "obj_train_data/day 1/é.txt", ROW)
    put(tmp_path / "obj_Validation_data/b.txt", "")
    put(tmp_path / "obj.names", NAMES)
    keys = "classes = 2\nnames = data/obj.names\nbackup = backup/\ntrain = data/train.txt\nvalid = data/valid.txt\n"
    put(tmp_path / "obj.data", keys)
    put(tmp_path / "train.txt", "data/obj_train_data/day 1/é.png\n")
    put(tmp_path / "valid.txt", "data/obj_Validation_data/b.png\n")
    kind, source, found = read(tmp_path)
    assert (kind, source.classes) == ("yolo", ("red cell", "globule β"))
    assert summary(found) == [
        ("obj_train_data/day 1/é.png", "train", [BOX]),
        ("obj_Validation_data/b.png", "val", []),
    ]


def test_yolo_as_cvat_exports_it_without_images(tmp_path: Path) -> None:
    put(tmp_path / "export/obj_train_data/é.txt", ROW)
    put(tmp_path / "export/obj.names", NAMES)
    put(tmp_path / "export/obj.data", "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n")
    put(tmp_path / "export/train.txt", "data/obj_train_data/é.png\n")
    images(tmp_path / "mine", "é.png")
    _, _, found = read(tmp_path / "export", image_folder=tmp_path / "mine")
    assert summary(found) == [("é.png", "train", [BOX])]


def test_yolo_as_labelimg_writes_it(tmp_path: Path) -> None:
    """Images, labels and classes.txt in one folder."""
    images(tmp_path, "a.png", "unlabelled.png")
    put(tmp_path / "a.txt", ROW)
    put(tmp_path / "classes.txt", NAMES)
    kind, source, found = read(tmp_path)
    assert (kind, source.classes) == ("yolo", ("red cell", "globule β"))
    assert summary(found) == [("a.png", "", [BOX])]


COCO = {
    "info": {"description": "cells"},
    "licenses": [],
    "categories": [{"id": 7, "name": "red cell", "supercategory": "cell"}, {"id": 90, "name": "globule β"}],
    "annotations": [
        {"id": 1, "image_id": 397133, "category_id": 90, "bbox": [40, 15, 20, 20], "iscrowd": 0, "segmentation": []},
        {"id": 2, "image_id": 5, "category_id": 7, "bbox": [0, 0, 1, 1], "segmentation": [[0, 0, 1, 0, 1, 1]]},
        {"id": 3, "image_id": 5, "category_id": 7, "bbox": [0, 0, 9, 9], "iscrowd": 1, "segmentation": {"counts": []}},
        {"id": 4, "image_id": 5, "category_id": 7, "bbox": [], "keypoints": [1, 1, 2]},
        {"id": 5, "image_id": 5, "category_id": 7, "bbox": [5, 5, 9, 9], "attributes": {"infected": True}},
    ],
    "images": [
        {"id": 397133, "file_name": "day 1/é.png", "width": 100, "height": 50},
        {"id": 5, "file_name": "b.png", "width": 100, "height": 50},
        {"id": 6, "file_name": "nothing on it.png", "width": 100, "height": 50},
    ],
}
"""Ids with gaps, annotations before the images, images in folders, one without an annotation, a crowd, outlines."""


def test_coco_with_all_that_is_no_box(tmp_path: Path) -> None:
    put(tmp_path / "annotations/instances_train2017.json", json.dumps(COCO, indent=1))
    put(tmp_path / "annotations/captions_train2017.json", {**COCO, "annotations": []})
    kind, source, found = read(tmp_path)
    assert (kind, source.classes) == ("coco", ("red cell", "globule β"))
    assert [(name, split, len(boxes)) for name, split, boxes in summary(found)] == [
        ("day 1/é.png", "train", 1),
        ("b.png", "train", 2),
        ("nothing on it.png", "train", 0),
    ]
    assert boxes_of(found)["day 1/é.png"] == [("globule β", 0.4, 0.3, 0.6, 0.7)]
    assert source.omitted.counts == {
        "outlines of objects (their boxes are carried over)": 1,
        "crowd regions": 1,
        "annotations without a box": 1,
        "attributes of boxes": 1,
    }
    (crowd,) = source.omitted.places["crowd regions"]
    text = crowd.file.read_text().splitlines()
    assert '"id": 3' in " ".join(text[crowd.line - 1 : crowd.line + 1]) if crowd.line else False


def test_coco_as_roboflow_exports_it(tmp_path: Path) -> None:
    """_annotations.coco.json among the images of each split."""
    for split in ("train", "valid"):
        images(tmp_path, f"{split}/b.png", f"{split}/day 1/é.png")
        put(tmp_path / split / "_annotations.coco.json", COCO)
    kind, _, found = read(tmp_path)
    assert kind == "coco"
    assert [(one.name, one.split) for one in found if one.file] == [
        ("train/day 1/é.png", "train"),
        ("train/b.png", "train"),
        ("valid/day 1/é.png", "val"),
        ("valid/b.png", "val"),
    ]


VOC = """<annotation>
  <folder>VOC2007</folder><filename>000005.jpg</filename>
  <source><database>{database}</database></source>
  <size><width>100</width><height>50</height><depth>3</depth></size>
  <object><name>red cell</name><pose>Left</pose><truncated>1</truncated><difficult>1</difficult>
    <bndbox><xmin>41</xmin><ymin>16</ymin><xmax>60</xmax><ymax>35</ymax></bndbox>
    <part><name>nucleus</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>
  </object>
</annotation>
"""


def test_voc_as_its_own_sets_have_it(tmp_path: Path) -> None:
    """Corners count pixels from 1, the last one included; ImageSets say the splits."""
    put(tmp_path / "Annotations/000005.xml", VOC.format(database="The VOC2007 Database"))
    put(tmp_path / "ImageSets/Main/val.txt", "000005\n")
    images(tmp_path, "JPEGImages/000005.jpg")
    kind, source, found = read(tmp_path)
    assert kind == "voc"
    assert summary(found) == [("JPEGImages/000005.jpg", "val", [BOX])]
    assert found[0].boxes[0].is_difficult
    assert set(source.omitted.counts) == {"parts of objects", "marks of boxes as truncated or occluded"}
    told = convert(ConversionRequest(tmp_path, tmp_path / "out", "yolo"))
    assert told.omitted.counts["marks of boxes as difficult"] == 1
    assert any("from 1" in note for note in told.notes)


def test_voc_as_labelimg_writes_it(tmp_path: Path) -> None:
    """Corners are edges; the file lies beside its image, and names the path on the machine of whoever drew it."""
    text = VOC.format(database="Unknown").replace("000005.jpg</filename>", "a.png</filename><path>C:\\x\\a.png</path>")
    put(tmp_path / "a.xml", text)
    images(tmp_path, "a.png")
    _, _, found = read(tmp_path)
    assert summary(found) == [("a.png", "", [("red cell", 0.41, 0.32, 0.6, 0.7)])]
    _, _, found = read(tmp_path, corners="inclusive")
    assert summary(found) == [("a.png", "", [BOX])]


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta><task><id>4</id><name>cells</name><labels>
    <label><name>red cell</name><color>#fa3253</color><type>any</type><attributes></attributes></label>
    <label><name>globule β</name><attributes><attribute><name>infected</name></attribute></attributes></label>
  </labels></task><dumped>2024-01-01 00:00:00+00:00</dumped></meta>
  <image id="0" name="day 1/é &amp; b.png" subset="Train" width="100" height="50">
    <box label="red cell" source="manual" occluded="1" xtl="40.00" ytl="15.00" xbr="60.00" ybr="35.00" z_order="0">
      <attribute name="infected">true</attribute>
    </box>
    <polygon label="globule β" points="1,1;2,2;3,1" z_order="0"></polygon>
    <tag label="globule β" source="manual"></tag>
    <box label="globule β" xtl="20" ytl="20" xbr="40" ybr="30" rotation="90"/>
  </image>
  <image id="1" name="empty.png" width="100" height="50"></image>
</annotations>
"""


def test_cvat_for_images(tmp_path: Path) -> None:
    put(tmp_path / "annotations.xml", CVAT)
    kind, source, found = read(tmp_path)
    assert (kind, source.classes) == ("cvat", ("red cell", "globule β"))
    turned = ("globule β", 0.25, 0.3, 0.35, 0.7)
    assert summary(found) == [("day 1/é & b.png", "train", [BOX, turned]), ("empty.png", "", [])]
    assert source.omitted.counts == {
        "polygons": 1,
        "tags of images": 1,
        "attributes of boxes": 1,
        "marks of boxes as truncated or occluded": 1,
        "turns of boxes (the upright box around them is carried over)": 1,
    }
    assert [place.line for place in source.omitted.places["polygons"]] == [12]


def region(**changes: Any) -> dict[str, Any]:
    value = {"x": 40, "y": 30, "width": 20, "height": 40, "rotation": 0, "rectanglelabels": ["red cell"]}
    frame = {"original_width": 100, "original_height": 50, "image_rotation": 0, "type": "rectanglelabels"}
    return {**frame, "id": "x", "from_name": "label", "to_name": "image", "value": {**value, **changes}}


def task(image: str, *results: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"image": image}, "annotations": [{"result": one} for one in results], **more}


LABEL_STUDIO: list[dict[str, Any]] = [
    task("/data/upload/3/1a2b3c4d-%C3%A9_1.png", [region()]),
    task("/data/local-files/?d=cells/day%201/b%20%26%20c.png", [region(rotation=90, x=60, width=40, height=20)]),
    task("s3://bucket/day%202/d.png", [region()], file_upload=None),
    task("e.png", [], predictions=[{"result": [region(), region()], "score": 0.3}]),
    task("f.png", predictions=[{"result": [{**region(), "score": 0.5}], "model_version": "v1"}]),
    task("g.png"),
    task(
        "h.png",
        [
            {"type": "choices", "value": {"choices": ["bad"]}},
            {"type": "polygonlabels", "value": {"points": [[0, 0]], "polygonlabels": ["red cell"]}},
            {"type": "brushlabels", "value": {"format": "rle", "rle": [0], "brushlabels": ["red cell"]}},
            {"type": "rectangle", "value": {"x": 1, "y": 1, "width": 1, "height": 1, "rotation": 0}},
            {**region(), "image_rotation": 90},
        ],
    ),
]


def test_label_studios_tasks(tmp_path: Path) -> None:
    """Addresses of uploads, of files on its machine and in a bucket; turned boxes; what is no box; pre-annotations."""
    LABEL_STUDIO[0]["annotations"].insert(0, {"result": [], "was_cancelled": True})
    path = put(tmp_path / "project-1-at-2024-01-01-00-00-abcdef12.json", LABEL_STUDIO)
    kind, source, found = read(path)
    assert kind == "label-studio"
    turned = ("red cell", 0.5, 0.3, 0.6, 1)
    assert summary(found) == [
        ("1a2b3c4d-é_1.png", "", [BOX]),
        ("cells/day 1/b & c.png", "", [turned]),
        ("day 2/d.png", "", [BOX]),
        ("e.png", "", []),
        ("h.png", "", []),
    ]
    assert source.omitted.counts == {
        "turns of boxes (the upright box around them is carried over)": 1,
        "tasks with pre-annotations alone (--predictions reads them)": 1,
        "tasks that nobody has labelled": 1,
        **dict.fromkeys(("choices", "polygons", "masks", "boxes without a class"), 1),
        "boxes on an image that was turned in Label Studio": 1,
    }
    _, _, found = read(path, predictions=True)
    assert [(one.name, [box.score for box in one.boxes]) for one in found] == [
        ("e.png", [None, None]),
        ("f.png", [0.5]),
    ]


def test_label_studios_json_min(tmp_path: Path) -> None:
    """The values alone, beside the image's address."""
    value = {**region()["value"], "original_width": 100, "original_height": 50}
    minimal = [
        {"image": "/data/upload/3/1a2b3c4d-a.png", "id": 5, "label": [value], "annotator": 1, "annotation_id": 5}
    ]
    images(tmp_path / "mine", "a.png")
    kind, _, found = read(put(tmp_path / "min.json", minimal), image_folder=tmp_path / "mine")
    assert kind == "label-studio"
    assert summary(found) == [("a.png", "", [BOX])]
    assert found[0].size == (100, 50)


def test_tasks_with_pre_annotations_go_through_label_studio_and_back(tmp_path: Path) -> None:
    images(tmp_path, "images/a.png")
    put(tmp_path / "labels/a.txt", ROW)
    put(tmp_path / "classes.txt", NAMES)

    def to(path: Path, out: str, to: str) -> ConvertedLabels:
        return convert(ConversionRequest(path, tmp_path / out, to, images=tmp_path / "images", predictions=True))

    to(tmp_path, "tasks", "label-studio")
    assert to(tmp_path / "tasks", "back", "yolo").boxes == {"red cell": 1}
    assert (tmp_path / "back/labels/a.txt").read_text() == ROW


@pytest.mark.parametrize("given", ["in", "./in", "../{}/in"])
def test_a_relative_path_finds_images_under_their_names(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images(tmp_path, "in/images/a.png")
    put(tmp_path / "in/labels/a.txt", ROW)
    put(tmp_path / "in/classes.txt", NAMES)
    monkeypatch.chdir(tmp_path)
    path = Path(given.format(tmp_path.name))
    found = convert(ConversionRequest(path, Path("out"), "coco"))
    assert found.notes == []
    assert '"file_name": "a.png"' in (tmp_path / "out/annotations/instances_default.json").read_text()
