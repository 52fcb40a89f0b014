"""YOLO's labels as Ultralytics, darknet and CVAT read them: written, and there and back with their splits."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from tests.yogo.label_sets import BOXES, CLASSES, differ, make_set, read_set
from tests.yogo.test_formats_layouts import BOX, put, read, summary
from yogo.cli import main
from yogo.files import yaml12
from yogo.formats.conversion import ConversionRequest, convert
from yogo.formats.labelled import LabelledBox, LabelledImage
from yogo.formats.output import new_folder
from yogo.formats.request import LabelTarget
from yogo.formats.table import FORMATS, WRITTEN

EXPORTS = ("ultralytics", "darknet")
SPLIT = {
    "train/é 100%25 + b#1.jpg": "train",
    "day 1/plain.png": "train",
    "day 1/deep er/Zürich & <x>.png": "val",
    "val/plain.png": "val",
    "plain.png": "test",
}


def split_set(folder: Path, splits: Mapping[str, str] = SPLIT) -> tuple[Path, Path]:
    """COCO's labels with splits, and the folder of their images."""
    images = folder / "originals"
    with new_folder(folder / "coco") as out:
        writer = FORMATS["coco"].parts.write(LabelTarget(out, CLASSES, images))
        for number, (name, split) in enumerate(splits.items()):
            file = images / name
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (100, 50)).save(file)
            corner = number / 10
            box = LabelledBox(CLASSES[number % 3], corner, corner / 2, corner + 0.3, corner + 0.1)
            writer.add(LabelledImage(name, (box,), (100, 50), file, split))
        writer.close()
    return folder / "coco", images


@pytest.mark.parametrize("kind", EXPORTS)
def test_splits_names_and_boxes_go_there_and_back(kind: str, tmp_path: Path) -> None:
    path, images = split_set(tmp_path)
    _, _, before = read(path, image_folder=images)
    convert(ConversionRequest(path, tmp_path / "there", kind, images=images))
    form, source, found = read(tmp_path / "there", image_folder=images)
    assert (form, tuple(source.classes)) == ("yolo", CLASSES)
    assert sorted(summary(found)) == sorted(summary(before))
    assert {one.name: one.split for one in found} == SPLIT
    convert(ConversionRequest(tmp_path / "there", tmp_path / "back", "coco", images=images))
    assert sorted(summary(read(tmp_path / "back", image_folder=images)[2])) == sorted(summary(before))


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("second", WRITTEN)
def test_labels_of_a_definition_survive(kind: str, second: str, tmp_path: Path) -> None:
    path, images = make_set(tmp_path), tmp_path / "images"
    convert(ConversionRequest(path, tmp_path / "one", kind))
    convert(ConversionRequest(tmp_path / "one", tmp_path / "two", second, images=images))
    convert(ConversionRequest(tmp_path / "two", tmp_path / "back", "yolo", images=images))
    classes, boxes = read_set("yolo", tmp_path / "back", images)
    assert classes == CLASSES
    assert differ(boxes, read_set("yolo", path)[1]) < 1e-6


@pytest.mark.parametrize("kind", EXPORTS)
def test_images_are_linked_beside_their_labels_and_found_there(kind: str, tmp_path: Path) -> None:
    path, images = split_set(tmp_path)
    convert(ConversionRequest(path, tmp_path / "new/there", kind, images=images))
    links = [Path(folder, name) for folder, _, names in os.walk(tmp_path / "new") for name in names]
    links = [link for link in links if link.is_symlink()]
    assert {link.resolve() for link in links} == {images / name for name in SPLIT}
    assert not any(os.path.isabs(os.readlink(link)) for link in links)
    assert len(read(tmp_path / "new/there")[2]) == len(SPLIT)


def test_ultralytics_finds_each_label_by_the_path_of_its_image(tmp_path: Path) -> None:
    """It replaces the last `images` of a path by `labels`; a folder of that name would lead it astray."""
    path, images = split_set(tmp_path, {"run 1/images/a.png": "train", "run 2/images/more/a.png": "val"})
    convert(ConversionRequest(path, tmp_path / "out", "ultralytics", images=images))
    data = yaml12.load(tmp_path / "out/data.yaml").data
    assert data == {"train": "images/train", "val": "images/val", "names": [*CLASSES]}
    for split, name in (("train", "run 1/a.png"), ("val", "run 2/more/a.png")):
        image = tmp_path / "out" / data[split] / name
        assert image.is_file()
        head, _, tail = str(image).rpartition("/images/")
        assert Path(f"{head}/labels/{tail}").with_suffix(".txt").is_file()


def test_names_that_older_yaml_takes_for_values_are_quoted(tmp_path: Path) -> None:
    names = ("no", "y", "1:30", 'a "b" \\ c', "é: #", "7")
    path = make_set(tmp_path, {"a.png": [(0, 0.5, 0.5, 0.1, 0.1)]})
    convert(ConversionRequest(path, tmp_path / "out", "ultralytics", classes=names))
    text = (tmp_path / "out/data.yaml").read_text()
    assert '- "no"\n- "y"\n- "1:30"\n' in text
    assert read_set("yolo", tmp_path / "out")[0] == names


def test_darknet_is_written_as_cvat_names_it(tmp_path: Path) -> None:
    path, images = split_set(tmp_path)
    convert(ConversionRequest(path, tmp_path / "out", "darknet", images=images))
    out = tmp_path / "out"
    assert (out / "obj.names").read_text().splitlines() == [*CLASSES]
    assert (out / "obj.data").read_text().splitlines() == [
        "classes = 4",
        "train = data/train.txt",
        "valid = data/valid.txt",
        "test = data/test.txt",
        "names = data/obj.names",
        "backup = backup/",
    ]
    listed = [line for name in ("train", "valid", "test") for line in (out / f"{name}.txt").read_text().splitlines()]
    assert "data/obj_valid_data/day 1/deep er/Zürich & <x>.png" in listed
    assert len(listed) == len(SPLIT)
    for line in listed:
        image = out / line.removeprefix("data/")
        assert image.is_file()
        assert image.with_suffix(".txt").is_file()


@pytest.mark.parametrize("kind", EXPORTS)
def test_images_without_a_split_become_train_and_that_is_said(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_set(tmp_path)
    assert main(["labels", "convert", str(path), str(tmp_path / "out"), "--to", kind]) == 0
    told = capsys.readouterr().out
    assert f"{len(BOXES)} images are in no split, and written as train\n" in told
    assert ("No image is of val, and Ultralytics does not train without" in told) == (kind == "ultralytics")
    assert f"{WRITTEN[kind].title} written to {tmp_path / 'out'}" in told
    assert {one.split for one in read(tmp_path / "out")[2]} == {"train"}


@pytest.mark.parametrize("kind", EXPORTS)
def test_images_that_are_not_found_are_told(kind: str, tmp_path: Path) -> None:
    path, images = split_set(tmp_path)
    (images / "plain.png").unlink()
    found = convert(ConversionRequest(path, tmp_path / "out", kind, images=images))
    assert any(note.startswith("1 image was not found") for note in found.notes)
    assert any(note.startswith("Images that were not found (1) are expected b") for note in found.notes)


def test_folders_below_those_of_data_yaml_are_read(tmp_path: Path) -> None:
    for name in ("a.png", "day 1/b.png", "day 1/deep/c.png"):
        file = tmp_path / "images/train" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (100, 50)).save(file)
        put((tmp_path / "labels/train" / name).with_suffix(".txt"), "0 0.5 0.5 0.2 0.4\n")
    put(tmp_path / "data.yaml", "train: images/train\nval: images/val\nnames: [red cell]\n")
    assert summary(read(tmp_path)[2]) == [
        (name, "train", [BOX]) for name in ("a.png", "day 1/b.png", "day 1/deep/c.png")
    ]
