"""What a definition says of groups is in the definition that is written; where it cannot be, that is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.yogo.test_formats_layouts import ROW, put
from yogo.definition import DatasetDefinition
from yogo.files.yaml12 import dumped
from yogo.formats.conversion import ConversionRequest, convert

FOLDERS = ("run/one", "run_one", "run/two", "kept")
"""The first two would get the same label by joining the parts of their paths."""


def make(folder: Path, said: dict[str, Any], labels: Path | None = None) -> Path:
    pairs: dict[str, object] = {}
    for name in FOLDERS:
        put((labels or folder) / "labels" / name / f"slide7_{name[-3:]}.txt", ROW)
        image = folder / "images" / name / f"slide7_{name[-3:]}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (100, 50)).save(image)
        pairs[name] = {
            "image_path": f"images/{name}",
            "label_path": f"labels/{name}",
        }
    whole = {"class_names": ["a"], **said, "dataset_paths": pairs, "test_paths": {"kept": pairs.pop("kept")}}
    return put(folder / "cells.yml", dumped(whole))


def groups(path: Path) -> dict[str, str]:
    definition = DatasetDefinition.from_yaml(path)
    return {
        str(file): pair.grouping.group_of(file.name)
        for pair in definition.all_dataset_paths
        for file in pair.images.iterdir()
    }


@pytest.mark.parametrize(
    "said",
    [
        {"group_pattern": r"slide\d+"},
        {"group_pattern": r"slide\d+", "shared_groups": ["slide7"]},
        {"folders": {"run/one": {"group": "donor é"}, "kept": {"group": "7", "group_pattern": r"slide(\d)"}}},
        {"group_pattern": r"^(.*)_", "folders": {"run_one": {"group": "donor 1"}}, "shared_groups": ["slide7", "x"]},
    ],
)
def test_every_image_has_its_group_in_the_definition_written(said: dict[str, Any], tmp_path: Path) -> None:
    path = make(tmp_path / "in", said)
    convert(ConversionRequest(path, tmp_path / "out", "yolo"))
    there = tmp_path / "out/definition.yml"
    assert groups(there) == groups(path)
    assert len(groups(there)) == len(FOLDERS)
    assert DatasetDefinition.from_yaml(there).shared_groups == DatasetDefinition.from_yaml(path).shared_groups


def test_a_pattern_for_all_is_written_once(tmp_path: Path) -> None:
    convert(ConversionRequest(make(tmp_path / "in", {"group_pattern": r"slide\d+"}), tmp_path / "out", "yolo"))
    text = (tmp_path / "out/definition.yml").read_text()
    assert text.count("group_pattern") == 1
    assert "folders" not in text


def test_groups_of_a_nested_definition_are_carried_too(tmp_path: Path) -> None:
    inner = make(tmp_path / "in", {})
    outer = put(
        tmp_path / "all.yml",
        dumped(
            {
                "class_names": ["a"],
                "folders": {"inner": {"group": "donor 3"}},
                "dataset_paths": {"inner": {"defn_path": str(inner)}},
            }
        ),
    )
    convert(ConversionRequest(outer, tmp_path / "out", "yolo"))
    assert groups(tmp_path / "out/definition.yml") == groups(outer)
    assert {*groups(outer).values()} == {"donor 3"}


def test_formats_without_groups_say_so(tmp_path: Path) -> None:
    plain, grouped = make(tmp_path / "plain", {}), make(tmp_path / "in", {"group_pattern": r"slide\d+"})
    for to in ("coco", "voc", "label-studio", "cvat"):
        for path, is_told in ((plain, False), (grouped, True)):
            notes = convert(ConversionRequest(path, tmp_path / f"{path.parent.name}-{to}", to)).notes
            assert any(note.startswith("The groups of the definition (group_pattern") for note in notes) == is_told


def test_folders_of_several_groups_that_come_together_are_told(tmp_path: Path) -> None:
    path = make(tmp_path / "in", {"folders": {"run/one": {"group": "1"}, "run/two": {"group": "2"}}})
    (tmp_path / "all").mkdir()
    for image in (tmp_path / "in/images").rglob("*.png"):
        Image.open(image).save(tmp_path / "all" / image.name)
        image.unlink()
    (tmp_path / "in/labels/run_one/slide7_one.txt").unlink()
    found = convert(ConversionRequest(path, tmp_path / "out", "yolo", images=tmp_path / "all"))
    assert any("come together: in labels" in note for note in found.notes)
    assert "group" not in (tmp_path / "out/definition.yml").read_text()


def test_roles_and_samples_are_said_not_to_be_carried_over(tmp_path: Path) -> None:
    roles = {"total": ["a"], "target": ["a"], "per_microlitre": 5e6}
    path = make(tmp_path / "one", {"roles": roles, "folders": {"kept": {"sample": "s"}}})
    plain = make(tmp_path / "two", {})
    for which, is_told in ((path, True), (plain, False)):
        notes = convert(ConversionRequest(which, tmp_path / f"{which.parent.name}-yolo", "yolo")).notes
        assert any(note.startswith("The roles and samples of the definition") for note in notes) == is_told
