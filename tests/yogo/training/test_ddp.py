"""Several processes train what one process of the same global batch trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny import TINY, Done, Yogo, add_thumbnails, write_dataset

from yogo.data.sampler import ShardedBatches
from yogo.definition import DatasetDefinition, split
from yogo.run import events
from yogo.run.manifest import Manifest
from yogo.run.result import verify

RANKS = Path(__file__).with_name("ranks.py")


def train_on(count: int, definition: Path, folder: Path, **recipe: object) -> list[dict[str, Any]]:
    """What each rank ended with."""
    outs = [folder / f"{count}-{rank}.pt" for rank in range(count)]
    meeting = f"file://{folder / f'meeting-{count}'}"
    processes = [
        subprocess.Popen(
            [sys.executable, RANKS, str(rank), str(count), meeting, definition, out],
            env={
                **os.environ,
                "RECIPE": json.dumps(recipe),
                "PYTHONHASHSEED": str(rank + 1),
                "GLOO_SOCKET_IFNAME": "lo",
                "OMP_NUM_THREADS": "1",
            },
        )
        for rank, out in enumerate(outs)
    ]
    assert [process.wait(timeout=200) for process in processes] == [0] * count
    return [torch.load(out, weights_only=True) for out in outs]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("worlds")
    # Seven to train on make a last batch of three, two for one process and one for the other.
    definition = write_dataset(folder / "data", num_pictures=12, fractions="{train: 0.6, val: 0.4}")
    return train_on(1, definition, folder), train_on(2, definition, folder)


def test_two_processes_of_n_train_the_weights_of_one_of_two_n(
    worlds: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    (alone,), together = worlds
    for rank in together:
        for one, other in zip(alone["parameters"], rank["parameters"], strict=True):
            assert (one - other).abs().max() < 1e-10


def test_every_option_of_the_data_trains_the_same_on_two_processes_and_on_one(tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", num_pictures=9, fractions="{train: 0.8, val: 0.2}")
    add_thumbnails(definition)
    options = {"rotate": True, "brightness": 0.3, "contrast": 0.3, "class_weights": "balanced"}
    options["weighted_sampler"] = True
    (alone,) = train_on(1, definition, tmp_path, **options)
    (plain,) = train_on(1, definition, tmp_path, **options | {"class_weights": "none"})
    for rank in train_on(2, definition, tmp_path, **options):
        for one, other in zip(alone["parameters"], rank["parameters"], strict=True):
            assert (one - other).abs().max() < 1e-10
    assert alone["validations"] != plain["validations"], "the class weights reach the training"


def test_each_validation_picture_counts_once_however_many_processes_there_are(
    worlds: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    (alone,), together = worlds
    assert len(alone["validations"]) == 2
    for rank in together:
        assert rank["validations"] == pytest.approx(alone["validations"], rel=1e-12)


def test_the_splits_are_equal_in_every_process_whatever_its_hash_seed(
    worlds: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    (alone,), together = worlds
    assert all(rank["keys"] == alone["keys"] for rank in together)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, definition: Path) -> tuple[Yogo, Done]:
    yogo = Yogo(tmp_path_factory.mktemp("pair"))
    return yogo, yogo.finish(definition, *TINY, "--name", "pair", "--epochs", "2", "-bs", "2", "--processes", "2")


def test_processes_asked_for_are_started_and_finish_together(
    pair: tuple[Yogo, Done],
) -> None:
    yogo, done = pair
    assert (done.returncode, done.stderr) == (0, "")
    verify(yogo.run("pair"))
    manifest = Manifest.read(yogo.run("pair").manifest)
    assert (manifest.world_size, manifest.global_batch_size) == (2, 4)


def test_only_one_process_writes_and_speaks(pair: tuple[Yogo, Done]) -> None:
    yogo, done = pair
    assert done.stdout.count("finished after") == 1
    assert [event.event for event in yogo.events("pair")].count("finished") == 1
    assert len([event for event in yogo.events("pair") if isinstance(event, events.Validated)]) == 2


def test_a_run_under_torchrun_is_one_run(yogo: Yogo, definition: Path) -> None:
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"]
    command += [
        "--rdzv-backend",
        "c10d",
        "--rdzv-endpoint",
        "127.0.0.1:0",
        "-m",
        "yogo",
        "train",
        str(definition),
        *TINY,
    ]
    command += ["--runs", str(yogo.runs), "--name", "torchrun", "--epochs", "1", "-bs", "2"]
    environment = {**yogo.environment, "GLOO_SOCKET_IFNAME": "lo"}
    environment.pop("PYTHONWARNINGS")
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    verify(yogo.run("torchrun"))
    assert Manifest.read(yogo.run("torchrun").manifest).world_size == 2


def test_other_processes_than_were_started_are_refused(yogo: Yogo, definition: Path) -> None:
    done = yogo.finish(definition, *TINY, "--processes", "3", RANK="0", WORLD_SIZE="2")
    assert done.returncode == 1
    assert "--processes 3" in done.stderr


def test_an_error_in_one_process_ends_all_with_one_sentence(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    for picture in (tmp_path / "data" / "images").iterdir():
        picture.write_bytes(b"no picture")
    done = yogo.finish(definition, *TINY, "--name", "broken", "--no-cache", "-bs", "1", "--processes", "2")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "picture_" in done.stderr
    assert isinstance(yogo.events("broken")[-1], events.Failed)


def test_an_error_that_only_another_process_meets_is_said_once(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data", fractions="{train: 1.0}")
    arguments = (
        "--name",
        "partly",
        "--no-cache",
        "-bs",
        "6",
        "--processes",
        "2",
        "--epochs",
        "1",
        "--num-workers",
        "0",
    )
    order = ShardedBatches(12, 6, rank=1, world_size=2, seed=0)
    others = split(DatasetDefinition.from_yaml(definition)).train
    others[next(iter(order))[0]].image.write_bytes(b"no picture")
    done = yogo.finish(definition, *TINY, *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "process 1: " in done.stderr
    assert "picture_" in done.stderr
    failed = yogo.events("partly")[-1]
    assert isinstance(failed, events.Failed)
    assert "picture_" in failed.reason
