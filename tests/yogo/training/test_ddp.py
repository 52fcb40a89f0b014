"""Several processes train what one process of the same global batch trains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.yogo.training.ranks import Way, name_of
from tests.yogo.training.tiny import TINY, Done, Yogo, add_thumbnails, write_dataset
from yogo.datasets.sampler import ShardedBatches
from yogo.definition import DatasetDefinition, split
from yogo.distributed.rank_info import RankInfo
from yogo.distributed.world import World
from yogo.model import YOGO, get_model_func
from yogo.run import events
from yogo.run.manifest import Manifest
from yogo.run.result import verify

RANKS = Path(__file__).with_name("ranks.py")


WAYS: dict[str, Way] = {"alone": (1, 1), "two": (2, 1), "three": (3, 1), "two, accumulating": (2, 3)}

Ended = dict[str, Any]


def train_all(folder: Path, ways: Iterable[Way], **recipe: object) -> list[list[Ended]]:
    """What each rank of each way ended with."""
    ways = list(ways)
    subprocess.run(
        [sys.executable, RANKS, folder, *(f"{count},{accumulate}" for count, accumulate in ways)],
        env={**os.environ, "RECIPE": json.dumps(recipe), "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"},
        check=True,
        timeout=240,
    )
    return [[torch.load(folder / name_of(rank, way), weights_only=True) for rank in range(way[0])] for way in ways]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ended]]:
    """What each rank ended with."""
    folder = tmp_path_factory.mktemp("worlds")
    # Ten to train on make a last batch of four, which three processes cannot share evenly; nor can they, or two,
    # the five to validate and to test on.
    write_dataset(folder / "data", num_pictures=20, fractions="{train: 0.5, val: 0.25, test: 0.25}")
    return dict(zip(WAYS, train_all(folder, WAYS.values()), strict=True))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "alone"])
def test_however_many_processes_and_batches_share_a_global_batch_the_weights_are_the_same(
    way: str, worlds: dict[str, list[Ended]]
) -> None:
    (alone,) = worlds["alone"]
    for rank in worlds[way]:
        assert rank["at"]["step"] == alone["at"]["step"] == 4
        for one, other in zip(alone["parameters"], rank["parameters"], strict=True):
            assert (one - other).abs().max() < 1e-10


def test_every_option_of_the_data_trains_the_same_on_two_processes_and_on_one(tmp_path: Path) -> None:
    add_thumbnails(write_dataset(tmp_path / "data", num_pictures=9, fractions="{train: 0.8, val: 0.2}"))
    options = {"rotate": True, "brightness": 0.3, "contrast": 0.3, "weighted_sampler": True}
    one, two = train_all(tmp_path, [(1, 1), (2, 1)], **options, class_weights="balanced")
    ((plain,),) = train_all(tmp_path, [(1, 1)], **options)
    for rank in two:
        for ours, theirs in zip(one[0]["parameters"], rank["parameters"], strict=True):
            assert (ours - theirs).abs().max() < 1e-10
    assert one[0]["validations"] != plain["validations"], "the class weights reach the training"


@pytest.mark.parametrize("way", [way for way in WAYS if way != "alone"])
def test_each_picture_counts_once_in_losses_and_metrics_however_many_processes_there_are(
    way: str, worlds: dict[str, list[Ended]]
) -> None:
    (alone,) = worlds["alone"]
    tested = alone["figures"][-1]
    assert tested["mAP"] > 0  # some boxes are right, and some are kept
    assert tested["precision"] is not None
    for rank in worlds[way]:
        for ours, theirs in zip(rank["validations"], alone["validations"], strict=True):
            assert ours == pytest.approx(theirs, rel=1e-12)
    assert worlds[way][0]["figures"] == alone["figures"]


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


def test_no_process_trains_on_a_picture_that_is_validated_on(yogo: Yogo, tmp_path: Path) -> None:
    """Each process of published yogo drew a split of its own."""
    definition = write_dataset(tmp_path / "data")
    for sample in split(DatasetDefinition.from_yaml(definition)).val:
        tear(sample.image)
    flags = ("--name", "apart", "--no-cache", "-bs", "1", "--epochs", "1", "--processes", "3")
    done = yogo.finish(definition, *TINY, *flags)
    assert (done.returncode, "cannot be read as an image" in done.stderr) == (1, True)
    steps = [event.step for event in yogo.events("apart") if isinstance(event, events.Step)]
    assert steps[-1] == 2, "all was trained on before a broken image was met"


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
    done = yogo.finish(
        definition, *TINY, "--processes", "3", RANK="0", WORLD_SIZE="2", MASTER_ADDR="::1", MASTER_PORT="9"
    )
    assert done.returncode == 1
    assert "--processes 3" in done.stderr


def tear(picture: Path) -> None:
    """Damage an image where only decoding it tells."""
    data = picture.read_bytes()
    picture.write_bytes(data[:100] + bytes(200) + data[300:])


def test_an_error_in_one_process_ends_all_with_one_sentence(yogo: Yogo, tmp_path: Path) -> None:
    definition = write_dataset(tmp_path / "data")
    for picture in (tmp_path / "data" / "images").iterdir():
        tear(picture)
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
    tear(others[next(iter(order))[0]].image)
    done = yogo.finish(definition, *TINY, *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "process 1: " in done.stderr
    assert "picture_" in done.stderr
    failed = yogo.events("partly")[-1]
    assert isinstance(failed, events.Failed)
    assert "picture_" in failed.reason


def test_batch_norm_over_all_processes_is_refused_without_gpus(yogo: Yogo, definition: Path) -> None:
    flags = ("--sync-batch-norm", "--device", "cpu", "--name", "synced", "--epochs", "1", "-bs", "2")
    done = yogo.finish(definition, *TINY, *flags, "--processes", "2")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "--sync-batch-norm needs GPUs" in done.stderr
    alone = yogo.train(definition, *TINY, *flags, "--name", "alone")
    assert alone.returncode == 0
    assert "--sync-batch-norm has no effect: there is only one process" in alone.stdout


def test_batch_norm_over_all_gpus_keeps_the_names_of_the_weights() -> None:
    model = YOGO((64, 64), 0.05, 0.05, 2, model_func=get_model_func("quarter_filters"))
    names = list(model.state_dict())
    pair = World(RankInfo(0, 2, 0, 2), torch.device("cuda"), object())
    norms = [
        module
        for module in pair.convert_sync_batch_norm(model).modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
    ]
    assert norms
    assert all(isinstance(module, nn.SyncBatchNorm) for module in norms)
    assert list(model.state_dict()) == names
