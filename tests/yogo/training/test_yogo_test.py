"""`yogo test` gives a training's own figures from its file, and says which test images were trained on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.yogo.training.tiny import TINY, Done, Yogo, write_dataset
from yogo.definition import DatasetDefinition, split
from yogo.run import events
from yogo.run.metrics import Metrics
from yogo.run.result import Result

# Confident at once: so few steps leave a usual network below every threshold.
EAGER = (*TINY, "--lr", "1e-2", "--no-obj-weight", "0.02")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, definition: Path) -> tuple[Yogo, Done]:
    yogo = Yogo(tmp_path_factory.mktemp("finished"))
    done = yogo.train(definition, *EAGER, "--name", "calm-cat", "--epochs", "20", "-bs", "2")
    assert done.returncode == 0, done.stderr
    return yogo, done


def dumped(yogo: Yogo, checkpoint: Path, definition: Path, *arguments: object) -> tuple[Done, Metrics]:
    done = yogo.command("test", checkpoint, definition, "--dump-to-disk", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done, Metrics.read(checkpoint.with_name(f"{checkpoint.stem}-test-{definition.stem}.json"))


def test_a_run_ends_with_all_its_test_figures(finished: tuple[Yogo, Done]) -> None:
    run = finished[0].run("calm-cat")
    metrics = Metrics.read(run.metrics)
    assert {"mAP", "mAP50", "AP50/red", "precision/white", "roc_auc", "count_error/red"} <= metrics.figures.keys()
    assert (metrics.num_images, metrics.num_objects, metrics.names) == (3, 9, ("red", "white", "background"))
    assert metrics.num_boxes > 0
    assert (metrics.thresholds.objectness, metrics.thresholds.match_iou) == (0.5, 0.5)
    assert sum(map(sum, metrics.confusion)) >= metrics.num_objects
    assert Result.read(run.result).test_metrics == metrics.figures
    (tested,) = (event for event in finished[0].events("calm-cat") if isinstance(event, events.Tested))
    assert tested.metrics == metrics.figures


def test_each_epoch_tells_the_cheap_figures(finished: tuple[Yogo, Done]) -> None:
    validated = [event for event in finished[0].events("calm-cat") if isinstance(event, events.Validated)]
    assert len(validated) == 20
    assert all({"mAP50", "f1", "count_error", "recall/red"} <= event.metrics.keys() for event in validated)
    assert "epoch 20: validation loss" in finished[1].stdout
    assert "count error" in finished[1].stdout


def test_the_log_shows_a_table_the_confusion_matrix_and_errors_by_kind(finished: tuple[Yogo, Done]) -> None:
    lines = finished[1].stdout.splitlines()
    assert any(line.startswith("class") and "AP50" in line and "recall" in line for line in lines)
    assert any(line.startswith("is ↓ found →") and line.endswith("background") for line in lines)
    assert any(line.startswith("missed ") for line in lines)
    assert max(map(len, lines[-20:])) <= 110


@pytest.mark.parametrize("processes", ["1", "2", "3"])
def test_the_file_alone_gives_the_figures_of_its_training(
    finished: tuple[Yogo, Done], definition: Path, processes: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """On several processes published yogo tested each one's share only."""
    yogo = finished[0]
    theirs = Metrics.read(yogo.run("calm-cat").metrics)
    done, ours = dumped(yogo, yogo.run("calm-cat").best, definition, "--processes", processes)
    assert ours.figures == pytest.approx(theirs.figures, abs=1e-5)
    assert (ours.confusion, ours.num_images) == (theirs.confusion, theirs.num_images)
    assert ours.losses.loss == pytest.approx(theirs.losses.loss, rel=1e-5)
    said = done.stdout + capfd.readouterr().out
    assert said.count("is ↓ found →") == 1


def test_in_sixteen_bits_too_the_file_gives_the_very_figures_of_its_training(yogo: Yogo, definition: Path) -> None:
    """Where each sum is rounded coarsely, the same network laid out otherwise in memory found other boxes."""
    sixteen = (
        "--model",
        "base_model",
        "--image-hw",
        "120",
        "160",
        "--precision",
        "bf16",
        "--name",
        "half",
        "--epochs",
        "2",
    )
    done = yogo.train(definition, *EAGER, *sixteen, "-bs", "3")
    assert done.returncode == 0, done.stderr
    _, ours = dumped(yogo, yogo.run("half").best, definition)
    theirs = Metrics.read(yogo.run("half").metrics)
    assert (ours.losses, ours.figures) == (theirs.losses, theirs.figures)


def test_a_run_that_was_moved_with_its_data_is_tested_on_its_own_test_pictures(
    finished: tuple[Yogo, Done], definition: Path, tmp_path: Path
) -> None:
    run = finished[0].run("calm-cat")
    shutil.copytree(definition.parent, tmp_path / "data")
    shutil.copytree(run.path, tmp_path / "moved")
    # Other shares would choose other images: the run's record says which they were.
    moved = tmp_path / "data" / definition.name
    moved.write_text(moved.read_text().replace("{train: 0.5, val: 0.25, test: 0.25}", "{train: 0.1, test: 0.9}"))
    done, metrics = dumped(finished[0], tmp_path / "moved" / "best.pth", moved)
    assert "the 3 test images of moved" in done.stdout
    assert metrics.figures == pytest.approx(Metrics.read(run.metrics).figures, abs=1e-5)


def test_a_file_alone_is_tested_on_what_the_definition_keeps_apart(
    finished: tuple[Yogo, Done], definition: Path, tmp_path: Path
) -> None:
    shutil.copy(finished[0].run("calm-cat").best, tmp_path / "alone.pth")
    done, metrics = dumped(finished[0], tmp_path / "alone.pth", definition)
    assert "the 3 test images of definition.yml" in done.stdout
    assert metrics.figures == pytest.approx(Metrics.read(finished[0].run("calm-cat").metrics).figures, abs=1e-5)


@pytest.mark.parametrize("switch", ["--include-background", "--no-include-background"])
def test_the_matrix_comes_with_its_background_or_without(
    finished: tuple[Yogo, Done], definition: Path, switch: str
) -> None:
    """Published yogo crashed on --include-background."""
    yogo = finished[0]
    _, metrics = dumped(yogo, yogo.run("calm-cat").best, definition, switch, "--no-include-mAP")
    assert ("background" in metrics.names) == (switch == "--include-background")
    assert len(metrics.confusion) == len(metrics.names)
    assert "mAP" not in metrics.figures
    theirs = Metrics.read(yogo.run("calm-cat").metrics).figures
    assert metrics.figures["precision"] == pytest.approx(theirs["precision"], abs=1e-5)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_as_json_it_prints_what_the_file_holds_and_all_else_on_standard_error(
    finished: tuple[Yogo, Done],
    definition: Path,
    tmp_path: Path,
    processes: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pth = Path(shutil.copy(finished[0].run("calm-cat").best, tmp_path / "alone.pth"))
    words = ("test", pth, definition, "--json", "--dump-to-disk", "--processes", processes)
    done = finished[0].command(*words)
    assert done.returncode == 0, done.stderr
    by_others = capfd.readouterr()
    found, told = json.loads(done.stdout + by_others.out), done.stderr + by_others.err
    assert found == json.loads((tmp_path / "alone-test-definition.json").read_text())
    assert all(found[part] for part in ("counts", "errors", "resampling"))
    assert found["figures"]["mAP50"] is not None
    assert "the 3 test images of definition.yml" in told
    assert "is ↓ found →" not in told


def test_other_classes_are_refused_with_both_lists(finished: tuple[Yogo, Done], tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    definition.write_text(definition.read_text().replace("[red, white]", "[red, green]"))
    done = finished[0].command("test", finished[0].run("calm-cat").best, definition)
    assert done.returncode == 1
    assert "red, white" in done.stderr
    assert "red, green" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_checkpoint_is_one_sentence(finished: tuple[Yogo, Done], definition: Path, tmp_path: Path) -> None:
    (tmp_path / "no.pth").write_bytes(b"nothing")
    done = finished[0].command("test", tmp_path / "no.pth", definition)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_figures_go_to_wandb_without_a_network(finished: tuple[Yogo, Done], definition: Path, tmp_path: Path) -> None:
    shutil.copy(finished[0].run("calm-cat").best, tmp_path / "best.pth")
    done = finished[0].command("test", tmp_path / "best.pth", definition, "--wandb", WANDB_MODE="offline")
    assert (done.returncode, "W&B failed" in done.stdout) == (0, False)
    assert list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    tables = [json.loads(path.read_text()) for path in tmp_path.rglob("*.table.json")]
    assert ["Actual", "Predicted", "nPredictions"] in [table["columns"] for table in tables]


def test_training_says_how_many_test_pictures_are_training_pictures_by_another_name(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    pictures = sorted((tmp_path / "data" / "images").iterdir())
    for folder, ending in (("images", ".png"), ("labels", ".txt")):
        (tmp_path / "held" / folder).mkdir(parents=True)
        for number, picture in enumerate(pictures[:3]):
            source = tmp_path / "data" / folder / f"{picture.stem}{ending}"
            shutil.copy(source, tmp_path / "held" / folder / f"copy_{number}{ending}")
    definition.write_text(
        "class_names: [red, white]\n"
        "dataset_paths:\n  one: {image_path: images, label_path: labels}\n"
        "test_paths:\n  held: {image_path: ../held/images, label_path: ../held/labels}\n"
    )
    done = yogo.train(definition, *TINY, "--name", "leaky", "--epochs", "1", "-bs", "4")
    assert done.returncode == 0, done.stderr
    assert "3 of 3 test images were training images of leaky" in done.stdout
    assert Metrics.read(yogo.run("leaky").metrics).trained_on == {"leaky": 3}
    again, metrics = dumped(yogo, yogo.run("leaky").best, definition)
    assert "3 of 3 test images were training images of leaky" in again.stdout
    assert metrics.trained_on == {"leaky": 3}


def test_a_fine_tune_says_which_of_its_test_pictures_its_parent_was_trained_on(yogo: Yogo, tmp_path: Path) -> None:
    everything = write_dataset(tmp_path / "parent", num_pictures=8, fractions="{train: 1.0}")
    assert yogo.train(everything, *TINY, "--name", "parent", "--epochs", "1", "-bs", "4").returncode == 0
    shared = write_dataset(tmp_path / "child", num_pictures=8, fractions="{train: 0.5, test: 0.5}")
    tuned = yogo.train(shared, "--from-pretrained", yogo.run("parent").best, "--name", "child", "--epochs", "1")
    assert tuned.returncode == 0, tuned.stderr
    assert "4 of 4 test images were training images of parent" in tuned.stdout
    assert "images of child" not in tuned.stdout
    done, metrics = dumped(yogo, yogo.run("child").best, shared)
    assert metrics.trained_on == {"parent": 4}
    assert "images of parent" in done.stdout


def test_an_honest_split_is_not_suspected(finished: tuple[Yogo, Done]) -> None:
    assert "training images of" not in finished[1].stdout
    assert Metrics.read(finished[0].run("calm-cat").metrics).trained_on == {}


def test_keys_that_nobody_knows_are_said_and_nothing_more(yogo: Yogo, tmp_path: Path) -> None:
    """A typing error in the shares leaves all images to training: nobody should learn of that from the figures."""
    definition = write_dataset(tmp_path / "data", num_pictures=4)
    definition.write_text(definition.read_text().replace("dataset_split_fractions", "dataset_split_fractons"))
    warning = f"{definition}, line 4: The key 'dataset_split_fractons' is not known and is ignored"
    trained = yogo.train(definition, *TINY, "--name", "typo", "--epochs", "1", "-bs", "4")
    assert (trained.returncode, warning in trained.stdout) == (0, True)
    tested = yogo.command("test", yogo.run("typo").best, definition)
    assert (tested.returncode, warning in tested.stdout) == (0, True)


def test_boxes_too_small_to_be_cells_are_counted_and_said_of_whatever_set(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    for sample in split(DatasetDefinition.from_yaml(definition)).test:
        with open(str(sample.label_file), "a") as labels:
            labels.write("0 0.5 0.5 0.01 0.01\n")
    trained = yogo.train(definition, *TINY, "--name", "debris", "--epochs", "1", "-bs", "4")
    assert (trained.returncode, "too small to be cells are left out: 3" in trained.stdout) == (0, True)
    tested, metrics = dumped(yogo, yogo.run("debris").best, definition)
    assert "too small to be cells are left out: 3" in tested.stdout
    assert metrics.num_objects == 9


def test_labels_that_were_edited_since_are_named(finished: tuple[Yogo, Done], tmp_path: Path) -> None:
    yogo, definition = finished[0], write_dataset(tmp_path / "data")
    assert yogo.train(definition, *TINY, "--name", "edited", "--epochs", "1", "-bs", "4").returncode == 0
    for labels in (tmp_path / "data" / "labels").iterdir():
        labels.write_text("0 0.5 0.5 0.2 0.2\n")
    done, metrics = dumped(yogo, yogo.run("edited").best, definition)
    assert done.stdout.count("This file changed since the run began") == 3
    assert metrics.num_objects == 3
    for picture in (tmp_path / "data" / "images").iterdir():
        picture.unlink()
    gone = yogo.command("test", yogo.run("edited").best, definition)
    assert (gone.returncode, "Traceback" in gone.stderr) == (1, False)
    assert "picture_" in gone.stderr


def test_a_definition_that_keeps_nothing_apart_is_tested_on_whole(finished: tuple[Yogo, Done], tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=5, fractions="{train: 1.0}")
    shutil.copy(finished[0].run("calm-cat").best, tmp_path / "best.pth")
    done, metrics = dumped(finished[0], tmp_path / "best.pth", definition)
    assert "tests on all 5" in done.stdout
    assert metrics.num_images == 5


def test_a_file_that_no_test_made_is_not_written_over(yogo: Yogo, definition: Path) -> None:
    assert yogo.train(definition, "--name", "one", *TINY, "--epochs", "1").returncode == 0
    best = yogo.run("one").best
    mine = best.with_name(f"best-test-{definition.stem}.json")
    mine.write_text('{"my": "notes"}')
    done = yogo.command("test", best, definition, "--dump-to-disk")
    assert done.returncode == 1
    assert f"{mine} exists, and no test wrote it" in done.stderr
    assert mine.read_text() == '{"my": "notes"}'


def test_a_recipe_that_cannot_be_read_is_told_and_the_default_one_is_used(
    finished: tuple[Yogo, Done], definition: Path, tmp_path: Path
) -> None:
    contents = torch.load(finished[0].run("calm-cat").best, weights_only=True)
    contents["recipe"] |= {"epochs": "many", "batch_size": 0}
    torch.save(contents, tmp_path / "odd.pth")
    done = finished[0].command("test", tmp_path / "odd.pth", definition)
    assert (done.returncode, done.stderr) == (0, "")
    assert "epochs must be a whole number, not 'many'; batch_size must be greater than 0, not 0" in done.stdout
    assert "tested with the default" in " ".join(done.stdout.split())
