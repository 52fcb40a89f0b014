"""The form of a use has the options that yogo declares, and says what is wrong with a value as yogo would."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
from PIL import Image

from yogo.cli import parser
from yogo.definition import DatasetDefinition, split
from yogo.definition.record import DataRecord
from yogo_tui.hosts.base import silent
from yogo_tui.questions.uses import CheckOptions, ListOptions, SeenBefore

NEEDED = {"test": ["a.pth", "d.yml"], "infer": ["a.pth", "--path-to-images", "p"], "export": ["a.pth"]}


@pytest.mark.parametrize("command", NEEDED)
def test_every_option_of_the_form_has_its_help_and_arrives_at_the_command(command: str) -> None:
    typed = {"image_bits": "12", "output_img_ftype": ".tif", "class_names": "a b", "data": ".", "pictures": "."}
    for one in ListOptions(command).answer(silent):
        assert one.about.endswith((".", ")"))
        text = "no" if one.is_switch else typed.get(one.name, "1")
        checked = CheckOptions(command, {one.name: f" {text} "}, Path()).answer(silent)
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


def test_a_run_that_recorded_no_data_warns_of_nothing(tmp_path: Path) -> None:
    own = definition_of(tmp_path / "own", "{train: 0.5, val: 0.25, test: 0.25}")
    assert SeenBefore(tmp_path, own, tmp_path).answer(silent) == ()
