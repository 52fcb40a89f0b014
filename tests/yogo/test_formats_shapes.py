"""YOLO's rows of outlines and keypoints: their boxes are kept, and what is left out is counted with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.yogo.test_formats_layouts import BOX, NAMES, images, put, read, summary
from yogo.cli import main
from yogo.formats.yolo_shapes import KEYPOINTS, OUTLINES

LINE = "0 0.5 0.5 0.2 0.4\n"


@pytest.mark.parametrize(
    ("row", "yaml", "what"),
    [
        ("0 0.4 0.5 0.5 0.3 0.6 0.5 0.5 0.7", "", OUTLINES),
        ("0 0.4 0.3 0.6 0.3 0.6 0.7 0.4 0.7 0.5 0.5", "", OUTLINES),
        ("0 0.4 0.3 0.6 0.7 0.6 0.3", "", OUTLINES),
        ("0 0.5 0.5 0.2 0.4 0.45 0.45 2", "", KEYPOINTS),
        ("0 0.5 0.5 0.2 0.4 0.45 0.45 2.000000 0 0 0", "", KEYPOINTS),
        ("0 0.5 0.5 0.2 0.4 0.45 0.45 0.5 0.6", "kpt_shape: [2, 2]\n", KEYPOINTS),
        ("0 0.5 0.5 0.2 0.4 0.1 0.2 0.7", "kpt_shape: [1, 3]\n", KEYPOINTS),
    ],
)
def test_the_box_of_a_shape_is_kept_and_its_line_told(row: str, yaml: str, what: str, tmp_path: Path) -> None:
    images(tmp_path, "images/train/a.png")
    label = put(tmp_path / "labels/train/a.txt", f"{LINE}\n{row}\n{LINE}")
    put(tmp_path / "data.yaml", f"train: images/train\nnames: [red cell, other]\n{yaml}")
    _, source, found = read(tmp_path)
    assert summary(found) == [("a.png", "train", [BOX, BOX, BOX])]
    assert source.omitted.counts == {what: 1}
    assert [(place.file, place.line) for place in source.omitted.places[what]] == [(label, 3)]


def test_an_outline_is_cut_at_the_edge_of_the_image(tmp_path: Path) -> None:
    images(tmp_path, "images/a.png")
    put(tmp_path / "labels/a.txt", "0 -0.001 0.5 0.5 1.001 0.2 0.6\n")
    put(tmp_path / "classes.txt", NAMES)
    _, _, found = read(tmp_path)
    assert summary(found) == [("a.png", "", [("red cell", 0, 0.5, 0.5, 1)])]


def test_classes_of_notes_may_have_shapes_too(tmp_path: Path) -> None:
    """notes.json of Label Studio beside labels of polygons."""
    images(tmp_path, "images/a.png")
    put(tmp_path / "labels/a.txt", "1 0.4 0.5 0.5 0.3 0.6 0.5 0.5 0.7\n")
    put(tmp_path / "notes.json", {"categories": [{"id": 0, "name": "b"}, {"id": 1, "name": "red cell"}]})
    _, _, found = read(tmp_path)
    assert summary(found) == [("a.png", "", [BOX])]


def test_the_command_says_what_became_of_outlines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images(tmp_path, "in/images/a.png")
    label = put(tmp_path / "in/labels/a.txt", f"{LINE}0 0.4 0.5 0.5 0.3 0.6 0.5 0.5 0.7\n")
    put(tmp_path / "in/classes.txt", NAMES)
    assert main(["labels", "convert", str(tmp_path / "in"), str(tmp_path / "out"), "--to", "yolo"]) == 0
    told = capsys.readouterr().out
    assert (
        f"Not carried over: outlines of objects (the boxes around them are carried over): 1 ({label}, line 2)" in told
    )
    assert (tmp_path / "out/labels/a.txt").read_text() == "0 0.5 0.5 0.2 0.4\n0 0.5 0.5 0.2 0.4\n"
