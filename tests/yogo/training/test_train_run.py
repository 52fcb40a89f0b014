"""What a run leaves behind, and when it is refused."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.yogo.training.tiny import TINY, Done, Steered, Yogo, write_dataset
from yogo import signals
from yogo.checkpoint import load_checkpoint
from yogo.definition import DatasetDefinition, split
from yogo.errors import RunError
from yogo.run import events
from yogo.run.manifest import Manifest
from yogo.run.result import verify
from yogo.training.loop.trainer import Trainer


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, definition: Path) -> tuple[Yogo, Done]:
    yogo = Yogo(tmp_path_factory.mktemp("finished"))
    arguments = ("--name", "calm-cat", "--epochs", "2", "-bs", "4", "--note", "a note", "--tags", "one", "two")
    return yogo, yogo.train(definition, *TINY, *arguments)


def test_pictures_that_no_cache_may_hold_are_trained_on_all_the_same_and_the_flag_is_named(
    yogo: Yogo, definition: Path
) -> None:
    done = yogo.train(definition, *TINY, "--name", "full", "--epochs", "1", "-bs", "4", "--cache-limit", "0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--cache-limit" in done.stdout
    assert not list((yogo.home / "cache").rglob("*.frames"))


def test_a_run_ends_with_a_receipt_that_verifies_and_a_test_loss(finished: tuple[Yogo, object]) -> None:
    receipt = verify(finished[0].run("calm-cat"))
    assert (receipt.epochs, receipt.best_epoch in (0, 1)) == (2, True)
    assert {path.name for path in finished[0].run("calm-cat").path.glob("*.pth")} == {"best.pth", "last.pth"}
    assert receipt.test_losses["loss"] is not None


def test_a_run_tells_what_happened_in_order(finished: tuple[Yogo, object]) -> None:
    kinds = [event.event for event in finished[0].events("calm-cat")]
    assert kinds[0] == "started"
    assert kinds[-2:] == ["tested", "finished"]
    assert kinds.count("validated") == 2
    assert kinds.count("step") >= 2
    steps = [event for event in finished[0].events("calm-cat") if isinstance(event, events.Step)]
    assert steps[-1].step == 4
    assert steps[0].losses.iou_loss is not None


def test_a_run_records_what_really_ran(finished: tuple[Yogo, object], definition: Path) -> None:
    manifest = Manifest.read(finished[0].run("calm-cat").manifest)
    assert manifest.definition == str(definition)
    assert (manifest.recipe.model, manifest.recipe.learning_rate, manifest.precision) == (
        "quarter_filters",
        1e-3,
        "fp32",
    )
    assert (manifest.num_train, manifest.num_val, manifest.num_test, manifest.steps_per_epoch) == (6, 3, 3, 2)
    assert (manifest.note, manifest.tags) == ("a note", ("one", "two"))
    data = json.loads(gzip.decompress(finished[0].run("calm-cat").data.read_bytes()))
    assert len(data["files"]) == 12


def test_the_log_has_plain_lines_with_the_pace_and_the_loss(
    finished: tuple[Yogo, Done],
) -> None:
    done = finished[1]
    assert (done.returncode, done.stderr) == (0, "")
    assert "epoch 2/2" in done.stdout
    assert "frames/s" in done.stdout
    assert "\x1b" not in done.stdout


def test_half_is_recorded_as_the_format_that_it_was(yogo: Yogo, definition: Path) -> None:
    flags = ("--model", "quarter_filters", "--image-hw", "64", "64", "--epochs", "1", "--name", "half", "--half")
    assert yogo.train(definition, *flags, "--device", "cpu").returncode == 0
    recipe = load_checkpoint(yogo.run("half").best).recipe
    assert recipe is not None
    assert (recipe["precision"], Manifest.read(yogo.run("half").manifest).recipe.precision) == ("bf16", "bf16")


def test_checkpoints_know_their_classes_and_how_to_go_on(finished: tuple[Yogo, object]) -> None:
    for path in (finished[0].run("calm-cat").best, finished[0].run("calm-cat").last):
        checkpoint = load_checkpoint(path)
        assert checkpoint.classes == ("red", "white")
        assert checkpoint.optimizer_state_dict


def test_the_name_of_a_run_that_was_begun_says_how_to_go_on(yogo: Yogo, definition: Path) -> None:
    yogo.run("begun").path.mkdir(parents=True)
    yogo.run("begun").events.touch()
    again = yogo.train(definition, *TINY, "--name", "begun")
    assert (again.returncode, f"resume it with --resume {yogo.run('begun').path}" in again.stderr) == (1, True)


def test_a_run_that_failed_before_its_first_step_begins_anew_under_its_name(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=4, fractions="{train: 1.0}")
    label = tmp_path / "data" / "labels" / "picture_00.txt"
    whole = label.read_bytes()
    label.write_text("no label\n")
    arguments = (definition, *TINY, "--name", "second", "--epochs", "1", "-bs", "4")
    yogo.run("second").path.mkdir(parents=True)  # as the console leaves it
    assert yogo.train(*arguments).returncode == 1
    assert isinstance(yogo.events("second")[-1], events.Failed)
    label.write_bytes(whole)
    assert yogo.train(*arguments).stderr == ""
    assert verify(yogo.run("second")).epochs == 1


def test_the_name_of_a_published_run_says_how_to_begin_with_its_weights(
    yogo: Yogo, finished: tuple[Yogo, Done], definition: Path
) -> None:
    published = yogo.run("published").path / "latest.pth"
    published.parent.mkdir(parents=True)
    shutil.copy(finished[0].run("calm-cat").best, published)
    again = yogo.train(definition, *TINY, "--name", "published")
    assert (again.returncode, "--resume" in again.stderr) == (1, False)
    assert f"start from its weights with --from-pretrained {published}, and choose another --name" in again.stderr


def test_a_name_that_is_taken_is_refused_in_a_sentence(finished: tuple[Yogo, object], definition: Path) -> None:
    yogo = finished[0]
    before = yogo.run("calm-cat").result.read_bytes()
    again = yogo.train(definition, *TINY, "--name", "calm-cat")
    assert again.returncode == 1
    assert "already holds a run: choose another --name" in again.stderr
    assert "Traceback" not in again.stderr
    assert yogo.run("calm-cat").result.read_bytes() == before


def test_a_finished_run_is_not_resumed(finished: tuple[Yogo, object]) -> None:
    again = finished[0].train("--resume", finished[0].run("calm-cat").path)
    assert again.returncode == 1
    assert "has finished" in again.stderr
    verify(finished[0].run("calm-cat"))


def test_without_a_validation_set_the_last_epoch_is_the_best(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=4, fractions="{train: 1.0}")
    done = yogo.train(definition, *TINY, "--name", "bare", "--epochs", "2", "-bs", "2")
    assert done.returncode == 0, done.stderr
    receipt = verify(yogo.run("bare"))
    assert (receipt.best_epoch, receipt.best_loss, receipt.test_losses) == (1, None, {})
    assert load_checkpoint(yogo.run("bare").best).epoch == 2


def test_a_loss_that_is_no_number_ends_the_run_and_says_at_which_step(yogo: Yogo, definition: Path) -> None:
    done = yogo.train(definition, *TINY, "--name", "wild", "--epochs", "2", "-bs", "2", "--iou-weight", "1e38")
    assert done.returncode == 1
    assert "at step 1" in done.stderr
    with pytest.raises(RunError, match="failed: the loss was inf at step 1"):
        verify(yogo.run("wild"))
    assert not yogo.run("wild").best.exists()
    assert isinstance(yogo.events("wild")[-1], events.Failed)


@pytest.mark.parametrize("runs", ["file", "n" * 300])
def test_a_folder_that_cannot_be_made_is_one_sentence(yogo: Yogo, definition: Path, tmp_path: Path, runs: str) -> None:
    (tmp_path / "file").touch()
    done = yogo.train(definition, *TINY, "--runs", tmp_path / runs, "--name", "nowhere")
    assert done.returncode == 1
    assert (done.stderr.count("\n"), "cannot be used" in done.stderr) == (1, True)


def test_a_definition_with_a_missing_folder_fails_in_a_sentence_and_leaves_no_folder(
    yogo: Yogo, tmp_path: Path
) -> None:
    definition = write_dataset(tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "images")
    done = yogo.train(definition, *TINY, "--name", "lost")
    assert done.returncode == 1
    assert "images" in done.stderr
    assert "Traceback" not in done.stderr
    assert not yogo.run("lost").path.exists()


def test_a_launched_run_that_cannot_begin_leaves_its_failure_in_its_folder(yogo: Yogo, tmp_path: Path) -> None:
    yogo.run("launched").path.mkdir(parents=True)
    done = yogo.train(tmp_path / "nowhere.yml", *TINY, "--name", "launched")
    assert done.returncode == 1
    with pytest.raises(RunError, match=r"failed: .*nowhere\.yml"):
        verify(yogo.run("launched"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for one checkpoint, and not for two."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1000k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can only be made by root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_too_small_is_one_sentence_at_the_end_and_leaves_the_old_checkpoint_whole(
    yogo: Yogo, definition: Path, small_disk: Path
) -> None:
    arguments = (definition, *TINY, "--runs", small_disk, "--name", "full", "--epochs", "3", "-bs", "4")
    done = yogo.train(*arguments, YOGO_DISK_PATIENCE="1")
    assert done.returncode == 1
    assert f"in {small_disk}/full cannot be written: No space left on device" in done.stderr
    assert "make room, and resume with --resume" in done.stderr
    assert done.stderr.count("\n") == 1
    assert load_checkpoint(small_disk / "full" / "best.pth").optimizer_state_dict
    assert not [name for name in os.listdir(small_disk / "full") if name.endswith(".part")]


def test_the_picture_of_a_rare_class_is_trained_on_more_often_if_that_is_asked_for(tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=20, fractions="{train: 0.8, val: 0.2}")
    for labels in (tmp_path / "data" / "labels").iterdir():
        labels.write_text("0 0.5 0.5 0.2 0.2\n")
    rare = split(DatasetDefinition.from_yaml(definition)).train[5]
    assert rare.label is not None
    rare.label.write_text("1 0.5 0.5 0.2 0.2\n")
    drawn = {}
    for weighted in (False, True):
        steered = Steered(tmp_path / str(weighted), definition, epochs=1, weighted_sampler=weighted)
        trainers: list[Trainer] = []
        steered.go(change=trainers.append)
        indices = [index for batch in trainers[0].sets.train for index in batch.indices.tolist()]
        assert len(indices) == 16
        drawn[weighted] = indices.count(5)
    assert drawn[False] == 1
    assert drawn[True] > 2, "the rarest of two classes, on one image of 16: four times as often as the others"


def seen_by_the_network(folder: Path, definition: Path, **options: Any) -> Tensor:
    """(B, 1, H, W): the first batch that it trains on."""
    seen: list[Tensor] = []

    def watch(trainer: Trainer) -> None:
        trainer.model.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach().clone()))

    with pytest.raises(signals.Stop):
        Steered(folder, definition, batch_size=6, **options).go(change=watch, stop_after=("train", 0, 1))
    return seen[0]


def test_pictures_are_changed_on_their_way_to_the_network_as_the_recipe_says(definition: Path, tmp_path: Path) -> None:
    def seen(name: str, **options: object) -> Tensor:
        return seen_by_the_network(tmp_path / name, definition, **options)

    plain = seen("plain", flips=False)

    def changed(given: Tensor, ways: list[Tensor]) -> int:
        """How many images are other than plain; each must have come about in one of these ways."""
        for place, picture in enumerate(given):
            assert any(torch.equal(picture, way[place]) for way in ways)
        return sum(not torch.equal(picture, as_it_was) for picture, as_it_was in zip(given, plain, strict=True))

    assert changed(seen("flips"), [plain, plain.flip(-1), plain.flip(-2), plain.flip(-1, -2)]) > 0
    assert changed(seen("turns", flips=False, rotate=True), [plain.rot90(k, (-2, -1)) for k in range(4)]) > 0
    darker_or_lighter = seen("brightness", flips=False, brightness=0.3)
    assert (darker_or_lighter.mean((1, 2, 3)) - plain.mean((1, 2, 3))).abs().min() > 0.5
    stretched = seen("contrast", flips=False, contrast=0.3)
    assert (stretched.std((1, 2, 3)) - plain.std((1, 2, 3))).abs().min() > 0.05
    assert torch.equal(seen("none", flips=False, rotate=False, brightness=0.0, contrast=0.0), plain)
