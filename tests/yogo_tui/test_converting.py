"""Labels of other programs are converted where they lie, by a command and from Datasets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from textual.pilot import Pilot

from tests.yogo_tui.fake_session import FakeSession, make_run, see, until
from yogo.errors import LabelsError
from yogo.formats.conversion import ConversionRequest, convert
from yogo_tui.app import Console
from yogo_tui.cli import main
from yogo_tui.hosts.base import Question, silent
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.formats import ConvertLabels, FindImages, FindLabels
from yogo_tui.widgets.text_field import TextField


def exported(folder: Path) -> Path:
    """An export as COCO: two images, a box, and an outline that no other format holds."""
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        Image.new("L", (40, 20), 90).save(folder / f"{name}.png")
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [4, 4, 8, 8], "area": 64, "iscrowd": 0}
    outline = {**box, "id": 2, "iscrowd": 1}
    said: dict[str, Any] = {
        "images": [{"id": n, "file_name": f"{name}.png", "width": 40, "height": 20} for n, name in enumerate("ab", 1)],
        "annotations": [box, outline],
        "categories": [{"id": 1, "name": "ring"}],
    }
    (folder / "export.json").write_text(json.dumps(said))
    return folder / "export.json"


def of_formats(folder: Path) -> list[Question[Any]]:
    """One of each kind; nothing is written."""
    exported(folder / "other")
    request = ConversionRequest(Path("other/export.json"), Path("made"), "voc", is_dry=True)
    return [FindLabels("other/export.json", folder), FindImages(request, folder), ConvertLabels(request, folder)]


def test_paths_are_meant_from_the_start_and_what_is_there_is_found_out(tmp_path: Path) -> None:
    file = exported(tmp_path / "other")
    found = FindLabels(" other/export.json ", tmp_path).answer(silent)
    assert (found.path, found.formats) == (file, ("coco",))
    with pytest.raises(LabelsError, match="nowhere does not exist"):
        FindLabels("nowhere", tmp_path).answer(silent)
    request = ConversionRequest(Path("other/export.json"), Path("made"), "yolo", "coco")
    made = ConvertLabels(request, tmp_path).answer(silent)
    assert made.data["to"] == {"path": str(tmp_path / "made"), "format": "yolo"}
    assert made.lines[-1] == f"YOLO written to {tmp_path}/made"
    assert [one["number"] for one in made.data["omitted"]] == [1]


def test_the_command_converts_as_yogo_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from yogo.cli import main as yogo

    exported(tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    words = ["labels", "convert", "other/export.json", "made", "--to", "cvat", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    (tmp_path / "made").rename(tmp_path / "before")
    assert yogo(words) == 0
    own = json.loads(capsys.readouterr().out)
    own["from"]["path"], own["to"]["path"] = str(tmp_path / "other/export.json"), str(tmp_path / "made")
    told["omitted"], own["omitted"] = ([one["number"] for one in some["omitted"]] for some in (told, own))
    assert told == own
    assert (tmp_path / "made/annotations.xml").read_bytes() == (tmp_path / "before/annotations.xml").read_bytes()
    assert main(words) == 1
    assert "made exists already, and nothing is written over it" in capsys.readouterr().err


async def test_from_datasets_format_and_folder_are_asked_and_what_was_left_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exported(tmp_path / "other")
    console = Console(FakeSession(make_run("calm-owl-0002"), folder=tmp_path), mode="datasets")
    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, "Dataset definitions appear here")
        await pilot.press("i")
        await see(pilot, "labels to convert")
        await pilot.press(*"nowhere", "enter")
        await see(pilot, "no labels were converted", "nowhere does not")
        await pilot.press("escape", "i")
        await see(pilot, "labels to convert")
        await pilot.press(*"other/export.json", "enter")
        await see(pilot, "COCO: write as", "to train: with a definition for Datasets")
        await pilot.press("enter")
        await see(pilot, "YOLO: the new folder")
        await pilot.press("ctrl+u", *"made", "enter")
        await see(pilot, "✔ the labels were converted", "Not carried over", "YOLO written to")
        await pilot.press("escape")
        await until(pilot, lambda: len(console.screen_stack) == 1)
    assert (tmp_path / "made/definition.yml").is_file()
    assert (tmp_path / "made/labels/a.txt").read_text().startswith("0 0.2 0.4 0.2 0.4")


def labels_and_images_apart(folder: Path) -> Path:
    """As COCO, Label Studio and CVAT export: the labels alone. The images lie in data/images."""
    file = exported(folder / "other")
    (folder / "data/images").mkdir(parents=True)
    for image in file.parent.glob("*.png"):
        image.rename(folder / "data/images" / image.name)
    return file


def test_images_that_lie_elsewhere_are_looked_for_where_definitions_have_them(tmp_path: Path) -> None:
    file = labels_and_images_apart(tmp_path)
    (tmp_path / "data/labels").mkdir()
    definition = tmp_path / "cells.yml"
    definition.write_text(
        "class_names: [ring]\ndataset_split_fractions: {train: 1}\n"
        "dataset_paths: {a: {image_path: data/images, label_path: data/labels}}\n"
    )
    request = ConversionRequest(file, Path("made"), "yolo")
    look = FindImages(request, tmp_path, (tmp_path / "none.yml", definition)).answer(silent)
    assert look.problem == f"2 images were not found below {file.parent}, of 2 that the labels name: a.png"
    assert look.proposed == str(tmp_path / "data/images")
    assert FindImages(request, tmp_path).answer(silent).proposed == ""
    (tmp_path / "other-data").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "other-data/a.png")  # of the same name, and nothing else
    other = tmp_path / "other.yml"
    other.write_text(definition.read_text().replace("data/images", "other-data"))
    assert FindImages(request, tmp_path, (other, definition)).answer(silent).proposed == look.proposed
    (tmp_path / "data/images/b.png").unlink()
    partly = FindImages(replace(request, images=Path("data")), tmp_path).answer(silent)
    assert partly.problem == f"1 image was not found below {tmp_path}/data, of 2 that the labels name: b.png"
    nowhere = FindImages(replace(request, images=Path("none")), tmp_path).answer(silent)
    assert nowhere.problem == f"{tmp_path}/none is not a folder"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("to", ["coco", "label-studio", "yolo"])
def test_labels_that_need_their_images_say_so(tmp_path: Path, to: str) -> None:
    """Labels of YOLO say neither the sizes of images nor how their names end."""
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    (tmp_path / "classes.txt").write_text("ring\n")
    look = FindImages(ConversionRequest(tmp_path, tmp_path / "made", to), tmp_path).answer(silent)
    assert "a.txt" in look.problem
    assert "--images" not in look.problem


@pytest.mark.parametrize("to", ["yolo", "ultralytics", "darknet"])
def test_a_data_set_without_its_images_is_not_called_ready(tmp_path: Path, to: str) -> None:
    file = labels_and_images_apart(tmp_path)
    found = convert(ConversionRequest(file, tmp_path / "bare", to))
    assert (found.num_missing, found.missing) == (2, ("a.png", "b.png"))
    assert any("convert with --images" in note for note in found.notes)
    assert not any("Train on it" in note for note in found.notes)
    (tmp_path / "data/images/b.png").unlink()
    partly = convert(ConversionRequest(file, tmp_path / "half", to, images=tmp_path / "data"))
    assert any("convert with --images" in note for note in partly.notes)
    assert not any("Train on it" in note for note in partly.notes)


async def test_the_folder_of_the_images_is_asked_for_until_all_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    labels_and_images_apart(tmp_path)
    console = Console(FakeSession(make_run("calm-owl-0002"), folder=tmp_path), mode="datasets")

    async def begin(pilot: Pilot[Any], out: str) -> None:
        await pilot.press("i")
        await see(pilot, "labels to convert")
        await pilot.press("ctrl+u", *"other/export.json", "enter")
        await see(pilot, "COCO: write as")
        await pilot.press("enter")
        await see(pilot, "YOLO: the new folder")
        await pilot.press("ctrl+u", *out, "enter")
        await see(pilot, "2 images were not found", "converts without them")

    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, "Dataset definitions appear here")
        await begin(pilot, "made")
        await pilot.press(*"nowhere", "enter")
        await see(pilot, "nowhere is not a")
        await pilot.press("ctrl+u", *"data", "enter")
        await see(pilot, "✔ the labels were converted", "Train on it with")
        await pilot.press("escape")
        await until(pilot, lambda: len(console.screen_stack) == 1)
        await begin(pilot, "bare")
        await pilot.press("enter")
        await see(pilot, "! the labels were converted, but 2 images were not found", "Nothing trains on it until")
    assert "image_path: ../data/images" in (tmp_path / "made/definition.yml").read_text()


async def test_the_cursor_stays_on_the_definition_that_was_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    exported(tmp_path / "other")
    (tmp_path / "dataset_defs").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"dataset_defs/{name}.yml").write_text("class_names: [ring]\ndataset_paths: {}\n")
    session = FakeSession(make_run("calm-owl-0002"), folder=tmp_path)
    session.definition_files = tuple(
        DefinitionFile(path, tmp_path / "dataset_defs") for path in sorted((tmp_path / "dataset_defs").iterdir())
    )
    console = Console(session, mode="datasets")
    async with console.run_test(size=(80, 24)) as pilot:
        await see(pilot, "a.yml", "b.yml")
        await pilot.press("G")
        await see(pilot, "── b.yml")
        await pilot.press("i")
        await see(pilot, "labels to convert")
        await pilot.press("ctrl+u", *"other/export.json", "enter")
        await see(pilot, "COCO: write as")
        await pilot.press("enter")
        await see(pilot, "YOLO: the new folder")
        await pilot.press("ctrl+u", *"made", "enter")
        await see(pilot, "✔ the labels were converted")
        await pilot.press("escape")
        await until(pilot, lambda: len(console.screen_stack) == 1)
        await pilot.press("i")
        await see(pilot, "labels to convert")
        assert console.screen.query_one(TextField).value == str(tmp_path / "dataset_defs/b.yml")
