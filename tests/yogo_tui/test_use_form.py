"""The form of a use has the options that yogo declares, and says what is wrong with a value as yogo would."""

from __future__ import annotations

import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from tests.yogo_tui.fake_session import FakeSession, make_run, see, shown, until
from yogo.cli import parser
from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo_tui.app import Console
from yogo_tui.hosts.base import silent
from yogo_tui.launch.purpose import Purpose
from yogo_tui.questions.definitions import DefinitionFile
from yogo_tui.questions.uses import CheckOptions, ListOptions, SeenBefore
from yogo_tui.runs.model import RunState
from yogo_tui.screens.launch_form import shorten

NEEDED = {
    "test": ["a.pth", "d.yml"],
    "assay": ["a.pth", "d.yml"],
    "infer": ["a.pth", "--path-to-images", "p"],
    "export": ["a.pth"],
}
NEEDED |= {"review": ["a.pth", "d.yml"], "label": ["a.pth", "p", "o"], "next": ["a.pth", "p"]}


@pytest.mark.parametrize("command", NEEDED)
def test_every_option_of_the_form_has_its_help_and_arrives_at_the_command(command: str) -> None:
    typed = {"image_bits": "12", "output_img_ftype": ".tif", "class_names": "a b", "data": ".", "pictures": "."}
    typed |= {"thresholds": "counts", "engine": "torch", "mix": "ring=0.8 schizont=0.2"}
    typed |= {
        "base": "defaults",
        "pretrained": ".",
        "on": ".",
        "folds": "5",
        "error": "0.05",
        "labelled": ".",
        "roles": ".",
    }
    for one in ListOptions(command).answer(silent):
        assert one.about.endswith((".", ")"))
        text = "no" if one.is_switch else typed.get(one.name, "1")
        needed = {"folds": "2"} if one.name in ("base", "pretrained") else {"source": "samples.yml"}
        checked = CheckOptions(command, needed | {one.name: f" {text} "}, Path()).answer(silent)
        assert checked.wrong == {}, one
        args = vars(parser().parse_args([command, *NEEDED[command], *checked.words]))
        assert args[one.name] is False if one.is_switch else str(args[one.name]) not in ("None", "")


@pytest.mark.parametrize(
    ("command", "name", "text", "said"),
    [
        ("test", "batch_size", "x", "must be a whole number, not 'x'"),
        ("test", "batch_size", "0", "must be greater than 0, not '0'"),
        ("test", "half", "maybe", "must be yes or no"),
        ("test", "image_bits", "13", "must be one of auto, 8, 10, 12, 14, 16"),
        ("test", "note", "--overwrite", "must not begin with -"),
        ("infer", "output_img_ftype", ".jpg", "must be one of .png, .tif, .tiff"),
        ("infer", "zarr_channel", "-1", "must be at least 0, not '-1'"),
        ("export", "data", "no.yml", "no.yml does not exist"),
        ("assay", "cells", "0", "must be greater than 0.0, not '0'"),
        ("infer", "roles", "no.yml", "no.yml does not exist"),
        ("review", "folds", "1", "one model would judge what it learnt: train 2 or more, or leave --folds out"),
        ("review", "base", "defaults", "needs folds: give that too"),
        ("review", "pretrained", "no.pth", "no.pth does not exist"),
        ("label", "error", "2", "must be less than 1.0, not '2'"),
        ("next", "number", "0", "must be at least 1, not '0'"),
        ("next", "labelled", "no.yml", "no.yml does not exist"),
        ("label", "on", "no.yml", "no.yml does not exist"),
    ],
)
def test_a_value_that_the_command_refuses_is_told_as_a_sentence(
    command: str, name: str, text: str, said: str, tmp_path: Path
) -> None:
    (problem,) = CheckOptions(command, {name: text}, tmp_path).answer(silent).wrong.items()
    assert problem[0] == name
    assert problem[1].removeprefix(f"{tmp_path}/") == said


@pytest.mark.parametrize("command", NEEDED)
def test_each_group_of_the_form_has_one_heading(command: str) -> None:
    groups = [name for name, _ in itertools.groupby(one.group for one in ListOptions(command).answer(silent))]
    assert len(groups) == len(set(groups))


def test_nothing_typed_gives_no_words(tmp_path: Path) -> None:
    names = {one.name: " " for one in ListOptions("test").answer(silent)}
    assert CheckOptions("test", names, tmp_path).answer(silent).words == ()


def definition_of(folder: Path, fractions: str) -> Path:
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True)
    for number in range(8):
        Image.new("L", (16, 16), 20 * number).save(folder / "images" / f"{number}.png")
        (folder / "labels" / f"{number}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    path = folder / "cells.yml"
    path.write_text(
        "class_names: [cell]\ndataset_paths:\n  all: {image_path: images, label_path: labels}\n"
        f"dataset_split_fractions: {fractions}\n"
    )
    return path


def test_images_that_were_trained_on_are_told_before_a_test_also_from_another_folder(tmp_path: Path) -> None:
    own = definition_of(tmp_path / "own", "{train: 0.5, val: 0.25, test: 0.25}")
    run = tmp_path / "trained_models" / "tidy-fox-0001"
    run.mkdir(parents=True)
    definition = DatasetDefinition.from_yaml(own)
    DataRecord.build(definition, split(definition)).write(run / "data.json.gz")
    assert SeenBefore(run, own, tmp_path).answer(silent) == ()
    shutil.copytree(own.parent, tmp_path / "copy")
    other = tmp_path / "copy" / "cells.yml"
    other.write_text(other.read_text().replace("{train: 0.5, val: 0.25, test: 0.25}", "{train: 0, val: 0, test: 1}"))
    assert SeenBefore(run, other, tmp_path).answer(silent) == ()  # `yogo test` knows its own test images again
    name = split(definition).test[0].image.stem
    for file in (f"images/{name}.png", f"labels/{name}.txt"):
        (tmp_path / "copy" / file).rename((tmp_path / "copy" / file).with_stem("another"))
    (told,) = SeenBefore(run, other, tmp_path).answer(silent)
    num = len(split(definition).train)
    assert told == f"{num} of 8 test images were trained on by tidy-fox-0001: the test flatters the model"


async def test_a_test_begins_with_the_runs_own_definition_and_another_one_is_chosen_or_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = definition_of(tmp_path / "own", "{train: 0.5, val: 0.25, test: 0.25}")
    folder = tmp_path / "trained_models" / "tidy-fox-0001"
    folder.mkdir(parents=True)
    definition = DatasetDefinition.from_yaml(own)
    DataRecord.build(definition, split(definition)).write(folder / "data.json.gz")
    other = definition_of(tmp_path / "other", "{train: 0, val: 0, test: 1}").rename(tmp_path / "other" / "all.yml")
    name = split(definition).test[0].image.stem  # else `yogo test` knows its own test images again
    for file in (f"images/{name}.png", f"labels/{name}.txt"):
        (other.parent / file).rename((other.parent / file).with_stem("another"))
    made = make_run(folder.name, RunState.FINISHED, has_best=True, path=PurePosixPath(folder))
    run = replace(made, launch=made.launch and made.launch.model_copy(update={"definition": str(own)}))
    session = FakeSession(run, folder=tmp_path)
    session.definition_files = tuple(DefinitionFile(path, tmp_path) for path in (other, own))
    warned = "! 4 of 8 test images were trained on by tidy-fox-0001"
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, folder.name)
        await pilot.press("u")
        await see(pilot, "test it")
        await pilot.press("enter")
        await see(pilot, "test tidy-fox-0001", "cells.yml", "its test images are looked at")
        assert "trained on by" not in shown(pilot)
        await pilot.press("ctrl+o")
        await see(pilot, "test it on", "other/all.yml", "what it was trained on")
        await pilot.press(*"all", "enter")
        await see(pilot, warned)
        await pilot.press("ctrl+u", *"nothing.yml")
        await see(pilot, "✖ There is no dataset definition nothing.yml,")
        await until(pilot, lambda: "trained on by" not in shown(pilot))
        await pilot.press("ctrl+u", *str(other))
        await see(pilot, warned)
        await pilot.press("ctrl+s")
        await see(pilot, "Submit a job that tests tidy-fox-0001 on other/all.yml")
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted)
        assert str(other).encode() in session.host.files[session.cluster.submitted[0]]


def test_a_run_that_recorded_no_data_warns_of_nothing(tmp_path: Path) -> None:
    own = definition_of(tmp_path / "own", "{train: 0.5, val: 0.25, test: 0.25}")
    assert SeenBefore(tmp_path, own, tmp_path).answer(silent) == ()


async def test_the_images_to_find_cells_in_are_looked_for_folder_by_folder(tmp_path: Path) -> None:
    run = make_run("tidy-fox-0001", RunState.FINISHED, has_best=True)
    session = FakeSession(run, folder=Path("/lab"))
    for file in (
        "notes.txt",
        "images/monday/a.png",
        "images/monday/b.TIF",
        "images/slide.zarr/.zgroup",
        "images/titration.yml",
        ".hidden/c.png",
    ):
        session.host.files[PurePosixPath("/lab") / file] = b""
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, "tidy-fox-0001")
        await pilot.press("u")
        await see(pilot, "find cells in images")
        await pilot.press(*"find", "enter")
        await see(pilot, "ctrl+o choose the data")
        await pilot.press(*"/lab", "ctrl+o")
        await see(pilot, "images in /lab", "no image lies in it directly", "images/", "..")
        assert ".hidden" not in shown(pilot)
        await pilot.press("down", "enter")
        await see(pilot, "images in /lab/images", "slide.zarr  zarr store", "monday/")
        await see(pilot, "titration.yml  a file of samples, if it lists some")
        await pilot.press(*"mon", "enter")
        await see(pilot, "images in /lab/images/monday", "2 images")
        await pilot.press("enter")
        await until(pilot, lambda: "images in" not in shown(pilot))
        assert "/lab/images/monday" in shown(pilot)


async def test_labels_are_ranked_by_keys_of_what_the_run_was_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = definition_of(tmp_path / "dataset_defs", "{train: 0.5, val: 0.25, test: 0.25}")
    made = make_run("tidy-fox-0001", RunState.FINISHED, has_best=True)
    run = replace(made, launch=made.launch and made.launch.model_copy(update={"definition": str(own)}))
    session = FakeSession(run, folder=tmp_path)
    session.definition_files = (DefinitionFile(own, tmp_path),)
    review = own.parent / "reviews" / f"cells-{run.name}"
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, run.name)
        await pilot.press("u")
        await see(pilot, "rank labels by it")
        await pilot.press(*"rank", "enter")
        await see(pilot, f"rank labels by {run.name}", "cells.yml", "beside the definition", "does not see errors that")
        await pilot.press("ctrl+o")
        await see(pilot, "rank the labels of", "what it was trained on")
        await pilot.press("escape", "ctrl+s")
        await see(pilot, "Submit a job that ranks the labels of dataset_defs/cells.yml by")
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted)
        then = "Once it is over, d on dataset_defs/cells.yml in Datasets opens them, as does: yogo-tui review"
        await until(pilot, lambda: any(then in one.message for one in pilot.app._notifications))
        script = session.host.files[session.cluster.submitted[0]].decode()
        assert f"--out {review}" in " ".join(script.split())
        session.host.files[PurePosixPath(review / "decisions-ana.jsonl")] = b""
        await pilot.press("u", *"rank", "enter")
        await see(pilot, "does not see errors that it")
        await pilot.press("ctrl+s")
        await see(pilot, "Submit a job")
        await pilot.press("enter")
        await see(pilot, "was not used", "holds what", "name another")
    assert len(session.cluster.submitted) == 1


async def test_images_to_label_are_a_folder_and_the_labels_go_where_one_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = make_run("tidy-fox-0001", RunState.FINISHED, has_best=True)
    (tmp_path / "monday/images").mkdir(parents=True)
    (tmp_path / "images").mkdir()
    Image.new("L", (16, 16)).save(tmp_path / "images/a.png")
    session = FakeSession(run, folder=tmp_path)
    for file in ("images/a.png", "monday/images/a.png", "slide.zarr/.zgroup"):
        session.host.files[PurePosixPath(tmp_path) / file] = b""
    async with Console(session).run_test(size=(80, 24)) as pilot:
        await see(pilot, run.name)
        await pilot.press("u")
        await see(pilot, "label images by it")
        await pilot.press(*"label images", "enter")
        await see(pilot, f"label images by {run.name}", "in the run's folder", "ctrl+o choose the data")
        await pilot.press(*str(tmp_path), "ctrl+o")
        await see(pilot, "no image lies in it directly", "images/")
        assert "zarr store" not in shown(pilot)
        await pilot.press("escape")
        await pilot.press(*"/images/a.png")
        await see(pilot, "is a file: name the folder of images")
        await pilot.press("ctrl+u", *f"{tmp_path}/monday/images", "down", *f"{tmp_path}/new labels", "ctrl+s")
        await see(pilot, "labels the images in the folder monday/images by")
        await pilot.press("enter")
        await until(pilot, lambda: session.cluster.submitted)
        script = " ".join(session.host.files[session.cluster.submitted[0]].decode().split())
        assert f"{tmp_path}/monday/images '{tmp_path}/new labels'" in script


@pytest.mark.parametrize("purpose", Purpose)
def test_a_form_says_of_its_options_nothing_that_only_a_command_line_says(purpose: Purpose) -> None:
    for one in ListOptions(str(purpose)).answer(silent):
        said = re.findall(r"--\w+|\b[A-Z]{2,}\b", f"{one.about} {one.default}")
        assert {*said} <= {"COCO", "CPU", "IR"}, one


def test_definitions_of_the_same_path_in_two_folders_are_told_apart(tmp_path: Path) -> None:
    files = [
        DefinitionFile(tmp_path / one, tmp_path / one.split("/")[0])
        for one in ("a/x/all.yml", "b/x/all.yml", "b/all.yml")
    ]
    assert [shorten(one.path, files) for one in files] == ["a/x/all.yml", "b/x/all.yml", "all.yml"]
