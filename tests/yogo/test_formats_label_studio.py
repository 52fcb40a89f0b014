"""Label Studio's tasks: as it exports them, and as it imports ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yogo.errors import LabelsError
from yogo.formats.label_studio import LabelStudioWriter
from yogo.formats.labelled import LabelledBox, LabelledImage
from yogo.formats.output import new_folder

IMAGE = LabelledImage("day 1/é.png", (LabelledBox("red cell", 0.1, 0.2, 0.3, 0.4, score=0.5),), (640, 480))


def test_boxes_of_a_model_become_tasks_with_pre_annotations(tmp_path: Path) -> None:
    with new_folder(tmp_path / "out") as folder:
        writer = LabelStudioWriter(folder, ["red cell", "a<b"], root=Path("/data/my images"), predictions=True)
        writer.add(IMAGE)
        notes = writer.close()
    (task,) = json.loads((tmp_path / "out/tasks.json").read_text())
    assert task["data"]["image"] == "/data/local-files/?d=my%20images/day%201/%C3%A9.png"
    (prediction,) = task["predictions"]
    assert (prediction["score"], prediction["model_version"]) == (0.5, "yogo")
    (region,) = prediction["result"]
    assert region["value"] == {
        **{"x": 10, "y": 20, "width": 20, "height": 20, "rotation": 0},
        "rectanglelabels": ["red cell"],
    }
    assert (region["original_width"], region["original_height"], region["score"]) == (640, 480, 0.5)
    assert '<Label value="a&lt;b"/>' in (tmp_path / "out/label_config.xml").read_text()
    assert "DOCUMENT_ROOT=/data," in notes[1]


def test_an_output_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def write() -> None:
        with new_folder(tmp_path / "out") as folder:
            folder.write("first.txt", "1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    with pytest.raises(LabelsError, match="exists already"), new_folder(tmp_path / "out"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_size_of_an_image_that_nothing_says_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(LabelsError, match="--images"):
        LabelledImage("a.png").needed_size()
