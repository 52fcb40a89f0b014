"""What is written nearly right in a dataset definition, or in the path of one, is told with what is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from yogo.cli import main
from yogo.definition import check


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    for name in ("Images", "labels_2024"):
        (tmp_path / "cells" / name).mkdir(parents=True)
    (tmp_path / "cells/Images/a.png").touch()
    (tmp_path / "cells/labels_2024/a.txt").touch()
    path = tmp_path / "defs/pretraining/bccd.yml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "class_names: [a]\ndataset_paths:\n  x: {image_path: ../../cells/Images, label_path: ../../cells/labels_2024}\n"
    )
    return path


@pytest.mark.parametrize(
    "name",
    ["pretrainin/bccd.yml", "pretraining/bcd.yml", "Pretraining/BCCD.yml", "pretraining/bccd.yaml", "pretraining/bccd"],
)
def test_a_definition_that_does_not_exist_is_told_with_the_one_that_is_meant(
    definition: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = definition.parents[1] / name
    for command in ("check", "train", "anchors"):
        assert main([command, str(asked)]) == 1
        out, err = capsys.readouterr()
        assert f"{asked}: This file does not exist; did you mean {definition}?" in out + err


def test_nothing_is_guessed_where_nothing_is_near(definition: Path) -> None:
    assert str(check(definition.parent / "zzzz.yml")[0]).endswith("zzzz.yml: This file does not exist")
    assert str(check(Path("/nowhere/at/all.yml"))[0]).endswith("all.yml: This file does not exist")


def test_folders_and_definitions_that_are_named_nearly_right_are_told(definition: Path) -> None:
    root = definition.parents[2]
    definition.write_text(
        "class_names: [a]\ndataset_paths:\n"
        "  x: {image_path: ../../cells/images, label_path: ../../cells/labels_2042}\n"
        "  y: {defn_path: ../finetunin/other.yml}\n"
    )
    (root / "defs/finetuning").mkdir()
    (root / "defs/finetuning/other.yml").write_text("")

    told = [one.message.rpartition("; ")[2] for one in check(definition)]

    assert told == [
        f"did you mean {definition.parent}/../../cells/Images?",
        f"did you mean {definition.parent}/../../cells/labels_2024?",
        f"did you mean {root}/defs/finetuning/other.yml?",
    ]


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("test_dataset_paths", "test_paths"),
        ("test_dataset_path", "test_paths"),
        ("test_path", "test_paths"),
        ("test-paths", "test_paths"),
        ("Test_Paths", "test_paths"),
        ("dataset_path", "dataset_paths"),
        ("datasetpaths", "dataset_paths"),
        ("train", "dataset_paths"),
        ("classes", "class_names"),
        ("names", "class_names"),
        ("class_name", "class_names"),
        ("split_fractions", "dataset_split_fractions"),
        ("dataset_split_fractons", "dataset_split_fractions"),
        ("val_paths", "dataset_split_fractions"),
        ("thumbnails", "thumbnail_augmentation"),
        ("made_by", ""),
    ],
)
def test_a_key_that_is_not_known_is_told_with_the_one_that_is_meant(definition: Path, key: str, meant: str) -> None:
    definition.write_text(definition.read_text() + f"{key}: {{}}\n")

    hint = f"; is {meant} meant?" if meant else ""

    assert f"The key {key!r} is not known and is ignored{hint}" in [one.message for one in check(definition)]


@pytest.mark.parametrize(
    ("key", "meant"),
    [("images", "image_path"), ("image_paths", "image_path"), ("labels", "label_path"), ("definition", "defn_path")],
)
def test_a_key_of_a_folder_pair_too(definition: Path, key: str, meant: str) -> None:
    definition.write_text(f"class_names: [a]\ndataset_paths:\n  x: {{{key}: a}}\n")

    assert any(f"{key!r} is not known and is ignored; is {meant} meant?" in one.message for one in check(definition))
