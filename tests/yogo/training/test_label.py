"""`yogo label` makes labels that a person corrects, and says how many images they should look at."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.yogo.training.planted_errors import CLASSES, made_cells
from tests.yogo.training.tiny import Done, Yogo
from yogo.definition import DatasetDefinition, split
from yogo.metrics.boxes import GroundTruth, PredictedBoxes
from yogo.metrics.matching import match
from yogo.review.labels import label_set
from yogo.review.machine_labels import MachineLabels, label_lines


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_cells(tmp_path_factory.mktemp("cells") / "data", seed=3, pictures=48)


def labelled(yogo: Yogo, *arguments: object) -> Done:
    return yogo.command("label", *arguments, "--device", "cpu")


def made(yogo: Yogo, *arguments: object) -> MachineLabels:
    done = labelled(yogo, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return MachineLabels.parse(done.stdout.encode(), "what it printed")


def images_of(definition: Path) -> Path:
    return definition.parent / "images/fine-tuning"


def true_errors(definition: Path, out: Path, order: list[str]) -> tuple[np.ndarray, int]:
    """Of each image in that order the labels that match no object of their class, and the objects without a label;
    and all objects."""
    exact = {sample.image_file: sample for sample in split(DatasetDefinition.from_yaml(definition)).train}
    exact |= {sample.image_file: sample for sample in split(DatasetDefinition.from_yaml(definition)).val}
    ours = split(DatasetDefinition.from_yaml(out / "labelled.yml"))
    drawn = {sample.image_file: sample for sample in (*ours.train, *ours.val)}
    truth = label_set([exact[image] for image in order], CLASSES).truth
    found = label_set([drawn[image] for image in order], CLASSES).truth
    matched = match(_certain(found), truth)
    is_right = (matched >= 0) & (np.append(truth.label, -1)[matched] == found.label)
    is_found = np.isin(np.arange(len(truth.image)), matched[matched >= 0])
    wrong = np.bincount(found.image[~is_right], minlength=len(order))
    return wrong + np.bincount(truth.image[~is_found], minlength=len(order)), len(truth.image)


def _certain(labels: GroundTruth) -> PredictedBoxes:
    probabilities = np.eye(len(CLASSES), dtype=np.float32)[labels.label]
    return PredictedBoxes(labels.image, labels.box, np.ones(len(labels.image), np.float32), probabilities)


def test_whoever_looks_as_far_as_told_leaves_about_the_error_that_was_asked_for(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    out = yogo.home / "labelled"

    said = made(yogo, learned, images_of(cells), out, "--error", "0.03")

    with (out / "order.csv").open() as file:
        order = [row["image"] for row in csv.DictReader(file)]
    errors, objects = true_errors(cells, out, order)
    assert said.look_at is not None
    assert 0 < said.look_at < said.num_images == len(order) == 48
    assert said.error_left[0] / 2 < errors.sum() / objects < said.error_left[0] * 2
    assert errors[said.look_at :].sum() / objects < 0.045
    of_any_images = errors.sum() / len(order) * (len(order) - said.look_at)
    assert errors[said.look_at :].sum() < 0.9 * of_any_images
    assert said.reckoned.startswith("Measured on the 16 validation images of cells, by which its weights were chosen")


def test_what_it_writes_is_a_definition_that_yogo_reads_with_the_names_of_the_classes(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    out = yogo.home / "labelled"

    said = made(yogo, learned, images_of(cells), out)

    definition = DatasetDefinition.from_yaml(out / "labelled.yml")
    splits = split(definition)
    assert definition.classes == CLASSES
    assert (len(splits.train), len(splits.val)) == (43, 5)
    labels = label_set([*splits.train, *splits.val], CLASSES)
    assert (labels.unread, len(labels.truth.image)) == ({}, said.num_labels)
    assert (out / "classes.txt").read_text() == "healthy\nring\ntrophozoite\n"
    assert [one["name"] for one in json.loads((out / "notes.json").read_text())["categories"]] == [*CLASSES]
    assert yogo.command("check", out / "labelled.yml").returncode == 0


def test_of_boxes_that_are_the_same_once_they_are_cut_at_the_edge_one_becomes_a_label() -> None:
    wide, wider = (-0.1, 0.1, 1.2, 0.9), (-0.4, 0.1, 1.9, 0.9)
    rows = np.array([[*wide, 0.9, 1, 0], [*wider, 0.8, 1, 0], [*wider, 0.8, 0, 1], [*wide, 0.4, 0, 1]], np.float32)

    lines = label_lines(rows, 0.5)

    assert lines == ("0 0.500000 0.500000 1.000000 0.800000\n", "1 0.500000 0.500000 1.000000 0.800000\n")


def test_a_label_file_that_is_there_stays_and_those_that_are_missing_are_made(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    out = yogo.home / "labelled"
    made(yogo, learned, images_of(cells), out)
    corrected, lost = out / "labels/0001.txt", out / "labels/0002.txt"
    corrected.write_text("2 0.5 0.5 0.1 0.1\n")
    before = lost.read_text()
    lost.unlink()

    made(yogo, learned, images_of(cells), out)

    assert corrected.read_text() == "2 0.5 0.5 0.1 0.1\n"
    assert lost.read_text() == before


def test_where_nothing_is_known_of_the_model_no_share_is_told(yogo: Yogo, learned: Path, cells: Path) -> None:
    alone = yogo.home / "alone.pth"
    alone.write_bytes(learned.read_bytes())

    done = labelled(yogo, alone, images_of(cells), yogo.home / "labelled")

    assert done.returncode == 0
    assert "It is not known how often this model is wrong: no data.json.gz lies beside it" in done.stdout
    assert "Look at the first" not in done.stdout


def test_it_is_measured_on_a_definition_and_said_where_the_model_has_learnt_that(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    new = made(yogo, learned, images_of(cells), yogo.home / "new", "--on", cells)
    learnt = made(yogo, learned, images_of(cells), yogo.home / "learnt", "--on", learned.parents[2] / "data/cells.yml")

    assert new.reckoned.startswith("Measured on the 48 images of cells.yml")
    assert "The run" not in new.reckoned
    assert "The run cells was trained on 48 of them, so the model is surer there" in learnt.reckoned


def test_folders_that_it_has_not_made_or_that_other_weights_made_are_refused(
    yogo: Yogo, learned: Path, cells: Path
) -> None:
    out, mine = yogo.home / "labelled", yogo.home / "mine"
    made(yogo, learned, images_of(cells), out)
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")

    other = labelled(yogo, learned, images_of(cells), out, "--obj-thresh", "0.4")
    foreign = labelled(yogo, learned, images_of(cells), mine)
    single = labelled(yogo, learned, images_of(cells) / "0000.png", yogo.home / "single")

    assert "holds labels by other weights, of other images or at another --obj-thresh" in other.stderr
    assert "is not empty, and yogo label did not make it" in foreign.stderr
    assert "is a file: name the folder of images" in single.stderr
    assert [one.returncode for one in (other, foreign, single)] == [1, 1, 1]
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_nothing_is_written_where_what_it_is_measured_on_is_not_there(yogo: Yogo, learned: Path, cells: Path) -> None:
    done = labelled(yogo, learned, images_of(cells), yogo.home / "labelled", "--on", yogo.home / "nowhere.yml")

    assert done.returncode == 1
    assert "nowhere.yml: This file does not exist" in done.stderr
    assert not (yogo.home / "labelled").exists()


def test_an_image_that_cannot_be_read_is_told_and_comes_first(yogo: Yogo, learned: Path, tmp_path: Path) -> None:
    definition = made_cells(tmp_path / "some", seed=4, pictures=3)
    broken = images_of(definition) / "0001.png"
    broken.write_bytes(b"no image")

    said = made(yogo, learned, images_of(definition), yogo.home / "labelled")

    with (yogo.home / "labelled/order.csv").open() as file:
        first = next(csv.DictReader(file))
    assert (first["image"], first["label_file"]) == (str(broken), "")
    assert (said.num_images, len(said.problems)) == (2, 1)
    assert not (yogo.home / "labelled/labels/0001.txt").exists()
