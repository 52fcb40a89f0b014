"""Frames made of thumbnails, in a whole run: trained on, recorded, the same after a resume, never tested on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.yogo.training.tiny import TINY, Steered, Yogo, add_thumbnails, same_weights, write_dataset
from yogo import signals
from yogo.definition import MissingPath
from yogo.definition.record import DataRecord
from yogo.run import events
from yogo.run.result import sha256


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums in another order differ in their last bit."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("how", [("--cache",), ("--no-cache", "--rgb-images")])
def test_half_as_many_frames_as_training_pictures_are_trained_on_besides(
    yogo: Yogo, tmp_path: Path, how: tuple[str, ...]
) -> None:
    definition = write_dataset(tmp_path / "data")
    folder = add_thumbnails(definition)
    done = yogo.train(definition, *TINY, *how, "--name", "more", "--epochs", "1", "-bs", "2", "--wandb", "disabled")
    assert done.returncode == 0, done.stderr
    assert "3 frames composed of 3 thumbnails (red 2, white 1) are added to the training set" in done.stdout
    (started,) = [event for event in yogo.events("more") if isinstance(event, events.Started)]
    assert (started.num_train, started.num_val) == (9, 3)
    record = DataRecord.read(yogo.run("more").data)
    assert record.num_made == 3
    assert [(one.class_name, one.folder) for one in record.thumbnail_folders] == [
        ("red", str(folder / "red")),
        ("white", str(folder / "white")),
    ]
    kept = [(one.folder, one.name, one.stamp.sha256) for one in record.thumbnails]
    assert kept == [
        (0, "1.png", sha256(folder / "red/1.png")),
        (0, "2.png", sha256(folder / "red/2.png")),
        (1, "1.png", sha256(folder / "white/1.png")),
    ]


def test_a_resumed_run_trains_on_the_same_frames_though_thumbnails_were_added(tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    folder = add_thumbnails(definition)
    whole, stopped = Steered(tmp_path / "whole", definition), Steered(tmp_path / "stopped", definition)
    whole.go()
    with pytest.raises(signals.Stop):
        stopped.go(stop_after=("train", 0, 3))
    Image.open(folder / "red/1.png").save(folder / "red/0.png")
    stopped.go(resume=True)
    assert same_weights(whole.run.last, stopped.run.last)


def test_a_thumbnail_that_changed_or_went_meanwhile_is_named(tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    folder = add_thumbnails(definition)
    run = Steered(tmp_path / "run", definition)
    with pytest.raises(signals.Stop):
        run.go(stop_after=("train", 0, 1))
    Image.open(folder / "red/1.png").rotate(90).save(folder / "white/1.png")
    run.plan(resume=True)
    assert any("white/1.png: This file changed" in notice for notice in run.notices)
    (folder / "white/1.png").unlink()
    with pytest.raises(MissingPath, match=r"white/1\.png: This file was removed"):
        run.plan(resume=True)


def test_a_run_that_began_without_them_goes_on_without_them(tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    run = Steered(tmp_path / "run", definition)
    with pytest.raises(signals.Stop):
        run.go(stop_after=("train", 0, 1))
    add_thumbnails(definition)
    assert run.plan(resume=True).num_made == 0
